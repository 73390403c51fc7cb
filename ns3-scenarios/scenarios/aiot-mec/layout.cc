// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/layout.h"

#include "models/power-level.h"

#include <string>
#include <utility>

#include "scenarios/aiot-mec/accounts.h"
#include "scenarios/aiot-mec/task-table.h"

namespace ns3::marl::aiot_mec
{

namespace
{

constexpr bool SATURATING = true;
constexpr bool STRICT = false;
constexpr double BACKLOG_HIGH_S = 1;
constexpr double QUEUE_HIGH_BITS = 5e6;
constexpr double UNFINISHED_HIGH = 20;
constexpr double WAITING_HIGH = 100;

/// Numbered names: "server-0", "server-1", ...
std::vector<std::string>
Number(const std::string& prefix, uint32_t count)
{
    std::vector<std::string> names;
    for (uint32_t i = 0; i < count; i++)
    {
        names.push_back(prefix + std::to_string(i));
    }
    return names;
}

std::vector<Feature>
DescribeOwnFeatures(const Settings& settings)
{
    const auto& tasks = settings.tasks;
    const auto& priority = settings.priority;
    const double sizeHigh = 8.0 * tasks.sizeMaxBytes;
    const double deadlineHigh = tasks.deadlineMax.GetSeconds();
    const double rateHigh = settings.deviceRateMaxHz;
    return {
        {"has_task", "1", 0, 1, STRICT, "1: a task arrived at this tick; without one the task's features are 0"},
        {"task_size_bits", "bit", 0, sizeHigh, STRICT, "Input of the task"},
        {"task_density_cycles_per_bit", "cycles/bit", 0, tasks.densityMax, STRICT, "Work for each bit of input"},
        {"task_cycles", "cycles", 0, priority.maximumCycles, SATURATING, "Work of the task"},
        {"task_deadline_s", "s", 0, deadlineHigh, STRICT, "Allowance from now on"},
        {"task_premium", "1", 0, 1, STRICT, "1: premium service level"},
        {"task_priority",
         "1",
         0,
         priority.alpha + priority.beta + priority.gamma + 1e-3,
         STRICT,
         "Priority P as it arrives"},
        {"local_time_s", "s", 0, BACKLOG_HIGH_S, SATURATING, "Until this CPU would be done with the whole task"},
        {"unfinished_tasks", "1", 0, UNFINISHED_HIGH, SATURATING, "Earlier tasks that are not done"},
        {"uplink_queue_bits", "bit", 0, QUEUE_HIGH_BITS, SATURATING, "Waiting at the tuned radio, headers included"},
        {"cpu_backlog_s", "s", 0, BACKLOG_HIGH_S, SATURATING, "Until the CPU would be free"},
        {"cpu_hz", "Hz", 0, rateHigh, STRICT, "Rate of the CPU"},
        {"tuned_channel", "1", 0, Settings::CHANNEL_SLOTS - 1.0, STRICT, "Slot of the channel that the radio hears"},
        {"tx_power_dbm", "dBm", MINIMUM_POWER_DBM, MAXIMUM_POWER_DBM, STRICT, "Of the last offloaded task; 0 before"},
        {"aoi_ticks", "ticks", 0, AGE_HIGH_TICKS, SATURATING, "Since the freshest completed task arrived"},
        {"last_outcome", "1", -1, 1, STRICT, "The task that ended last: 1 completed, -1 failed, 0 none yet"},
        {"last_latency_s", "s", 0, deadlineHigh, STRICT, "Of the task that completed last; 0 before"},
        {"position_x_m", "m", 0, settings.placement.areaM, STRICT, ""},
        {"position_y_m", "m", 0, settings.placement.areaM, STRICT, ""},
        {"index_share", "1", 0, 1, STRICT, "(i + 1/2) / N: tells devices apart"},
        {"sensed_busy_ratio", "1", 0, 1, SATURATING, "Time in which the tuned radio was busy, last interval"},
        {"active_energy_j", "J", 0, 1, SATURATING, "Transmit and compute energy beyond idling, last interval"},
    };
}

std::vector<Feature>
DescribeFeatures(const Settings& settings)
{
    auto features = DescribeOwnFeatures(settings);
    for (const auto& server : Number("server_", Settings::SERVER_SLOTS))
    {
        features.push_back({server + "_snr_db",
                            "dB",
                            SNR_LOW_DB,
                            SNR_HIGH_DB,
                            SATURATING,
                            "Of a 30 dBm transmission, as last heard; the lower bound: never heard"});
        features.push_back({server + "_cpu_hz", "Hz", 0, settings.serverRateMaxHz, STRICT, "Rate of the server"});
        features.push_back({server + "_utilisation", "1", 0, 1, STRICT, "Share of an interval that it computed"});
        features.push_back({server + "_wait_s",
                            "s",
                            0,
                            settings.tasks.deadlineMax.GetSeconds(),
                            SATURATING,
                            "Mean wait in its queue"});
        features.push_back({server + "_age_ticks",
                            "ticks",
                            0,
                            AGE_HIGH_TICKS,
                            SATURATING,
                            "Age of this knowledge; the upper bound: never heard"});
    }
    for (const auto& channel : Number("channel_", Settings::CHANNEL_SLOTS))
    {
        features.push_back({channel + "_busy_ratio", "1", 0, 1, STRICT, "Share of an interval, as servers sensed it"});
        features.push_back({channel + "_age_ticks",
                            "ticks",
                            0,
                            AGE_HIGH_TICKS,
                            SATURATING,
                            "Age of this knowledge; the upper bound: never heard"});
    }
    return features;
}

Group
DescribeDevices(const Settings& settings)
{
    const Condition offloads{
        MODE_HEAD, {static_cast<uint32_t>(OffloadingMode::PARTIAL), static_cast<uint32_t>(OffloadingMode::FULL)}};
    const Condition isPartial{MODE_HEAD, {static_cast<uint32_t>(OffloadingMode::PARTIAL)}};
    Group group;
    group.name = "devices";
    group.agents = Number("device_", settings.devices);
    group.features = DescribeFeatures(settings);
    group.discreteHeads = {
        {"mode", {"local", "partial", "full"}, 0, std::nullopt, "Where the task is computed"},
        {"server",
         Number("server-", Settings::SERVER_SLOTS),
         0,
         offloads,
         "Slot of the server that gets the offloaded part"},
        {"channel",
         Number("channel-", Settings::CHANNEL_SLOTS),
         0,
         offloads,
         "Channel of the offloaded part; only the tuned one is allowed while an earlier task is under way"},
    };
    group.continuousHeads = {
        {"power", "dBm", MINIMUM_POWER_DBM, MAXIMUM_POWER_DBM, MAXIMUM_POWER_DBM, offloads, "Transmit power"},
        {"ratio", "1", Settings::RATIO_LOW, Settings::RATIO_HIGH, 0.5, isPartial, "Offloaded share of the task"},
    };
    return group;
}

StateBlock
DescribeAgentState(const Settings& settings)
{
    StateBlock block{"agent_state", Number("device_", settings.devices), {}};
    auto& features = block.features;
    for (const auto& server : Number("server_", Settings::SERVER_SLOTS))
    {
        features.push_back({server + "_snr_db", "dB", SNR_LOW_DB, SNR_HIGH_DB, SATURATING, "True, at 30 dBm"});
    }
    const auto own = DescribeOwnFeatures(settings);
    for (const auto column : {HAS_TASK,
                              TASK_SIZE,
                              TASK_CYCLES,
                              TASK_DEADLINE,
                              TASK_PREMIUM,
                              UNFINISHED_TASKS,
                              UPLINK_QUEUE,
                              CPU_BACKLOG,
                              CPU_RATE,
                              TUNED_CHANNEL})
    {
        features.push_back(own[column]);
    }
    features.push_back({"is_offloading", "1", 0, 1, STRICT, "1: an offloaded task is under way"});
    for (const auto column : {AGE, POSITION_X, POSITION_Y})
    {
        features.push_back(own[column]);
    }
    if (settings.servers > Settings::SERVER_SLOTS)
    {
        for (const auto& slot : Number("slot_server_id_", Settings::SERVER_SLOTS))
        {
            features.push_back({slot, "1", 0, settings.servers - 1.0, STRICT, "Which server stands in the slot"});
        }
    }
    if (settings.batteryJ > 0)
    {
        features.push_back({"battery_j", "J", 0, settings.batteryJ, SATURATING, "What is left of the battery"});
    }
    return block;
}

StateBlock
DescribeServerState(const Settings& settings)
{
    const double side = settings.placement.areaM;
    const double waitHigh = settings.tasks.deadlineMax.GetSeconds();
    return {"server_state",
            Number("server-", settings.servers),
            {
                {"cpu_hz", "Hz", 0, settings.serverRateMaxHz, STRICT, "Rate"},
                {"waiting_tasks", "1", 0, WAITING_HIGH, SATURATING, "In the queue"},
                {"backlog_s", "s", 0, BACKLOG_HIGH_S, SATURATING, "Until the CPU would be free"},
                {"utilisation", "1", 0, 1, STRICT, "Share of the last interval that it computed"},
                {"wait_s", "s", 0, waitHigh, SATURATING, "Mean wait of the last interval"},
                {"received_tasks", "1", 0, WAITING_HIGH, SATURATING, "In the last interval"},
                {"position_x_m", "m", 0, side, STRICT, ""},
                {"position_y_m", "m", 0, side, STRICT, ""},
            }};
}

StateBlock
DescribeChannelState(const Settings& settings)
{
    return {"channel_state",
            Number("channel-", settings.radio.channels),
            {
                {"busy_ratio", "1", 0, 1, STRICT, "Share of the last interval, mean over servers"},
                {"tuned_devices", "1", 0, static_cast<double>(settings.devices), STRICT, "Devices that hear it"},
                {"queued_bits", "bit", 0, 10 * QUEUE_HIGH_BITS, SATURATING, "Waiting at those devices"},
            }};
}

} // namespace

Spec
DescribeLayout(const Settings& settings)
{
    Spec spec;
    spec.scenario = "aiot-mec";
    spec.tick = settings.tick;
    spec.ticks = settings.ticks;
    spec.groups = {DescribeDevices(settings)};
    spec.state = {DescribeAgentState(settings), DescribeServerState(settings), DescribeChannelState(settings)};
    spec.metrics = Accounts::DescribeMetrics();
    spec.tables = {DescribeTasks()};
    return spec;
}

} // namespace ns3::marl::aiot_mec
