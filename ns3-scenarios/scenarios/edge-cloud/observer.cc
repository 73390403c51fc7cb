// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/edge-cloud/observer.h"

#include "ns3/simulator.h"

#include <cmath>
#include <functional>
#include <string>

namespace ns3::marl::edge_cloud
{

namespace
{

constexpr double UNFINISHED_HIGH = 8;
constexpr double BACKLOG_HIGH_S = 1;
constexpr double AGE_HIGH_S = 5;
constexpr double AGE_HIGH_TICKS = 20;
constexpr double TASKS_HIGH = 20;
constexpr double QUEUE_HIGH_BITS = 2e6;

/// \return the quantity of the task that arrived; 0 without one
template <typename Quantity>
std::function<double(const Device&)>
OfTask(const Quantity& quantity)
{
    return [quantity](const Device& device) { return device.arrival ? quantity(*device.arrival) : 0.0; };
}

} // namespace

Observer::Observer(const Settings& settings, const World& world)
    : m_settings(settings),
      m_world(world)
{
}

void
Observer::Describe(Spec& spec,
                   Group& devices,
                   const DeviceHeads& deviceHeads,
                   Group& gateways,
                   const GatewayHeads& gatewayHeads)
{
    m_deviceGroup = devices.handle;
    m_deviceHeads = deviceHeads;
    DescribeDevices(devices, spec.AddState("device_state", devices));
    DescribeGatewaysOfDevices(devices);
    auto& gatewayState = spec.AddState("gateway_state", gateways);
    gatewayState.AddChoicesOf(deviceHeads.gateway);
    DescribeGateways(gateways, gatewayState);
    auto& cloudState = spec.AddState("cloud_state", {"cloud"});
    cloudState.AddChoicesOf(gatewayHeads.placement, {GatewayHeads::CLOUD});
    DescribeCloud(cloudState);
}

/// Quantities of a device stand in its observation, in the global state, or in both.
void
Observer::DescribeDevices(Group& devices, StateBlock& state)
{
    using Value = decltype(m_devices)::Value;
    const auto observed = [&](const Feature& feature, const Value& value) {
        return m_devices.Add(devices, feature, value);
    };
    const auto inState = [&](const Feature& feature, const Value& value) { m_deviceState.Add(state, feature, value); };
    const auto both = [&](const Feature& feature, const Value& value) {
        inState(feature, value);
        return observed(feature, value);
    };

    for (uint32_t gateway = 0; gateway < m_settings.gateways; gateway++)
    {
        inState({.name = "gateway_" + std::to_string(gateway) + "_snr_db",
                 .unit = "dB",
                 .low = SNR_LOW_DB,
                 .high = SNR_HIGH_DB,
                 .saturating = true,
                 .description = "True, at 30 dBm"},
                [this, gateway](const Device& device) { return m_world.GetNetwork().GetSnrDb(device.index, gateway); });
    }
    inState({.name = "is_on", .unit = "1", .description = "1: the device is on"},
            [](const Device& device) { return device.isOn; });
    inState({.name = "is_offloading", .unit = "1", .description = "1: an offloaded task is under way"},
            [](const Device& device) { return !device.client->IsIdle(); });

    const double deadlineHighS = m_settings.tasks.deadlineMax.GetSeconds();
    both({.name = "has_task",
          .unit = "1",
          .description = "1: a task arrived at this tick; without one the task's features are 0"},
         OfTask([](const TaskParameters&) { return 1.0; }));
    both({.name = "task_size_bits",
          .unit = "bit",
          .high = 8.0 * m_settings.tasks.sizeMaxBytes,
          .description = "Input of the task"},
         OfTask([](const TaskParameters& task) { return task.GetSizeBits(); }));
    both({.name = "task_cycles",
          .unit = "cycles",
          .high = m_settings.GetMaximumCycles(),
          .saturating = true,
          .description = "Work of the task"},
         OfTask([](const TaskParameters& task) { return task.GetCycles(); }));
    m_ruleFeatures.deadlineS =
        both({.name = "task_deadline_s", .unit = "s", .high = deadlineHighS, .description = "Allowance from now on"},
             OfTask([](const TaskParameters& task) { return task.deadline.GetSeconds(); }));
    m_ruleFeatures.localTimeS = observed({.name = "local_time_s",
                                          .unit = "s",
                                          .high = BACKLOG_HIGH_S,
                                          .saturating = true,
                                          .description = "Until this CPU would be done with the task"},
                                         [](const Device& device) {
                                             return device.arrival
                                                        ? device.cpu->GetBacklog().GetSeconds() +
                                                              device.arrival->GetCycles() / device.cpu->GetRateHz()
                                                        : 0;
                                         });
    both({.name = "cpu_backlog_s",
          .unit = "s",
          .high = BACKLOG_HIGH_S,
          .saturating = true,
          .description = "Until the CPU would be free"},
         [](const Device& device) { return device.cpu->GetBacklog().GetSeconds(); });
    both({.name = "cpu_hz", .unit = "Hz", .high = m_settings.deviceRateMaxHz, .description = "Rate of the CPU"},
         [](const Device& device) { return device.cpu->GetRateHz(); });
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
    inState({.name = "tuned_channel",
             .unit = "1",
             .high = RadioNetwork::MAXIMUM_CHANNELS - 1.0,
             .description = "Channel that the radio hears"},
            [](const Device& device) { return device.client->GetTunedChannel(); });
    both({.name = "aoi_s",
          .unit = "s",
          .high = AGE_HIGH_S,
          .saturating = true,
          .description = "Age of information: since the freshest completed task arrived"},
         [](const Device& device) { return device.age.GetAge(Simulator::Now()).GetSeconds(); });
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
    const double areaM = m_settings.placement.areaM;
    both({.name = "position_x_m", .unit = "m", .high = areaM}, [](const Device& device) { return device.place.x; });
    both({.name = "position_y_m", .unit = "m", .high = areaM}, [](const Device& device) { return device.place.y; });
    observed({.name = "index_share", .unit = "1", .description = "(i + 1/2) / N: tells devices apart"},
             [this](const Device& device) { return (device.index + 0.5) / m_settings.devices; });
}

void
Observer::DescribeGatewaysOfDevices(Group& devices)
{
    m_gatewaysOfDevices.resize(m_settings.gateways);
    m_ruleFeatures.gatewaySnrDb.resize(m_settings.gateways);
    for (uint32_t gateway = 0; gateway < m_settings.gateways; gateway++)
    {
        using Entry = StatusBoard::ServerEntry;
        const auto describe = [&](Feature feature, const std::function<double(const Device&)>& value) {
            feature.describes = m_deviceHeads.gateway.Choice(gateway, feature.name);
            feature.name = "gateway_" + std::to_string(gateway) + "_" + feature.name;
            return m_gatewaysOfDevices[gateway].Add(devices, feature, value);
        };
        const auto add = [&](const Feature& feature, const std::function<double(const Entry&)>& value) {
            return describe(feature,
                            [gateway, value](const Device& device) { return value(device.board->GetServer(gateway)); });
        };
        m_ruleFeatures.gatewaySnrDb[gateway] =
            add({.name = "snr_db",
                 .unit = "dB",
                 .low = SNR_LOW_DB,
                 .high = SNR_HIGH_DB,
                 .saturating = true,
                 .description = "Of a 30 dBm transmission, as last heard; the lower bound: never heard"},
                [](const Entry& entry) { return entry.known ? entry.snrDb : SNR_LOW_DB; });
        add({.name = "cpu_hz", .unit = "Hz", .high = m_settings.edgeRateMaxHz, .description = "Rate of its computer"},
            [](const Entry& entry) { return entry.status.rateHz; });
        add({.name = "utilisation", .unit = "1", .description = "Share of an interval that it computed"},
            [](const Entry& entry) { return entry.status.utilisation; });
        add({.name = "wait_s",
             .unit = "s",
             .high = m_settings.tasks.deadlineMax.GetSeconds(),
             .saturating = true,
             .description = "Mean wait for its computer in an interval"},
            [](const Entry& entry) { return entry.status.meanWait.GetSeconds(); });
        add({.name = "received_tasks",
             .unit = "1",
             .high = TASKS_HIGH,
             .saturating = true,
             .description = "Tasks that its computer got in an interval"},
            [](const Entry& entry) { return entry.status.received; });
        const uint32_t channel = gateway % m_settings.radio.channels;
        add({.name = "busy_ratio", .unit = "1", .description = "Share of an interval that its channel was busy"},
            [channel](const Entry& entry) { return entry.known ? entry.status.busy.at(channel) : 0; });
        describe({.name = "is_tuned", .unit = "1", .description = "1: the radio hears its channel"},
                 [channel](const Device& device) { return device.client->GetTunedChannel() == channel; });
        add({.name = "age_ticks",
             .unit = "ticks",
             .high = AGE_HIGH_TICKS,
             .saturating = true,
             .description = "Age of this knowledge; the upper bound: never heard"},
            [this](const Entry& entry) { return entry.known ? GetAgeTicks(entry.heard) : AGE_HIGH_TICKS; });
    }
}

/// Likewise for a gateway. The status is the one that it broadcast last.
void
Observer::DescribeGateways(Group& gateways, StateBlock& state)
{
    using Value = decltype(m_gateways)::Value;
    const auto observed = [&](const Feature& feature, const Value& value) {
        return m_gateways.Add(gateways, feature, value);
    };
    const auto both = [&](const Feature& feature, const Value& value) {
        m_gatewayState.Add(state, feature, value);
        return observed(feature, value);
    };

    both({.name = "cpu_hz", .unit = "Hz", .high = m_settings.edgeRateMaxHz, .description = "Rate of the computer"},
         [](const Gateway& gateway) { return gateway.computer->GetRateHz(); });
    both({.name = "waiting_tasks",
          .unit = "1",
          .high = TASKS_HIGH,
          .saturating = true,
          .description = "In the queue of the computer"},
         [](const Gateway& gateway) { return gateway.computer->GetWaiting(); });
    m_ruleFeatures.backlogCycles =
        both({.name = "backlog_cycles",
              .unit = "cycles",
              .high = BACKLOG_HIGH_S * m_settings.edgeRateMaxHz,
              .saturating = true,
              .description = "Work of the running and the waiting tasks"},
             [](const Gateway& gateway) {
                 return gateway.computer->GetBacklog().GetSeconds() * gateway.computer->GetRateHz();
             });
    both({.name = "utilisation", .unit = "1", .description = "Share of the last interval that it computed"},
         [](const Gateway& gateway) { return gateway.radio->GetStatus().utilisation; });
    both({.name = "wait_s",
          .unit = "s",
          .high = m_settings.tasks.deadlineMax.GetSeconds(),
          .saturating = true,
          .description = "Mean wait for the computer in the last interval"},
         [](const Gateway& gateway) { return gateway.radio->GetStatus().meanWait.GetSeconds(); });
    both({.name = "arrived_tasks",
          .unit = "1",
          .high = TASKS_HIGH,
          .saturating = true,
          .description = "That came over the air in the last interval"},
         [](const Gateway& gateway) { return gateway.interval.arrived; });
    m_ruleFeatures.arrivedCycles = both({.name = "arrived_cycles",
                                         .unit = "cycles",
                                         .high = TASKS_HIGH * m_settings.GetMaximumCycles(),
                                         .saturating = true,
                                         .description = "Their work"},
                                        [](const Gateway& gateway) { return gateway.interval.arrivedCycles; });
    observed({.name = "arrived_bits",
              .unit = "bit",
              .high = TASKS_HIGH * 8 * m_settings.tasks.sizeMaxBytes,
              .saturating = true,
              .description = "Their input"},
             [](const Gateway& gateway) { return gateway.interval.arrivedBits; });
    both({.name = "forwarded_tasks",
          .unit = "1",
          .high = TASKS_HIGH,
          .saturating = true,
          .description = "Of these, sent to the cloud"},
         [](const Gateway& gateway) { return gateway.interval.forwarded; });
    observed({.name = "returned_results",
              .unit = "1",
              .high = TASKS_HIGH,
              .saturating = true,
              .description = "Results sent to devices in the last interval"},
             [](const Gateway& gateway) { return gateway.interval.returned; });
    m_ruleFeatures.backhaulQueueBits =
        both({.name = "backhaul_queue_bits",
              .unit = "bit",
              .high = QUEUE_HIGH_BITS,
              .saturating = true,
              .description = "Waiting for the link to the cloud, headers included"},
             [this](const Gateway& gateway) { return m_world.GetBackhaul().GetUp(gateway.index).GetQueuedBits(); });
    both({.name = "backhaul_utilisation",
          .unit = "1",
          .saturating = true,
          .description = "Share of the last interval that it sent to the cloud"},
         [this](const Gateway& gateway) { return (gateway.interval.backhaulBusy / m_settings.tick).GetDouble(); });
    both({.name = "energy_j",
          .unit = "J",
          .high = m_settings.edgeKappa * std::pow(m_settings.edgeRateMaxHz, 3) * m_settings.tick.GetSeconds() + 1e-9,
          .saturating = true,
          .description = "Of the computer in the last interval, beyond idling"},
         [](const Gateway& gateway) { return gateway.interval.energyJ; });
    observed({.name = "channel_busy_ratio",
              .unit = "1",
              .description = "Share of the last interval that its channel was busy"},
             [](const Gateway& gateway) { return gateway.radio->GetStatus().busy.at(gateway.channel); });
    observed({.name = "cloud_utilisation",
              .unit = "1",
              .description = "Share of an interval that the cloud computed, as reported"},
             [](const Gateway& gateway) { return gateway.cloud.status.utilisation; });
    m_ruleFeatures.cloudWaitS =
        observed({.name = "cloud_wait_s",
                  .unit = "s",
                  .high = m_settings.tasks.deadlineMax.GetSeconds(),
                  .saturating = true,
                  .description = "Mean wait for the cloud's computer, as reported"},
                 [](const Gateway& gateway) { return gateway.cloud.status.meanWait.GetSeconds(); });
    observed({.name = "cloud_age_ticks",
              .unit = "ticks",
              .high = AGE_HIGH_TICKS,
              .saturating = true,
              .description = "Since that report came; the upper bound: never"},
             [this](const Gateway& gateway) {
                 return gateway.cloud.isKnown ? ((Simulator::Now() - gateway.cloud.heard) / m_settings.tick).GetDouble()
                                              : AGE_HIGH_TICKS;
             });
    observed({.name = "index_share", .unit = "1", .description = "(j + 1/2) / M: tells gateways apart"},
             [this](const Gateway& gateway) { return (gateway.index + 0.5) / m_settings.gateways; });
}

void
Observer::DescribeCloud(StateBlock& state)
{
    m_cloudState.Add(state,
                     {.name = "waiting_tasks",
                      .unit = "1",
                      .high = TASKS_HIGH * m_settings.gateways,
                      .saturating = true,
                      .description = "In the queue of the computer"},
                     [this] { return m_world.GetCloud().GetWaiting(); });
    m_cloudState.Add(state,
                     {.name = "backlog_s",
                      .unit = "s",
                      .high = BACKLOG_HIGH_S,
                      .saturating = true,
                      .description = "Until the computer would be free"},
                     [this] { return m_world.GetCloud().GetBacklog().GetSeconds(); });
    m_cloudState.Add(state,
                     {.name = "backhaul_utilisation",
                      .unit = "1",
                      .saturating = true,
                      .description = "Share of the last interval that gateways sent to the cloud, mean over gateways"},
                     [this] {
                         Time busy;
                         for (const auto& gateway : m_world.GetGateways())
                         {
                             busy += gateway.interval.backhaulBusy;
                         }
                         return (busy / m_settings.tick).GetDouble() / m_settings.gateways;
                     });
}

double
Observer::GetAgeTicks(const Time& then) const
{
    return static_cast<double>(Div(Simulator::Now() - then, m_settings.tick)); // whole ticks
}

const RuleFeatures&
Observer::GetRuleFeatures() const
{
    return m_ruleFeatures;
}

void
Observer::Observe(Observation& observation) const
{
    for (const auto& device : m_world.GetDevices())
    {
        observation.SetPresent(m_deviceGroup, device.index, device.isOn);
        observation.SetActive(m_deviceGroup, device.index, device.arrival.has_value());
        m_devices.Fill(observation, device.index, device);
        m_deviceState.Fill(observation, device.index, device);
        for (const auto& gateway : m_world.GetGateways())
        {
            const bool isFree = device.client->IsIdle() || device.client->GetTunedChannel() == gateway.channel;
            observation.Allow(m_deviceHeads.gateway, device.index, gateway.index, isFree);
            m_gatewaysOfDevices[gateway.index].Fill(observation, device.index, device);
        }
    }
    for (const auto& gateway : m_world.GetGateways())
    {
        m_gateways.Fill(observation, gateway.index, gateway);
        m_gatewayState.Fill(observation, gateway.index, gateway);
    }
    m_cloudState.Fill(observation, 0);
}

} // namespace ns3::marl::edge_cloud
