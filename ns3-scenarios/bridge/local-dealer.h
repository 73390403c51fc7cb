// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_LOCAL_DEALER_H
#define NS3MARL_BRIDGE_LOCAL_DEALER_H

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ns3::marl
{

/// A ZeroMQ DEALER over a Unix-domain socket that the calling thread itself reads and writes: ZMTP 3.0 with the NULL
/// mechanism (rfc.zeromq.org/spec/23). A simulator that waits for its learner has no use for an I/O thread, and each tick
/// is spared the two hops to it.
class LocalDealer
{
  public:
    /// \param path of the socket; a leading '@' stands for the abstract namespace, as in ZeroMQ
    /// \throws std::runtime_error when nobody listens there within ten seconds, or it is no ZeroMQ peer
    LocalDealer(const std::string& path, const std::string& identity);
    ~LocalDealer();
    LocalDealer(const LocalDealer&) = delete;
    LocalDealer& operator=(const LocalDealer&) = delete;

    /// Sends one frame that is given in at most three parts. \throws std::runtime_error when the connection is gone
    void Send(std::span<const std::string_view> parts);

    /// \return the next frame; the view lives until the next call \throws std::runtime_error when the connection is gone
    std::string_view Receive();

  private:
    struct Frame
    {
        bool command;
        std::string_view body;
    };

    void Connect(const std::string& path);
    void ShakeHands(const std::string& identity);
    void WriteFrame(std::size_t flags, std::span<const std::string_view> parts) const;
    Frame ReadFrame();
    std::string_view Read(std::size_t count); ///< exactly so many bytes

    int m_socket{-1};
    std::vector<char> m_buffer; ///< what has been read; from m_begin to m_end not yet taken
    std::size_t m_begin{0};
    std::size_t m_end{0};
};

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_LOCAL_DEALER_H
