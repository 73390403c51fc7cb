// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_LAYOUT_H
#define NS3MARL_SCENARIOS_AIOT_MEC_LAYOUT_H

#include "bridge/spec.h"

#include <cstdint>

#include "scenarios/aiot-mec/settings.h"

namespace ns3::marl::aiot_mec
{

/// Columns of an observation: the device's own, then the server slots, then the channel slots; 128 in all.
enum OwnFeature : uint32_t
{
    HAS_TASK,
    TASK_SIZE,
    TASK_DENSITY,
    TASK_CYCLES,
    TASK_DEADLINE,
    TASK_PREMIUM,
    TASK_PRIORITY,
    LOCAL_TIME,
    UNFINISHED_TASKS,
    UPLINK_QUEUE,
    CPU_BACKLOG,
    CPU_RATE,
    TUNED_CHANNEL,
    TX_POWER,
    AGE,
    LAST_OUTCOME,
    LAST_LATENCY,
    POSITION_X,
    POSITION_Y,
    INDEX,
    SENSED_BUSY,
    ACTIVE_ENERGY,
    OWN_FEATURES,
};

enum ServerSlotFeature : uint32_t
{
    SLOT_SNR,
    SLOT_RATE,
    SLOT_UTILISATION,
    SLOT_WAIT,
    SLOT_AGE,
    SERVER_SLOT_FEATURES,
};

enum ChannelSlotFeature : uint32_t
{
    SLOT_BUSY,
    SLOT_BUSY_AGE,
    CHANNEL_SLOT_FEATURES,
};

constexpr uint32_t FIRST_SERVER_SLOT = OWN_FEATURES;
constexpr uint32_t FIRST_CHANNEL_SLOT = FIRST_SERVER_SLOT + Settings::SERVER_SLOTS * SERVER_SLOT_FEATURES;
constexpr uint32_t FEATURES = FIRST_CHANNEL_SLOT + Settings::CHANNEL_SLOTS * CHANNEL_SLOT_FEATURES;
static_assert(OWN_FEATURES == 22 && FEATURES == 128);

constexpr uint32_t
GetServerColumn(uint32_t slot, ServerSlotFeature feature)
{
    return FIRST_SERVER_SLOT + slot * SERVER_SLOT_FEATURES + feature;
}

constexpr uint32_t
GetChannelColumn(uint32_t slot, ChannelSlotFeature feature)
{
    return FIRST_CHANNEL_SLOT + slot * CHANNEL_SLOT_FEATURES + feature;
}

/// Heads of an action.
enum DiscreteHeadIndex : uint32_t
{
    MODE_HEAD,
    SERVER_HEAD,
    CHANNEL_HEAD,
};

enum ContinuousHeadIndex : uint32_t
{
    POWER_HEAD,
    RATIO_HEAD,
};

/// Blocks of the global state and their columns.
enum StateBlockIndex : uint32_t
{
    AGENT_STATE,
    SERVER_STATE,
    CHANNEL_STATE,
};

/// Columns of agent_state after the SNR of each server slot; with more servers than slots the slots' servers follow,
/// and with limited batteries what is left of them.
enum AgentStateColumn : uint32_t
{
    STATE_HAS_TASK = Settings::SERVER_SLOTS,
    STATE_SIZE,
    STATE_CYCLES,
    STATE_DEADLINE,
    STATE_PREMIUM,
    STATE_UNFINISHED,
    STATE_UPLINK_QUEUE,
    STATE_CPU_BACKLOG,
    STATE_CPU_RATE,
    STATE_TUNED_CHANNEL,
    STATE_UNDER_WAY,
    STATE_AGE,
    STATE_X,
    STATE_Y,
    AGENT_STATE_COLUMNS,
};

enum ServerStateColumn : uint32_t
{
    SERVER_RATE,
    SERVER_WAITING,
    SERVER_BACKLOG,
    SERVER_UTILISATION,
    SERVER_WAIT,
    SERVER_RECEIVED,
    SERVER_X,
    SERVER_Y,
};

enum ChannelStateColumn : uint32_t
{
    CHANNEL_BUSY,
    CHANNEL_TUNED,
    CHANNEL_QUEUED,
};

/// Column of agent_state with what is left of the battery, where batteries are limited: the last one.
inline uint32_t
GetBatteryColumn(const Settings& settings)
{
    return AGENT_STATE_COLUMNS + (settings.servers > Settings::SERVER_SLOTS ? Settings::SERVER_SLOTS : 0);
}

/// Bounds that several features share.
constexpr double SNR_LOW_DB = -20; ///< also stands for a server that was never heard
constexpr double SNR_HIGH_DB = 80;
constexpr double AGE_HIGH_TICKS = 100; ///< also stands for what was never heard

/// The spec of the scenario under these settings.
Spec DescribeLayout(const Settings& settings);

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_LAYOUT_H
