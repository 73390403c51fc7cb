// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_FAULTS_H
#define NS3MARL_SCENARIOS_AIOT_MEC_FAULTS_H

#include "ns3/nstime.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ns3::marl::aiot_mec
{

/// A time in which a server is down.
struct ServerFailure
{
    uint32_t server{0};
    Time from; ///< since tick 0
    Time to;
};

/// Reads "ID:FROM:TO,..." with times in seconds. \throws Error (CONFIG) that names what is wrong
std::vector<ServerFailure> ParseServerFailures(const std::string& text, uint32_t servers);

/// Reads "10,20,30" in GHz, one for each server. \return in Hz; nothing for "" \throws Error (CONFIG)
std::vector<double> ParseServerRates(const std::string& text, uint32_t servers);

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_FAULTS_H
