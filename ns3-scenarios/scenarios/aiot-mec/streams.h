// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_STREAMS_H
#define NS3MARL_SCENARIOS_AIOT_MEC_STREAMS_H

#include <cstdint>

namespace ns3::marl::aiot_mec
{

/// Random streams: a block for each device, then the servers', the network's and so on.
constexpr int64_t DEVICE_STREAMS = 16;
constexpr int64_t SOURCE_STREAM = 0;
constexpr int64_t RATE_STREAM = 8;
constexpr int64_t PLACEMENT_STREAM = 9;
constexpr int64_t SERVER_STREAM = 10'000'000;
constexpr int64_t NETWORK_STREAM = 20'000'000; ///< the fading has the first of them
constexpr int64_t MOBILITY_STREAM = 30'000'000;
constexpr int64_t SHADOWING_STREAM = 40'000'000;
constexpr int64_t BACKGROUND_STREAM = 50'000'000;

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_STREAMS_H
