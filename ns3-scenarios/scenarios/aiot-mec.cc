// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// Devices with tasks, edge servers and orthogonal 802.11ax channels: every tick each device with a new task chooses
// offloading mode, server, channel, transmit power and offloaded share. docs/aiot-mec.md describes it.

#include "bridge/scenario.h"
#include "models/power-level.h"

#include "ns3/mobility-model.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <cmath>

#include "scenarios/aiot-mec/accounts.h"
#include "scenarios/aiot-mec/layout.h"
#include "scenarios/aiot-mec/settings.h"
#include "scenarios/aiot-mec/world.h"

using namespace ns3;
using namespace ns3::marl;
using namespace ns3::marl::aiot_mec;

namespace
{

class AiotMec : public Scenario
{
  public:
    AiotMec()
    {
        RadioNetwork::SetAttributeDefaults(); // before the command line, which may override them
    }

    void AddArguments(Arguments& arguments) override
    {
        m_settings.AddArguments(arguments);
    }

    Spec Describe() override
    {
        m_settings.Resolve();
        return DescribeLayout(m_settings);
    }

    void Build() override
    {
        m_accounts = std::make_unique<Accounts>(m_settings);
        m_world = std::make_unique<World>(m_settings, [this](const Task& task) {
            m_accounts->NoteEnd(task);
            m_ended.push_back(task);
        });
        m_busyMarks.assign(m_settings.devices, Time(0));
    }

    Time GetStart() const override
    {
        return World::GetStart();
    }

    void Observe(uint64_t tick, Observation& observation) override
    {
        if (tick > 0)
        {
            m_accounts->CloseInterval(*m_world);
        }
        FillMetrics(observation);
        FillTasks(observation);
        m_world->BeginTick(tick, tick < m_settings.ticks);
        for (uint32_t device = 0; device < m_settings.devices; device++)
        {
            FillOwn(device, observation);
            FillServerSlots(device, observation);
            FillChannelSlots(device, observation);
            FillAgentState(device, observation);
        }
        FillServerState(observation);
        FillChannelState(observation);
        m_world->GetLedger().CheckConservation();
    }

    void Reward(uint64_t /* tick */, Observation& observation) override
    {
        const auto& rewards = m_accounts->GetRewards();
        for (uint32_t device = 0; device < m_settings.devices; device++)
        {
            observation.groups[0].Reward(device) = static_cast<float>(rewards[device]);
        }
    }

    void Act(uint64_t /* tick */, const Action& action) override
    {
        const auto& group = action.groups[0];
        for (uint32_t index = 0; index < m_settings.devices; index++)
        {
            const auto& device = m_world->GetDevices()[index];
            if (device.arrivalId)
            {
                OffloadingDecision decision;
                decision.mode = static_cast<OffloadingMode>(group.Discrete(index, MODE_HEAD));
                if (decision.mode != OffloadingMode::LOCAL)
                {
                    decision.server = device.slotServers.at(group.Discrete(index, SERVER_HEAD));
                    decision.channel = group.Discrete(index, CHANNEL_HEAD);
                    decision.powerDbm = group.Continuous(index, POWER_HEAD);
                    decision.ratio = group.Continuous(index, RATIO_HEAD);
                }
                m_world->Decide(index, decision);
            }
        }
        m_world->EndDecisions();
    }

    /// Best SNR: everything at full power to the server that was heard best, on a fixed channel for each device. It looks
    /// at nothing but the observation, so that a learner can do exactly the same.
    void Decide(uint64_t /* tick */, const Observation& observation, Action& action) override
    {
        const auto& group = observation.groups[0];
        for (uint32_t agent = 0; agent < m_settings.devices; agent++)
        {
            if (!group.Decides(agent))
            {
                continue;
            }
            const auto features = group.Features(agent);
            const auto servers = group.Mask(agent, SERVER_HEAD);
            const auto channels = group.Mask(agent, CHANNEL_HEAD);
            uint32_t best = 0;
            for (uint32_t slot = 1; slot < servers.size(); slot++)
            {
                if (servers[slot] &&
                    features[GetServerColumn(slot, SLOT_SNR)] > features[GetServerColumn(best, SLOT_SNR)])
                {
                    best = slot;
                }
            }
            const uint32_t home = agent % m_settings.radio.channels;
            const auto allowed = std::find(channels.begin(), channels.end(), 1) - channels.begin();
            action.groups[0].Discrete(agent, MODE_HEAD) = static_cast<int32_t>(OffloadingMode::FULL);
            action.groups[0].Discrete(agent, SERVER_HEAD) = static_cast<int32_t>(best);
            action.groups[0].Discrete(agent, CHANNEL_HEAD) = static_cast<int32_t>(channels[home] ? home : allowed);
            action.groups[0].Continuous(agent, POWER_HEAD) = MAXIMUM_POWER_DBM;
        }
    }

  private:
    /// \return whole ticks since then
    float GetAgeTicks(const Time& then) const
    {
        const int64_t ticks = (Simulator::Now() - then).GetTimeStep() / m_settings.tick.GetTimeStep();
        return static_cast<float>(ticks);
    }

    void FillMetrics(Observation& observation) const
    {
        const auto metrics = m_accounts->GetMetrics(*m_world);
        for (uint32_t i = 0; i < metrics.size(); i++)
        {
            observation.Metric(i) = metrics[i];
        }
    }

    void FillTasks(Observation& observation)
    {
        for (const auto& task : m_ended)
        {
            const auto span = [](const Time& from, const Time& to) {
                return from.IsZero() || to.IsZero() ? std::nan("") : (to - from).GetSeconds();
            };
            for (auto& table : observation.tables)
            {
                table.Add({int64_t{task.id},
                           int64_t{task.device},
                           static_cast<int64_t>(task.tick),
                           static_cast<int64_t>(task.decision.mode),
                           int64_t{task.decision.server},
                           int64_t{task.decision.channel},
                           task.decision.powerDbm,
                           task.decision.ratio,
                           task.parameters.GetSizeBits(),
                           task.parameters.GetCycles(),
                           task.parameters.deadline.GetSeconds(),
                           int64_t{task.parameters.premium},
                           static_cast<int64_t>(task.outcome),
                           (task.end - task.arrival).GetSeconds(),
                           span(task.uplinkStart, task.uplinkEnd),
                           span(task.uplinkEnd, task.computeStart),
                           span(task.computeStart, task.computeEnd),
                           span(task.computeEnd, task.resultTime),
                           span(task.arrival, task.localEnd)});
            }
        }
        m_ended.clear();
    }

    void FillOwn(uint32_t index, Observation& observation)
    {
        const auto& device = m_world->GetDevices()[index];
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
        const auto position = m_world->GetNetwork().GetDevice(index)->GetObject<MobilityModel>()->GetPosition();
        const Time busy = device.energy->GetBusyTime();
        set(UNFINISHED_TASKS, m_world->GetLedger().GetUnresolvedOf(index) - (device.arrivalId ? 1 : 0));
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
        set(ACTIVE_ENERGY, m_accounts->GetAboveIdleJ()[index]);
        m_busyMarks[index] = busy;
    }

    void FillServerSlots(uint32_t index, Observation& observation) const
    {
        const auto& device = m_world->GetDevices()[index];
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

    void FillChannelSlots(uint32_t index, Observation& observation) const
    {
        const auto& device = m_world->GetDevices()[index];
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

    void FillAgentState(uint32_t index, Observation& observation) const
    {
        const auto& device = m_world->GetDevices()[index];
        const auto features = observation.groups[0].Features(index);
        const auto state = observation.State(AGENT_STATE, index);
        for (uint32_t slot = 0; slot < Settings::SERVER_SLOTS; slot++)
        {
            const bool exists = slot < device.slotServers.size();
            state[slot] = exists ? static_cast<float>(m_world->GetNetwork().GetSnrDb(index, device.slotServers[slot]))
                                 : static_cast<float>(SNR_LOW_DB);
            if (m_settings.servers > Settings::SERVER_SLOTS)
            {
                state[AGENT_STATE_COLUMNS + slot] = static_cast<float>(device.slotServers[slot]);
            }
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

    void FillServerState(Observation& observation) const
    {
        for (uint32_t index = 0; index < m_settings.servers; index++)
        {
            const auto& server = m_world->GetServers()[index];
            const auto& status = server.gateway->GetStatus();
            const auto position = m_world->GetNetwork().GetServer(index)->GetObject<MobilityModel>()->GetPosition();
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

    void FillChannelState(Observation& observation) const
    {
        for (uint32_t channel = 0; channel < m_settings.radio.channels; channel++)
        {
            const auto state = observation.State(CHANNEL_STATE, channel);
            double busy = 0;
            for (const auto& server : m_world->GetServers())
            {
                busy += server.gateway->GetStatus().busy[channel];
            }
            state[CHANNEL_BUSY] = static_cast<float>(busy / m_settings.servers);
            for (const auto& device : m_world->GetDevices())
            {
                if (device.client->GetTunedChannel() == channel)
                {
                    state[CHANNEL_TUNED] += 1;
                    state[CHANNEL_QUEUED] += static_cast<float>(device.client->GetQueuedBits());
                }
            }
        }
    }

    Settings m_settings;
    std::unique_ptr<Accounts> m_accounts;
    std::unique_ptr<World> m_world;
    std::vector<Task> m_ended;     ///< since the last observation
    std::vector<Time> m_busyMarks; ///< [device] EnergyMeter::GetBusyTime at the last observation
};

} // namespace

int
main(int argc, char* argv[])
{
    return RunScenario<AiotMec>(argc, argv, "aiot-mec");
}
