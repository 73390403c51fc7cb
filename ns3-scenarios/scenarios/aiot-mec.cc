// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// Devices with tasks, edge servers and orthogonal 802.11ax channels: every tick each device with a new task chooses
// offloading mode, server, channel, transmit power and offloaded share. docs/aiot-mec.md describes it.

#include "bridge/names.h"
#include "bridge/scenario.h"
#include "models/power-level.h"

#include <algorithm>
#include <memory>

#include "scenarios/aiot-mec/accounts.h"
#include "scenarios/aiot-mec/heads.h"
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

    void Describe(Spec& spec) override
    {
        m_settings.Resolve();
        m_world = std::make_unique<World>(m_settings, [this](const Task& task) { NoteEnd(task); });
        m_accounts = std::make_unique<Accounts>(m_settings, *m_world);
        m_observer = std::make_unique<Observer>(m_settings, *m_world, *m_accounts);

        spec.SetTicks(m_settings.tick, m_settings.ticks);
        spec.idleTicks = true;
        auto& devices = spec.AddGroup("devices", GetNumberedNames("device_", m_settings.devices));
        m_group = devices.handle;
        m_heads.Describe(devices);
        m_observer->Describe(spec, devices, m_heads);
        m_accounts->Describe(spec);
        m_tasks = spec.AddTable(DescribeTasks());
    }

    void Build() override
    {
        m_world->Build();
        m_world->ConnectTraces();
    }

    Time GetStart() const override
    {
        return World::GetStart();
    }

    void CloseInterval(const Boundary& /* boundary */) override
    {
        m_accounts->CloseInterval();
    }

    void Reward(Rewards& rewards) const override
    {
        for (uint32_t device = 0; device < m_settings.devices; device++)
        {
            rewards.Add(m_group, device, m_accounts->GetInterval(device).reward);
        }
    }

    void OpenInterval(const Boundary& boundary) override
    {
        m_world->BeginTick(boundary.tick, !boundary.isLast);
        m_world->CheckConservation();
        if (boundary.isLast)
        {
            m_world->CompleteTraces();
        }
    }

    void Observe(Observation& observation) const override
    {
        m_observer->Observe(observation);
    }

    void Act(const Action& action) override
    {
        for (const auto& device : m_world->GetDevices())
        {
            if (device.arrivalId)
            {
                m_world->Decide(device.index, m_heads.Read(action, device));
            }
        }
        m_world->EndDecisions();
    }

    /// Best SNR: everything, or as much as is allowed, at full power to the server that was heard best, on a fixed channel for
    /// each device. It looks at nothing but the observation, so that a learner can do exactly the same.
    void Decide(const Observation& observation, Action& action) const override
    {
        for (uint32_t agent = 0; agent < m_settings.devices; agent++)
        {
            if (!observation.IsActive(m_group, agent))
            {
                continue;
            }
            const auto getSnrDb = [&](uint32_t slot) { return observation.Get(m_observer->GetHeardSnr(slot), agent); };
            uint32_t best = 0;
            for (uint32_t slot = 1; slot < Settings::SERVER_SLOTS; slot++)
            {
                if (observation.IsAllowed(m_heads.server, agent, slot) && getSnrDb(slot) > getSnrDb(best))
                {
                    best = slot;
                }
            }
            const uint32_t home = agent % m_settings.radio.channels;
            const auto channels = observation.GetMask(m_heads.channel, agent);
            const auto allowed = std::ranges::find(channels, 1) - channels.begin();
            action.Set(m_heads.mode, agent, m_settings.allowsFull ? OffloadingMode::FULL : OffloadingMode::PARTIAL);
            action.Set(m_heads.ratio, agent, m_settings.allowsFull ? Settings::RATIO_DEFAULT : Settings::RATIO_HIGH);
            action.Set(m_heads.server, agent, best);
            action.Set(m_heads.channel, agent, channels[home] ? home : allowed);
            action.Set(m_heads.power, agent, MAXIMUM_POWER_DBM);
        }
    }

  private:
    void NoteEnd(const Task& task)
    {
        m_accounts->NoteEnd(task);
        if (auto& rows = Rows(m_tasks); rows.IsReported())
        {
            AddTask(task, rows);
        }
    }

    Settings m_settings;
    std::unique_ptr<World> m_world;
    std::unique_ptr<Accounts> m_accounts;
    std::unique_ptr<Observer> m_observer;

    GroupHandle m_group;
    Heads m_heads;
    TableHandle m_tasks;
};

} // namespace

int
main(int argc, char* argv[])
{
    return RunScenario<AiotMec>(argc, argv, "aiot-mec");
}
