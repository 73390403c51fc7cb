// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_COGNITIVE_V2X_STREAMS_H
#define NS3MARL_COGNITIVE_V2X_STREAMS_H

#include <cstdint>

namespace ns3::marl::cognitive_v2x
{

/// Random streams: a block for each pair and each primary link, then the losses' and the radios'.
constexpr int64_t PAIR_STREAMS = 8;
constexpr int64_t ROUTE_STREAM = 0;
constexpr int64_t DRIVE_STREAM = 1; ///< speed and gap
constexpr int64_t DETECTOR_STREAM = 2;
constexpr int64_t JITTER_STREAM = 3;
constexpr int64_t PRIMARY_STREAM = 1'000'000;
constexpr int64_t PRIMARY_STREAMS = 8;
constexpr int64_t PLACE_STREAM = 0;
constexpr int64_t USER_STREAM = 1;
constexpr int64_t LOSS_STREAM = 2'000'000;
constexpr int64_t RADIO_STREAM = 3'000'000;

} // namespace ns3::marl::cognitive_v2x

#endif // NS3MARL_COGNITIVE_V2X_STREAMS_H
