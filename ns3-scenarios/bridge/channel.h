// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_CHANNEL_H
#define NS3MARL_BRIDGE_CHANNEL_H

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ns3::marl
{

/// The ZeroMQ connection to a learner: one frame out, one frame in. Waiting blocks without using the CPU. On this host
/// (ipc) the calling thread speaks ZMTP itself, elsewhere (tcp) the ZeroMQ library does.
class Channel
{
  public:
    /// \param endpoint of the learner, e.g. "ipc:///run/x/pool" or "tcp://127.0.0.1:5555"
    /// \param identity by which the learner tells this peer from others; empty: the learner makes one up
    /// \param keyFolder with the CURVE keys simulator.key_secret and learner.key, for tcp; empty: no encryption
    /// \throws Error (CONFIG) for an endpoint that ZeroMQ does not take, and keys that cannot be read
    Channel(const std::string& endpoint, const std::string& identity, const std::string& keyFolder);
    ~Channel(); ///< waits up to two seconds for what was sent to leave

    /// Sends one frame that is given in parts.
    void Send(std::span<const std::string_view> parts);
    void Send(std::string_view frame);

    /// \return the next frame; the view lives until the next call
    std::string_view Receive();

  private:
    struct Sockets;
    std::unique_ptr<Sockets> m_sockets;
};

/// Ends this process by SIGTERM when the one that launched it is gone, even in the middle of a long tick. That one holds the
/// other end of a pipe, whose end of file is the first sign. Its forked children hold that end too, so the end of the
/// launching process is the second sign, which is looked for once a second.
/// \param lifeFd read end of the pipe; the launching process is the owner of its description (F_SETOWN)
/// \param orphanedSocket a file that a killed learner leaves behind; it and its folder are removed then. Empty: none
void WatchLauncher(int lifeFd, const std::string& orphanedSocket);

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_CHANNEL_H
