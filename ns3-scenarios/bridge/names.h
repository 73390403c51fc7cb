// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_NAMES_H
#define NS3MARL_BRIDGE_NAMES_H

#include <cstdint>
#include <string>
#include <vector>

namespace ns3::marl
{

/// \return numbered names of agents, choices or rows: "server-0", "server-1", ...
inline std::vector<std::string>
GetNumberedNames(const std::string& prefix, uint32_t count)
{
    std::vector<std::string> names;
    for (uint32_t i = 0; i < count; i++)
    {
        names.push_back(prefix + std::to_string(i));
    }
    return names;
}

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_NAMES_H
