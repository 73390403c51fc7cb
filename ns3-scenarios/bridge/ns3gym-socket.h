// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_NS3GYM_SOCKET_H
#define NS3MARL_BRIDGE_NS3GYM_SOCKET_H

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace ns3::marl
{

/// There is no client: none came, or it closed its socket or ended.
class ClientGone : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

/// The REQ socket to an ns3-gym client on this host: one frame out, one frame in.
class Ns3GymSocket
{
  public:
    /// \param port that the client has bound
    explicit Ns3GymSocket(uint16_t port);
    ~Ns3GymSocket();

    /// Sends a frame and waits for the reply, as long as the client's socket is open.
    /// \return the reply; the view lives until the next call
    /// \throws ClientGone when the client goes, or none was there within 30 s
    std::string_view Exchange(std::string_view frame);

  private:
    struct Sockets;
    std::unique_ptr<Sockets> m_sockets;
};

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_NS3GYM_SOCKET_H
