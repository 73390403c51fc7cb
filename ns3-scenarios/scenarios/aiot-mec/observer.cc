// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/observer.h"

#include "bridge/names.h"
#include "models/power-level.h"

#include "ns3/mobility-model.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <string>

namespace ns3::marl::aiot_mec
{

namespace
{

constexpr double BACKLOG_HIGH_S = 1;
constexpr double QUEUE_HIGH_BITS = 5e6;
constexpr double UNFINISHED_HIGH = 20;
constexpr double WAITING_HIGH = 100;
constexpr double SNR_LOW_DB = -20; ///< also stands for a server that was never heard
constexpr double SNR_HIGH_DB = 80;
constexpr double AGE_HIGH_TICKS = 100; ///< also stands for what was never heard

/// \return the function of the task that arrived at this tick; 0 without one
template <typename Function>
auto
OfTask(const Function& function)
{
    return [function](const Device& device) -> double { return device.arrival ? function(*device.arrival) : 0; };
}

} // namespace

Observer::Observer(const Settings& settings, const World& world, const Accounts& accounts)
    : m_settings(settings),
      m_world(world),
      m_accounts(accounts)
{
}

void
Observer::Describe(Spec& spec, Group& devices, const Heads& heads)
{
    m_group = devices.handle;
    m_heads = heads;
    DescribeDevices(devices, spec.AddState("agent_state", devices));
    for (uint32_t slot = 0; slot < Settings::SERVER_SLOTS; slot++)
    {
        DescribeServerSlot(slot, devices);
    }
    for (uint32_t slot = 0; slot < Settings::CHANNEL_SLOTS; slot++)
    {
        DescribeChannelSlot(slot, devices);
    }
    DescribeServerState(spec);
    DescribeChannelState(spec);
}

/// Quantities of a device stand in its observation, in the global state, or in both.
void
Observer::DescribeDevices(Group& devices, StateBlock& agentState)
{
    using Value = decltype(m_devices)::Value;
    const auto observed = [&](const Feature& feature, const Value& value) { m_devices.Add(devices, feature, value); };
    const auto inState = [&](const Feature& feature, const Value& value) {
        m_agentState.Add(agentState, feature, value);
    };
    const auto both = [&](const Feature& feature, const Value& value) {
        observed(feature, value);
        inState(feature, value);
    };

    for (uint32_t slot = 0; slot < Settings::SERVER_SLOTS; slot++)
    {
        inState({.name = "server_" + std::to_string(slot) + "_snr_db",
                 .unit = "dB",
                 .low = SNR_LOW_DB,
                 .high = SNR_HIGH_DB,
                 .saturating = true,
                 .description = "True, at 30 dBm"},
                [this, slot](const Device& device) {
                    return slot < device.slotServers.size()
                               ? m_world.GetNetwork().GetSnrDb(device.index, device.slotServers[slot])
                               : SNR_LOW_DB;
                });
    }

    const auto& tasks = m_settings.tasks;
    const auto& priority = m_settings.priority;
    const double deadlineHighS = tasks.deadlineMax.GetSeconds();
    both({.name = "has_task",
          .unit = "1",
          .description = "1: a task arrived at this tick; without one the task's features are 0"},
         OfTask([](const TaskParameters&) { return 1; }));
    both(
        {.name = "task_size_bits", .unit = "bit", .high = 8.0 * tasks.sizeMaxBytes, .description = "Input of the task"},
        OfTask([](const TaskParameters& task) { return task.GetSizeBits(); }));
    observed({.name = "task_density_cycles_per_bit",
              .unit = "cycles/bit",
              .high = tasks.densityMax,
              .description = "Work for each bit of input"},
             OfTask([](const TaskParameters& task) { return task.densityCyclesPerBit; }));
    both({.name = "task_cycles",
          .unit = "cycles",
          .high = priority.maximumCycles,
          .saturating = true,
          .description = "Work of the task"},
         OfTask([](const TaskParameters& task) { return task.GetCycles(); }));
    both({.name = "task_deadline_s", .unit = "s", .high = deadlineHighS, .description = "Allowance from now on"},
         OfTask([](const TaskParameters& task) { return task.deadline.GetSeconds(); }));
    both({.name = "task_premium", .unit = "1", .description = "1: premium service level"},
         OfTask([](const TaskParameters& task) { return task.premium; }));
    observed({.name = "task_priority",
              .unit = "1",
              .high = priority.alpha + priority.beta + priority.gamma + 1e-3,
              .description = "Priority P as it arrives"},
             OfTask([&priority](const TaskParameters& task) {
                 return priority.Get(task.deadline, task.deadline, task.GetCycles(), task.premium);
             }));
    observed({.name = "local_time_s",
              .unit = "s",
              .high = BACKLOG_HIGH_S,
              .saturating = true,
              .description = "Until this CPU would be done with the whole task"},
             [](const Device& device) {
                 return device.arrival ? device.cpu->GetBacklog().GetSeconds() +
                                             device.arrival->GetCycles() / device.cpu->GetRateHz()
                                       : 0;
             });

    both({.name = "unfinished_tasks",
          .unit = "1",
          .high = UNFINISHED_HIGH,
          .saturating = true,
          .description = "Earlier tasks that are not done"},
         [this](const Device& device) {
             return m_world.GetLedger().GetUnresolvedOf(device.index) - (device.arrivalId ? 1 : 0);
         });
    both({.name = "uplink_queue_bits",
          .unit = "bit",
          .high = QUEUE_HIGH_BITS,
          .saturating = true,
          .description = "Waiting at the tuned radio, headers included"},
         [](const Device& device) { return device.client->GetQueuedBits(); });
    both({.name = "cpu_backlog_s",
          .unit = "s",
          .high = BACKLOG_HIGH_S,
          .saturating = true,
          .description = "Until the CPU would be free"},
         [](const Device& device) { return device.cpu->GetBacklog().GetSeconds(); });
    both({.name = "cpu_hz", .unit = "Hz", .high = m_settings.deviceRateMaxHz, .description = "Rate of the CPU"},
         [](const Device& device) { return device.cpu->GetRateHz(); });
    observed({.name = "status_age_ticks",
              .unit = "ticks",
              .high = AGE_HIGH_TICKS,
              .saturating = true,
              .description = "Since a broadcast was heard; the upper bound: never"},
             [this](const Device& device) {
                 const auto& entry = device.board->GetChannel(0); // every broadcast tells of all channels
                 return entry.known ? GetAgeTicks(entry.heard) : AGE_HIGH_TICKS;
             });
    inState({.name = "tuned_channel",
             .unit = "1",
             .high = Settings::CHANNEL_SLOTS - 1.0,
             .description = "Slot of the channel that the radio hears"},
            [](const Device& device) { return device.client->GetTunedChannel(); });
    inState({.name = "is_offloading", .unit = "1", .description = "1: an offloaded task is under way"},
            [](const Device& device) { return !device.client->IsIdle(); });
    observed({.name = "tx_power_dbm",
              .unit = "dBm",
              .low = MINIMUM_POWER_DBM,
              .high = MAXIMUM_POWER_DBM,
              .description = "Of the last offloaded task; 0 before"},
             [](const Device& device) { return device.lastPowerDbm; });

    both({.name = "aoi_ticks",
          .unit = "ticks",
          .high = AGE_HIGH_TICKS,
          .saturating = true,
          .description = "Since the freshest completed task arrived"},
         [this](const Device& device) { return (device.age.GetAge(Simulator::Now()) / m_settings.tick).GetDouble(); });
    observed({.name = "last_outcome",
              .unit = "1",
              .low = -1,
              .description = "The task that ended last: 1 completed, -1 failed, 0 none yet"},
             [](const Device& device) {
                 return device.lastOutcome == TaskOutcome::UNRESOLVED  ? 0
                        : device.lastOutcome == TaskOutcome::COMPLETED ? 1
                                                                       : -1;
             });
    observed({.name = "last_latency_s",
              .unit = "s",
              .high = deadlineHighS,
              .description = "Of the task that completed last; 0 before"},
             [](const Device& device) { return device.lastLatency.GetSeconds(); });
    const double areaM = m_settings.placement.areaM; // a way to the border may end a rounding error beyond it
    both({.name = "position_x_m", .unit = "m", .high = areaM}, [areaM](const Device& device) {
        return std::clamp(device.cpu->GetObject<MobilityModel>()->GetPosition().x, 0.0, areaM);
    });
    both({.name = "position_y_m", .unit = "m", .high = areaM}, [areaM](const Device& device) {
        return std::clamp(device.cpu->GetObject<MobilityModel>()->GetPosition().y, 0.0, areaM);
    });
    observed({.name = "index_share", .unit = "1", .description = "(i + 1/2) / N: tells devices apart"},
             [this](const Device& device) { return (device.index + 0.5) / m_settings.devices; });
    observed({.name = "sensed_busy_ratio",
              .unit = "1",
              .saturating = true,
              .description = "Time in which the tuned radio was busy, last interval"},
             [this](const Device& device) {
                 return (m_accounts.GetInterval(device.index).busy / m_settings.tick).GetDouble();
             });
    observed({.name = "active_energy_j",
              .unit = "J",
              .saturating = true,
              .description = "Transmit and compute energy beyond idling, last interval"},
             [this](const Device& device) { return m_accounts.GetInterval(device.index).aboveIdleJ; });

    for (uint32_t slot = 0; slot < Settings::SERVER_SLOTS && m_settings.servers > Settings::SERVER_SLOTS; slot++)
    {
        inState({.name = "slot_server_id_" + std::to_string(slot),
                 .unit = "1",
                 .high = m_settings.servers - 1.0,
                 .description = "Which server stands in the slot"},
                [slot](const Device& device) { return device.slotServers[slot]; });
    }
    if (m_settings.batteryJ > 0)
    {
        inState({.name = "battery_j",
                 .unit = "J",
                 .high = m_settings.batteryJ,
                 .saturating = true,
                 .description = "What is left of the battery"},
                [this](const Device& device) { return m_settings.batteryJ - device.GetTotalJ(Simulator::Now()); });
    }
}

void
Observer::DescribeServerSlot(uint32_t slot, Group& devices)
{
    using Entry = StatusBoard::ServerEntry;
    const auto add = [&](Feature feature, const auto& value) {
        feature.describes = m_heads.server.Choice(slot, feature.name);
        feature.name = "server_" + std::to_string(slot) + "_" + feature.name;
        return m_serverSlots[slot].Add(devices, feature, value);
    };
    m_heardSnrs[slot] = add({.name = "snr_db",
                             .unit = "dB",
                             .low = SNR_LOW_DB,
                             .high = SNR_HIGH_DB,
                             .saturating = true,
                             .description = "Of a 30 dBm transmission, as last heard; the lower bound: never heard"},
                            [](const Entry& entry) { return entry.known ? entry.snrDb : SNR_LOW_DB; });
    add({.name = "cpu_hz", .unit = "Hz", .high = m_settings.serverRateMaxHz, .description = "Rate of the server"},
        [](const Entry& entry) { return entry.status.rateHz; });
    add({.name = "utilisation", .unit = "1", .description = "Share of an interval that it computed"},
        [](const Entry& entry) { return entry.status.utilisation; });
    add({.name = "wait_s",
         .unit = "s",
         .high = m_settings.tasks.deadlineMax.GetSeconds(),
         .saturating = true,
         .description = "Mean wait in its queue"},
        [](const Entry& entry) { return entry.status.meanWait.GetSeconds(); });
    add({.name = "age_ticks",
         .unit = "ticks",
         .high = AGE_HIGH_TICKS,
         .saturating = true,
         .description = "Age of this knowledge; the upper bound: never heard"},
        [this](const Entry& entry) { return entry.known ? GetAgeTicks(entry.heard) : AGE_HIGH_TICKS; });
}

void
Observer::DescribeChannelSlot(uint32_t slot, Group& devices)
{
    const auto add = [&](Feature feature, const auto& value) {
        feature.describes = m_heads.channel.Choice(slot, feature.name);
        feature.name = "channel_" + std::to_string(slot) + "_" + feature.name;
        m_channelSlots[slot].Add(devices, feature, value);
    };
    add({.name = "busy_ratio", .unit = "1", .description = "Share of an interval, as servers sensed it"},
        [slot](const Device& device) { return device.board->GetChannel(slot).busy; });
    add({.name = "is_tuned", .unit = "1", .description = "1: the radio hears this channel"},
        [slot](const Device& device) { return device.client->GetTunedChannel() == slot; });
}

void
Observer::DescribeServerState(Spec& spec)
{
    auto& block = spec.AddState("server_state", GetNumberedNames("server-", m_settings.servers));
    if (m_settings.servers <= Settings::SERVER_SLOTS)
    {
        block.AddChoicesOf(m_heads.server); // server j stands in slot j of every device
    }
    const auto add = [&](const Feature& feature, const auto& value) { m_serverState.Add(block, feature, value); };
    add({.name = "cpu_hz", .unit = "Hz", .high = m_settings.serverRateMaxHz, .description = "Rate"},
        [](const Server& server) { return server.computer->GetRateHz(); });
    add({.name = "waiting_tasks", .unit = "1", .high = WAITING_HIGH, .saturating = true, .description = "In the queue"},
        [](const Server& server) { return server.computer->GetWaiting(); });
    add({.name = "backlog_s",
         .unit = "s",
         .high = BACKLOG_HIGH_S,
         .saturating = true,
         .description = "Until the CPU would be free"},
        [](const Server& server) { return server.computer->GetBacklog().GetSeconds(); });
    add({.name = "utilisation", .unit = "1", .description = "Share of the last interval that it computed"},
        [](const Server& server) { return server.gateway->GetStatus().utilisation; });
    add({.name = "wait_s",
         .unit = "s",
         .high = m_settings.tasks.deadlineMax.GetSeconds(),
         .saturating = true,
         .description = "Mean wait of the last interval"},
        [](const Server& server) { return server.gateway->GetStatus().meanWait.GetSeconds(); });
    add({.name = "received_tasks",
         .unit = "1",
         .high = WAITING_HIGH,
         .saturating = true,
         .description = "In the last interval"},
        [](const Server& server) { return server.gateway->GetStatus().received; });
    add({.name = "position_x_m", .unit = "m", .high = m_settings.placement.areaM},
        [](const Server& server) { return server.computer->GetObject<MobilityModel>()->GetPosition().x; });
    add({.name = "position_y_m", .unit = "m", .high = m_settings.placement.areaM},
        [](const Server& server) { return server.computer->GetObject<MobilityModel>()->GetPosition().y; });
}

void
Observer::DescribeChannelState(Spec& spec)
{
    auto& block = spec.AddState("channel_state", GetNumberedNames("channel-", m_settings.radio.channels));
    block.AddChoicesOf(m_heads.channel);
    const auto add = [&](const Feature& feature, const auto& value) { m_channelState.Add(block, feature, value); };
    add({.name = "busy_ratio", .unit = "1", .description = "Share of the last interval, mean over servers"},
        [this](uint32_t channel) {
            double sum = 0;
            for (const auto& server : m_world.GetServers())
            {
                sum += server.gateway->GetStatus().busy[channel];
            }
            return sum / m_settings.servers;
        });
    add({.name = "tuned_devices",
         .unit = "1",
         .high = static_cast<double>(m_settings.devices),
         .description = "Devices that hear it"},
        [this](uint32_t channel) {
            return std::ranges::count_if(m_world.GetDevices(), [channel](const Device& device) {
                return device.client->GetTunedChannel() == channel;
            });
        });
    add({.name = "queued_bits",
         .unit = "bit",
         .high = 10 * QUEUE_HIGH_BITS,
         .saturating = true,
         .description = "Waiting at those devices"},
        [this](uint32_t channel) {
            double sum = 0;
            for (const auto& device : m_world.GetDevices())
            {
                sum += device.client->GetTunedChannel() == channel ? device.client->GetQueuedBits() : 0;
            }
            return sum;
        });
}

double
Observer::GetAgeTicks(const Time& then) const
{
    const int64_t ticks = (Simulator::Now() - then).GetTimeStep() / m_settings.tick.GetTimeStep();
    return static_cast<double>(ticks);
}

const FeatureHandle&
Observer::GetHeardSnr(uint32_t slot) const
{
    return m_heardSnrs.at(slot);
}

void
Observer::Observe(Observation& observation) const
{
    for (const auto& device : m_world.GetDevices())
    {
        observation.SetActive(m_group, device.index, device.arrival.has_value());
        const auto allow = [&](OffloadingMode mode, bool isAllowed) {
            observation.Allow(m_heads.mode, device.index, static_cast<uint32_t>(mode), isAllowed);
        };
        allow(OffloadingMode::PARTIAL, m_settings.allowsPartial);
        allow(OffloadingMode::FULL, m_settings.allowsFull);
        m_devices.Fill(observation, device.index, device);
        m_agentState.Fill(observation, device.index, device);
        ObserveServerSlots(device, observation);
        ObserveChannelSlots(device, observation);
    }
    for (const auto& server : m_world.GetServers())
    {
        m_serverState.Fill(observation, server.index, server);
    }
    for (uint32_t channel = 0; channel < m_settings.radio.channels; channel++)
    {
        m_channelState.Fill(observation, channel, channel);
    }
}

void
Observer::ObserveServerSlots(const Device& device, Observation& observation) const
{
    for (uint32_t slot = 0; slot < Settings::SERVER_SLOTS; slot++)
    {
        const bool exists = slot < device.slotServers.size();
        observation.Allow(m_heads.server, device.index, slot, exists);
        if (exists)
        {
            m_serverSlots[slot].Fill(observation, device.index, device.board->GetServer(device.slotServers[slot]));
        }
    }
}

void
Observer::ObserveChannelSlots(const Device& device, Observation& observation) const
{
    for (uint32_t slot = 0; slot < Settings::CHANNEL_SLOTS; slot++)
    {
        const bool exists = slot < m_settings.radio.channels;
        const bool isFree = device.client->IsIdle() || device.client->GetTunedChannel() == slot;
        observation.Allow(m_heads.channel, device.index, slot, exists && isFree);
        if (exists)
        {
            m_channelSlots[slot].Fill(observation, device.index, device);
        }
    }
}

} // namespace ns3::marl::aiot_mec
