// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/links.h"

#include <algorithm>

namespace ns3::marl
{

Links::Links(const std::vector<Ptr<MobilityModel>>& devices, const std::vector<Ptr<MobilityModel>>& servers)
    : m_devices(devices.size()),
      m_servers(servers.size())
{
    uint32_t index = 0;
    for (const auto* group : {&devices, &servers})
    {
        for (const auto& mobility : *group)
        {
            m_indices[PeekPointer(mobility)] = index++;
        }
    }
}

uint32_t
Links::GetDevices() const
{
    return m_devices;
}

uint32_t
Links::GetServers() const
{
    return m_servers;
}

std::optional<Links::Link>
Links::Find(const Ptr<MobilityModel>& a, const Ptr<MobilityModel>& b) const
{
    const auto first = m_indices.find(PeekPointer(a));
    const auto second = m_indices.find(PeekPointer(b));
    if (first == m_indices.end() || second == m_indices.end())
    {
        return std::nullopt;
    }
    const auto [device, server] = std::minmax(first->second, second->second);
    if (device >= m_devices || server < m_devices)
    {
        return std::nullopt;
    }
    return Link{device, server - m_devices};
}

} // namespace ns3::marl
