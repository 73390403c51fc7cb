// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_EPISODE_FILE_H
#define NS3MARL_BRIDGE_EPISODE_FILE_H

#include <string>

namespace ns3::marl
{

/// \return the name with "-seedS-runR" of ns-3's seed and run before its extension, so that the processes of one experiment
/// do not write to one file
std::string GetEpisodeFileName(const std::string& name);

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_EPISODE_FILE_H
