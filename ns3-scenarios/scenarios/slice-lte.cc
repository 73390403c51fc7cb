// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// Three slices (eMBB, URLLC, mMTC) share the downlink of one LTE cell and the CPU of an edge server behind its core
// network. Each slice is an agent, and each kind of slice a group: every tick it asks for a share of both and says whether
// idle radio resources may be lent. docs/slice-lte.md describes it.

#include "bridge/scenario.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "scenarios/slice-lte/accounts.h"
#include "scenarios/slice-lte/ledger.h"
#include "scenarios/slice-lte/network.h"
#include "scenarios/slice-lte/settings.h"
#include "scenarios/slice-lte/slice-agent.h"
#include "scenarios/slice-lte/slice-cpu.h"
#include "scenarios/slice-lte/slice-status.h"
#include "scenarios/slice-lte/traffic.h"

using namespace ns3;
using namespace ns3::marl;
using namespace ns3::marl::slice_lte;

namespace
{

const Time CONNECTED_BY = MilliSeconds(500); ///< the first boundary

class SliceLte : public Scenario
{
  public:
    SliceLte()
    {
        Network::SetAttributeDefaults(); // before the command line, which may override them
    }

    void AddArguments(Arguments& arguments) override
    {
        m_settings.AddArguments(arguments);
    }

    void Describe(Spec& spec) override
    {
        m_settings.Check();
        spec.SetTicks(m_settings.tick, m_settings.ticks);
        spec.idleTicks = true;
        for (const auto slice : ALL_SLICES)
        {
            m_agents.emplace_back(m_settings, slice);
            m_agents.back().Describe(spec);
        }
        m_ledger = std::make_unique<Ledger>(m_settings.services);
        m_accounts = std::make_unique<Accounts>(m_settings, *m_ledger);
        m_accounts->Describe(spec);
        spec.AddMetric({.name = "radio_queue_drops",
                        .unit = "1",
                        .description = "Datagrams that found a radio's queue full",
                        .higherIsBetter = false,
                        .value = [this] { return static_cast<double>(m_network->GetDropped()); }});
    }

    void Build() override
    {
        Network::Shape shape{{}, m_settings.resourceBlocks, m_settings.radiusM, m_settings.speedMps};
        for (const auto& service : m_settings.services)
        {
            shape.ues.push_back(service.devices);
        }
        m_network = std::make_unique<Network>(
            shape,
            [this](uint32_t job) { Compute(job); },
            [this](uint32_t job) { m_ledger->Move(job, Place::DELIVERED); });
        m_network->GetFfr()->SetUp(SLICES, m_settings.lendingPeriod, [this](uint32_t slice) {
            return m_ledger->GetNumberAt(slice, Place::DOWNLINK) > 0;
        });
        m_traffic = std::make_unique<Traffic>(m_settings, [this](uint32_t slice, uint32_t ue) { Create(slice, ue); });
        for (uint32_t slice = 0; slice < SLICES; slice++)
        {
            m_cpus.push_back(std::make_unique<SliceCpu>([this](uint32_t job, bool done) { NoteComputed(job, done); }));
        }
    }

    Time GetStart() const override
    {
        return CONNECTED_BY;
    }

    void CloseInterval(const Boundary& /* boundary */) override
    {
        Measure();
        for (const auto slice : ALL_SLICES)
        {
            m_accounts->NoteInterval(slice, m_slices[slice]);
        }
        m_ledger->CheckConservation();
    }

    void Reward(Rewards& rewards) const override
    {
        for (const auto slice : ALL_SLICES)
        {
            rewards.Add(m_agents[slice].GetGroup(), m_accounts->GetReward(m_slices[slice]));
        }
    }

    void OpenInterval(const Boundary& boundary) override
    {
        if (boundary.number == 0)
        {
            m_network->Begin();
            m_traffic->Begin();
            Measure();
        }
    }

    void Observe(Observation& observation) const override
    {
        for (const auto slice : ALL_SLICES)
        {
            m_agents[slice].Observe(m_slices[slice], observation);
        }
    }

    void Act(const Action& action) override
    {
        std::vector<double> radio;
        std::vector<double> cpu;
        std::vector<bool> lends;
        for (const auto& agent : m_agents)
        {
            const auto request = agent.Read(action);
            radio.push_back(request.radioShare);
            cpu.push_back(request.cpuShare);
            lends.push_back(request.lends);
        }
        radio = Grant(radio);
        cpu = Grant(cpu);
        m_network->GetFfr()->SetPolicy(radio, lends);
        for (const auto slice : ALL_SLICES)
        {
            m_slices[slice].radioShare = radio[slice];
            m_slices[slice].cpuShare = cpu[slice];
            m_slices[slice].lends = lends[slice];
            m_cpus[slice]->SetRate(m_settings.cpuHz * cpu[slice]);
        }
    }

    /// Demand following, see SliceAgent::Decide.
    void Decide(const Observation& observation, Action& action) const override
    {
        for (const auto& agent : m_agents)
        {
            agent.Decide(observation, action);
        }
    }

  private:
    /// Takes stock of every slice at the end of an interval.
    void Measure()
    {
        const auto jobs = m_ledger->TakeInterval();
        const auto held = m_network->GetFfr()->TakeHeldShares();
        for (const auto slice : ALL_SLICES)
        {
            auto& status = m_slices[slice];
            status.jobs = jobs[slice];
            status.satisfaction = m_accounts->GetSatisfaction(slice, jobs[slice]);
            status.radioHeld = held[slice];
            status.cpuUsed = m_cpus[slice]->TakeExecutedCycles() / (m_settings.cpuHz * m_settings.tick.GetSeconds());
            status.meanMcs = m_network->TakeMeanMcs(slice);
            status.activeShare = static_cast<double>(m_traffic->GetActive(slice)) / m_settings.services[slice].devices;
            status.radioWaiting = static_cast<double>(m_ledger->GetNumberAt(slice, Place::DOWNLINK));
            status.cpuBacklogCycles = m_cpus[slice]->GetBacklogCycles();
            status.meanCqi = m_network->GetFfr()->GetMeanCqi(slice);
        }
    }

    /// What is asked for, or, where that is more than there is, each slice's part of it.
    static std::vector<double> Grant(std::vector<double> asked)
    {
        const double sum = std::max(1.0, std::accumulate(asked.begin(), asked.end(), 0.0));
        std::ranges::for_each(asked, [sum](double& share) { share /= sum; });
        return asked;
    }

    void Create(uint32_t slice, uint32_t ue)
    {
        const auto job = m_ledger->Create(slice, ue);
        const auto& service = m_settings.services[slice];
        if (service.upBytes > 0)
        {
            m_network->SendUp(ue, job, service.upBytes);
        }
        else
        {
            Submit(job);
        }
    }

    void Compute(uint32_t job)
    {
        if (m_ledger->Move(job, Place::CPU))
        {
            Submit(job);
        }
    }

    void Submit(uint32_t job)
    {
        const auto& entry = m_ledger->Get(job);
        const auto& service = m_settings.services[entry.slice];
        const auto left = entry.created + service.bound - Simulator::Now();
        m_cpus[entry.slice]->Submit(job, service.cycles, Simulator::Now() + left / 2);
    }

    void NoteComputed(uint32_t job, bool done)
    {
        const auto& entry = m_ledger->Get(job);
        if (done && !m_ledger->IsLate(job))
        {
            m_ledger->Move(job, Place::DOWNLINK);
            m_network->SendDown(entry.ue, job, m_settings.services[entry.slice].downBytes);
        }
        else
        {
            m_ledger->Move(job, Place::DROPPED);
        }
    }

    Settings m_settings;
    std::vector<SliceAgent> m_agents; ///< by slice
    std::unique_ptr<Ledger> m_ledger;
    std::unique_ptr<Accounts> m_accounts;
    std::unique_ptr<Network> m_network;
    std::unique_ptr<Traffic> m_traffic;
    std::vector<std::unique_ptr<SliceCpu>> m_cpus; ///< by slice
    std::array<SliceStatus, SLICES> m_slices;
};

} // namespace

int
main(int argc, char* argv[])
{
    return RunScenario<SliceLte>(argc, argv, "slice-lte");
}
