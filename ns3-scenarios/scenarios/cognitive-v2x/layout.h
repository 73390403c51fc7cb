// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_COGNITIVE_V2X_LAYOUT_H
#define NS3MARL_COGNITIVE_V2X_LAYOUT_H

#include "bridge/spec.h"

#include "scenarios/cognitive-v2x/settings.h"

namespace ns3::marl::cognitive_v2x
{

/// Columns of an agent's features that speak of itself; those of the channels follow.
enum OwnColumn : uint32_t
{
    INDEX,
    KNOWN_AGE,
    SENT,
    ACKNOWLEDGED,
    LAST_POWER,
    LINK_SNR,
    LINK_AGE,
    POSITION_X,
    POSITION_Y,
    VELOCITY_X,
    VELOCITY_Y,
    OWN_COLUMNS,
};

/// Columns of each channel.
enum ChannelColumn : uint32_t
{
    ENERGY,
    SEEMS_BUSY,
    EXCESS,
    IS_HOME,
    WAS_USED,
    BUSY_RATIO,
    OVERHEARD,
    LISTENING_AGE,
    CHANNEL_COLUMNS,
};

enum MetricColumn : uint32_t
{
    AOI_MEAN,
    AOI_P95,
    AOI_PEAK,
    DELIVERY_RATIO,
    DELIVERED_PER_TICK,
    DISTURBANCE_RATIO,
    DISTURBANCE_PER_UPDATE,
    TX_POWER,
    ENERGY_PER_UPDATE,
    SILENT_SHARE,
    PRIMARY_ON_SHARE,
    FALSE_ALARMS,
    MISSED_DETECTIONS,
    COMMON_METRICS,
};

enum PairStateColumn : uint32_t
{
    STATE_AGE,
    STATE_LINK_SNR,
    STATE_X,
    STATE_Y,
    STATE_CROSS, ///< first of C excesses, C SNRs of primary users and N SNRs at other pairs
};

enum ChannelStateColumn : uint32_t
{
    STATE_IS_ON,
    STATE_RECEIVER_X,
    STATE_RECEIVER_Y,
};

constexpr uint32_t PAIR_STATE = 0, CHANNEL_STATE = 1;
constexpr uint32_t CHANNEL_HEAD = 0, POWER_HEAD = 0;
constexpr uint32_t SILENT = 0; ///< choice of the channel head; channel c is choice c + 1
constexpr double LOWEST_POWER_DBM = 0;

/// \return column of a channel's feature
constexpr uint32_t
GetColumn(uint32_t channel, ChannelColumn column)
{
    return OWN_COLUMNS + channel * CHANNEL_COLUMNS + column;
}

/// The spec: one group, an agent for each pair.
Spec DescribeLayout(const Settings& settings);

} // namespace ns3::marl::cognitive_v2x

#endif // NS3MARL_COGNITIVE_V2X_LAYOUT_H
