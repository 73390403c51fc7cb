// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// Devices offload tasks over 802.11ax to gateways, which compute them or forward them over a wired backhaul to a cloud. Two kinds of agents:
// devices choose where a task goes and how loud, gateways what goes to the cloud and how fast they compute. docs/edge-cloud.md
// describes it.

#include "bridge/names.h"
#include "bridge/scenario.h"

#include <memory>

#include "scenarios/edge-cloud/accounts.h"
#include "scenarios/edge-cloud/heads.h"
#include "scenarios/edge-cloud/observer.h"
#include "scenarios/edge-cloud/rules.h"
#include "scenarios/edge-cloud/settings.h"
#include "scenarios/edge-cloud/task-table.h"
#include "scenarios/edge-cloud/world.h"

using namespace ns3;
using namespace ns3::marl;
using namespace ns3::marl::edge_cloud;

namespace
{

class EdgeCloud : public Scenario
{
  public:
    EdgeCloud()
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
        m_world = std::make_unique<World>(m_settings,
                                          [this](const Task& task, const Journey& journey) { NoteEnd(task, journey); });
        m_accounts = std::make_unique<Accounts>(m_settings, *m_world);
        m_observer = std::make_unique<Observer>(m_settings, *m_world);

        spec.SetTicks(m_settings.tick, m_settings.ticks);
        const auto gatewayNames = GetNumberedNames("gateway_", m_settings.gateways);
        auto& devices = spec.AddGroup("devices", GetNumberedNames("device_", m_settings.devices));
        auto& gateways = spec.AddGroup("gateways", gatewayNames);
        m_devices = devices.handle;
        m_gateways = gateways.handle;
        m_deviceHeads.Describe(devices, gatewayNames);
        m_gatewayHeads.Describe(gateways, m_settings);
        m_observer->Describe(spec, devices, m_deviceHeads, gateways, m_gatewayHeads);
        m_accounts->Describe(spec);
        m_tasks = spec.AddTable(DescribeTasks());
        m_rules = std::make_unique<Rules>(m_settings, m_observer->GetRuleFeatures(), m_deviceHeads, m_gatewayHeads);
    }

    void Build() override
    {
        m_world->Build();
    }

    Time GetStart() const override
    {
        return World::GetStart();
    }

    void CloseInterval(const Boundary& /* boundary */) override
    {
        m_world->CloseInterval();
        m_accounts->CloseInterval();
    }

    void Reward(Rewards& rewards) const override
    {
        m_accounts->Reward(rewards, m_devices, m_gateways);
    }

    void OpenInterval(const Boundary& boundary) override
    {
        m_world->BeginTick(boundary.tick, !boundary.isLast);
        m_world->CheckConservation();
    }

    void Observe(Observation& observation) const override
    {
        m_observer->Observe(observation);
    }

    void Act(const Action& action) override
    {
        for (uint32_t gateway = 0; gateway < m_settings.gateways; gateway++)
        {
            m_world->Decide(gateway, m_gatewayHeads.Read(action, gateway));
        }
        for (const auto& device : m_world->GetDevices())
        {
            if (device.arrivalId)
            {
                m_world->Decide(device.index, m_deviceHeads.Read(action, device.index, m_world->GetGateways()));
            }
        }
        m_world->EndDecisions();
    }

    void Decide(const Observation& observation, Action& action) const override
    {
        for (uint32_t device = 0; device < m_settings.devices; device++)
        {
            if (observation.IsActive(m_devices, device))
            {
                m_rules->DecideDevice(observation, device, action);
            }
        }
        for (uint32_t gateway = 0; gateway < m_settings.gateways; gateway++)
        {
            m_rules->DecideGateway(observation, gateway, action);
        }
    }

  private:
    void NoteEnd(const Task& task, const Journey& journey)
    {
        m_accounts->NoteEnd(task, journey);
        if (auto& rows = Rows(m_tasks); rows.IsReported())
        {
            AddTask(task, journey, rows);
        }
    }

    Settings m_settings;
    std::unique_ptr<World> m_world;
    std::unique_ptr<Accounts> m_accounts;
    std::unique_ptr<Observer> m_observer;
    std::unique_ptr<Rules> m_rules;

    GroupHandle m_devices;
    GroupHandle m_gateways;
    DeviceHeads m_deviceHeads;
    GatewayHeads m_gatewayHeads;
    TableHandle m_tasks;
};

} // namespace

int
main(int argc, char* argv[])
{
    return RunScenario<EdgeCloud>(argc, argv, "edge-cloud");
}
