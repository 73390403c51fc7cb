// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_EDGE_CLOUD_STREAMS_H
#define NS3MARL_SCENARIOS_EDGE_CLOUD_STREAMS_H

#include <cstdint>

namespace ns3::marl::edge_cloud
{

/// Random streams: a block for each device, then the network's.
constexpr int64_t DEVICE_STREAMS = 16;
constexpr int64_t SOURCE_STREAM = 0; ///< the first of six
constexpr int64_t RATE_STREAM = 8;
constexpr int64_t PLACEMENT_STREAM = 9; ///< the first of two
constexpr int64_t CHURN_STREAM = 11;
constexpr int64_t NETWORK_STREAM = 20'000'000;
constexpr int64_t BACKHAUL_STREAM = 30'000'000;

} // namespace ns3::marl::edge_cloud

#endif // NS3MARL_SCENARIOS_EDGE_CLOUD_STREAMS_H
