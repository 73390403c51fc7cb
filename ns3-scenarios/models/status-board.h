// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_STATUS_BOARD_H
#define NS3MARL_MODELS_STATUS_BOARD_H

#include "models/status-header.h"

#include "ns3/nstime.h"

#include <cstdint>
#include <vector>

namespace ns3::marl
{

/// What a device knows of servers and channels from the broadcasts that it heard. What it missed keeps its old value and
/// its age.
class StatusBoard
{
  public:
    struct ServerEntry
    {
        bool known{false};
        double snrDb{0}; ///< of a full-power transmission
        ServerStatus status;
        Time heard;
    };

    struct ChannelEntry
    {
        bool known{false};
        double busy{0}; ///< mean over the servers heard in the same round
        Time heard;
        uint32_t reports{0}; ///< in that round
    };

    /// \param roundLength broadcasts within this time of the first one heard belong together
    StatusBoard(uint32_t servers, uint32_t channels, const Time& roundLength);

    void Enter(const ServerStatus& status, double snrDb, const Time& now);

    const ServerEntry& GetServer(uint32_t server) const;
    const ChannelEntry& GetChannel(uint32_t channel) const;

  private:
    Time m_roundLength;
    Time m_round; ///< when the first broadcast of the round was heard
    std::vector<ServerEntry> m_servers;
    std::vector<ChannelEntry> m_channels;
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_STATUS_BOARD_H
