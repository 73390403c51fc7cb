// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// Devices with tasks, edge servers and orthogonal 802.11ax channels: every tick each device with a new task chooses
// offloading mode, server, channel, transmit power and offloaded share. docs/aiot-mec.md describes it.

#include "bridge/scenario.h"
#include "models/power-level.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "scenarios/aiot-mec/accounts.h"
#include "scenarios/aiot-mec/layout.h"
#include "scenarios/aiot-mec/observer.h"
#include "scenarios/aiot-mec/settings.h"
#include "scenarios/aiot-mec/task-table.h"
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
        m_world->ConnectTraces();
        m_observer = std::make_unique<Observer>(m_settings, *m_world, *m_accounts);
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
        m_observer->Fill(observation);
        m_world->CheckConservation();
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
        for (auto& table : observation.tables)
        {
            for (const auto& task : m_ended)
            {
                AddTask(task, table);
            }
        }
        m_ended.clear();
    }

    Settings m_settings;
    std::unique_ptr<Accounts> m_accounts;
    std::unique_ptr<World> m_world;
    std::unique_ptr<Observer> m_observer;
    std::vector<Task> m_ended; ///< since the last observation
};

} // namespace

int
main(int argc, char* argv[])
{
    return RunScenario<AiotMec>(argc, argv, "aiot-mec");
}
