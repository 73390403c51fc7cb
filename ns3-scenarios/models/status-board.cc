// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/status-board.h"

#include <algorithm>

namespace ns3::marl
{

StatusBoard::StatusBoard(uint32_t servers, uint32_t channels, const Time& roundLength)
    : m_roundLength(roundLength),
      m_round(Time(0) - roundLength),
      m_servers(servers),
      m_channels(channels)
{
}

void
StatusBoard::Enter(const ServerStatus& status, double snrDb, const Time& now)
{
    if (now >= m_round + m_roundLength)
    {
        m_round = now;
    }
    m_servers.at(status.server) = {true, snrDb, status, now};
    const auto channels = std::min(m_channels.size(), status.busy.size());
    for (std::size_t i = 0; i < channels; i++)
    {
        auto& channel = m_channels[i];
        if (!channel.known || channel.heard < m_round)
        {
            channel.busy = 0;
            channel.reports = 0;
        }
        channel.known = true;
        channel.heard = now;
        channel.reports++;
        channel.busy += (status.busy[i] - channel.busy) / channel.reports;
    }
}

const StatusBoard::ServerEntry&
StatusBoard::GetServer(uint32_t server) const
{
    return m_servers.at(server);
}

const StatusBoard::ChannelEntry&
StatusBoard::GetChannel(uint32_t channel) const
{
    return m_channels.at(channel);
}

} // namespace ns3::marl
