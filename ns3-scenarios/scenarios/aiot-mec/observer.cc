// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/observer.h"

#include "ns3/mobility-model.h"
#include "ns3/simulator.h"

#include <algorithm>

#include "scenarios/aiot-mec/layout.h"

namespace ns3::marl::aiot_mec
{

Observer::Observer(const Settings& settings, const World& world, const Accounts& accounts)
    : m_settings(settings),
      m_world(world),
      m_accounts(accounts),
      m_busyMarks(settings.devices)
{
}

void
Observer::Fill(Observation& observation)
{
    for (uint32_t device = 0; device < m_settings.devices; device++)
    {
        FillOwn(device, observation);
        FillServerSlots(device, observation);
        FillChannelSlots(device, observation);
        FillAgentState(device, observation);
    }
    FillServerState(observation);
    FillChannelState(observation);
}

float
Observer::GetAgeTicks(const Time& then) const
{
    const int64_t ticks = (Simulator::Now() - then).GetTimeStep() / m_settings.tick.GetTimeStep();
    return static_cast<float>(ticks);
}

void
Observer::FillOwn(uint32_t index, Observation& observation)
{
    const auto& device = m_world.GetDevices()[index];
    auto& group = observation.groups[0];
    const auto features = group.Features(index);
    const double backlogS = device.cpu->GetBacklog().GetSeconds();
    const auto set = [&](OwnFeature column, double value) { features[column] = static_cast<float>(value); };
    group.Decides(index) = device.arrival ? 1 : 0;
    if (device.arrival)
    {
        const auto& task = *device.arrival;
        set(HAS_TASK, 1);
        set(TASK_SIZE, task.GetSizeBits());
        set(TASK_DENSITY, task.densityCyclesPerBit);
        set(TASK_CYCLES, task.GetCycles());
        set(TASK_DEADLINE, task.deadline.GetSeconds());
        set(TASK_PREMIUM, task.premium ? 1 : 0);
        set(TASK_PRIORITY, m_settings.priority.Get(task.deadline, task.deadline, task.GetCycles(), task.premium));
        set(LOCAL_TIME, backlogS + task.GetCycles() / device.cpu->GetRateHz());
    }
    const auto position = m_world.GetNetwork().GetDevice(index)->GetObject<MobilityModel>()->GetPosition();
    const Time busy = device.energy->GetBusyTime();
    set(UNFINISHED_TASKS, m_world.GetLedger().GetUnresolvedOf(index) - (device.arrivalId ? 1 : 0));
    set(UPLINK_QUEUE, device.client->GetQueuedBits());
    set(CPU_BACKLOG, backlogS);
    set(CPU_RATE, device.cpu->GetRateHz());
    set(TUNED_CHANNEL, device.client->GetTunedChannel());
    set(TX_POWER, device.lastPowerDbm);
    set(AGE, (device.age.GetAge(Simulator::Now()) / m_settings.tick).GetDouble());
    set(LAST_OUTCOME,
        device.lastOutcome == TaskOutcome::UNRESOLVED  ? 0
        : device.lastOutcome == TaskOutcome::COMPLETED ? 1
                                                       : -1);
    set(LAST_LATENCY, device.lastLatency.GetSeconds());
    const double areaM = m_settings.placement.areaM;
    set(POSITION_X, std::clamp(position.x, 0.0, areaM)); // a way to the border may end a rounding error beyond it
    set(POSITION_Y, std::clamp(position.y, 0.0, areaM));
    set(INDEX, (index + 0.5) / m_settings.devices);
    set(SENSED_BUSY, ((busy - m_busyMarks[index]) / m_settings.tick).GetDouble());
    set(ACTIVE_ENERGY, m_accounts.GetAboveIdleJ()[index]);
    m_busyMarks[index] = busy;
}

void
Observer::FillServerSlots(uint32_t index, Observation& observation) const
{
    const auto& device = m_world.GetDevices()[index];
    auto& group = observation.groups[0];
    const auto features = group.Features(index);
    const auto mask = group.Mask(index, SERVER_HEAD);
    for (uint32_t slot = 0; slot < Settings::SERVER_SLOTS; slot++)
    {
        if (slot >= device.slotServers.size())
        {
            mask[slot] = 0;
            continue;
        }
        const auto& entry = device.board->GetServer(device.slotServers[slot]);
        const auto set = [&](ServerSlotFeature feature, double value) {
            features[GetServerColumn(slot, feature)] = static_cast<float>(value);
        };
        set(SLOT_SNR, entry.known ? entry.snrDb : SNR_LOW_DB);
        set(SLOT_RATE, entry.status.rateHz);
        set(SLOT_UTILISATION, entry.status.utilisation);
        set(SLOT_WAIT, entry.status.meanWait.GetSeconds());
        set(SLOT_AGE, entry.known ? GetAgeTicks(entry.heard) : AGE_HIGH_TICKS);
    }
}

void
Observer::FillChannelSlots(uint32_t index, Observation& observation) const
{
    const auto& device = m_world.GetDevices()[index];
    auto& group = observation.groups[0];
    const auto features = group.Features(index);
    const auto mask = group.Mask(index, CHANNEL_HEAD);
    for (uint32_t slot = 0; slot < Settings::CHANNEL_SLOTS; slot++)
    {
        const bool exists = slot < m_settings.radio.channels;
        mask[slot] = exists && (device.client->IsIdle() || device.client->GetTunedChannel() == slot) ? 1 : 0;
        if (exists)
        {
            const auto& entry = device.board->GetChannel(slot);
            features[GetChannelColumn(slot, SLOT_BUSY)] = static_cast<float>(entry.busy);
            features[GetChannelColumn(slot, SLOT_BUSY_AGE)] =
                entry.known ? GetAgeTicks(entry.heard) : static_cast<float>(AGE_HIGH_TICKS);
        }
    }
}

void
Observer::FillAgentState(uint32_t index, Observation& observation) const
{
    const auto& device = m_world.GetDevices()[index];
    const auto features = observation.groups[0].Features(index);
    const auto state = observation.State(AGENT_STATE, index);
    for (uint32_t slot = 0; slot < Settings::SERVER_SLOTS; slot++)
    {
        const bool exists = slot < device.slotServers.size();
        state[slot] = exists ? static_cast<float>(m_world.GetNetwork().GetSnrDb(index, device.slotServers[slot]))
                             : static_cast<float>(SNR_LOW_DB);
        if (m_settings.servers > Settings::SERVER_SLOTS)
        {
            state[AGENT_STATE_COLUMNS + slot] = static_cast<float>(device.slotServers[slot]);
        }
    }
    if (m_settings.batteryJ > 0)
    {
        const double spentJ = device.GetTotalJ(Simulator::Now());
        state[GetBatteryColumn(m_settings)] = static_cast<float>(m_settings.batteryJ - spentJ);
    }
    state[STATE_HAS_TASK] = features[HAS_TASK];
    state[STATE_SIZE] = features[TASK_SIZE];
    state[STATE_CYCLES] = features[TASK_CYCLES];
    state[STATE_DEADLINE] = features[TASK_DEADLINE];
    state[STATE_PREMIUM] = features[TASK_PREMIUM];
    state[STATE_UNFINISHED] = features[UNFINISHED_TASKS];
    state[STATE_UPLINK_QUEUE] = features[UPLINK_QUEUE];
    state[STATE_CPU_BACKLOG] = features[CPU_BACKLOG];
    state[STATE_CPU_RATE] = features[CPU_RATE];
    state[STATE_TUNED_CHANNEL] = features[TUNED_CHANNEL];
    state[STATE_UNDER_WAY] = device.client->IsIdle() ? 0 : 1;
    state[STATE_AGE] = features[AGE];
    state[STATE_X] = features[POSITION_X];
    state[STATE_Y] = features[POSITION_Y];
}

void
Observer::FillServerState(Observation& observation) const
{
    for (uint32_t index = 0; index < m_settings.servers; index++)
    {
        const auto& server = m_world.GetServers()[index];
        const auto& status = server.gateway->GetStatus();
        const auto position = m_world.GetNetwork().GetServer(index)->GetObject<MobilityModel>()->GetPosition();
        const auto state = observation.State(SERVER_STATE, index);
        state[SERVER_RATE] = static_cast<float>(server.computer->GetRateHz());
        state[SERVER_WAITING] = static_cast<float>(server.computer->GetWaiting());
        state[SERVER_BACKLOG] = static_cast<float>(server.computer->GetBacklog().GetSeconds());
        state[SERVER_UTILISATION] = static_cast<float>(status.utilisation);
        state[SERVER_WAIT] = static_cast<float>(status.meanWait.GetSeconds());
        state[SERVER_RECEIVED] = static_cast<float>(status.received);
        state[SERVER_X] = static_cast<float>(position.x);
        state[SERVER_Y] = static_cast<float>(position.y);
    }
}

void
Observer::FillChannelState(Observation& observation) const
{
    for (uint32_t channel = 0; channel < m_settings.radio.channels; channel++)
    {
        const auto state = observation.State(CHANNEL_STATE, channel);
        double busy = 0;
        for (const auto& server : m_world.GetServers())
        {
            busy += server.gateway->GetStatus().busy[channel];
        }
        state[CHANNEL_BUSY] = static_cast<float>(busy / m_settings.servers);
        for (const auto& device : m_world.GetDevices())
        {
            if (device.client->GetTunedChannel() == channel)
            {
                state[CHANNEL_TUNED] += 1;
                state[CHANNEL_QUEUED] += static_cast<float>(device.client->GetQueuedBits());
            }
        }
    }
}

} // namespace ns3::marl::aiot_mec
