// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// Three slices (eMBB, URLLC, mMTC) share the downlink of one LTE cell and the CPU of an edge server behind its core
// network. Each slice is an agent: every tick it asks for a share of both and says whether idle radio resources may be
// lent. docs/slice-lte.md describes it.

#include "bridge/scenario.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "scenarios/slice-lte/layout.h"
#include "scenarios/slice-lte/ledger.h"
#include "scenarios/slice-lte/network.h"
#include "scenarios/slice-lte/settings.h"
#include "scenarios/slice-lte/slice-cpu.h"
#include "scenarios/slice-lte/traffic.h"

using namespace ns3;
using namespace ns3::marl;
using namespace ns3::marl::slice_lte;

namespace
{

const Time CONNECTED_BY = MilliSeconds(500); ///< tick 0

/// Spectral efficiency of CQI 0 to 15 [bit per resource element]: TS 36.213, table 7.2.3-1.
constexpr std::array<double, 16> EFFICIENCY{0,
                                            0.1523,
                                            0.2344,
                                            0.3770,
                                            0.6016,
                                            0.8770,
                                            1.1758,
                                            1.4766,
                                            1.9141,
                                            2.4063,
                                            2.7305,
                                            3.3223,
                                            3.9023,
                                            4.5234,
                                            5.1152,
                                            5.5547};

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

    Spec Describe() override
    {
        m_settings.Check();
        return DescribeLayout(m_settings);
    }

    void Build() override
    {
        Network::Shape shape{{}, m_settings.resourceBlocks, m_settings.radiusM, m_settings.speedMps};
        for (const auto& service : m_settings.services)
        {
            shape.ues.push_back(service.devices);
        }
        m_ledger = std::make_unique<Ledger>(m_settings.services);
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

    void Observe(uint64_t tick, Observation& observation) override
    {
        if (tick == 0)
        {
            m_network->Begin();
            m_traffic->Begin();
        }
        m_interval = m_ledger->TakeInterval();
        const auto held = m_network->GetFfr()->TakeHeldShares();
        for (uint32_t slice = 0; slice < SLICES; slice++)
        {
            m_held[slice] = held[slice];
            m_satisfaction[slice] = GetSatisfaction(slice);
            m_cpuUsed[slice] = m_cpus[slice]->TakeExecutedCycles() / (m_settings.cpuHz * m_settings.tick.GetSeconds());
            if (tick > 0)
            {
                m_satisfactionSum[slice] += m_satisfaction[slice];
                m_heldSum[slice] += m_held[slice];
                m_cpuSum[slice] += m_cpuShares[slice];
            }
            FillFeatures(slice, observation.groups[0].Features(slice));
        }
        FillMetrics(tick, observation);
        CheckConservation();
    }

    void Reward(uint64_t /* tick */, Observation& observation) override
    {
        for (uint32_t slice = 0; slice < SLICES; slice++)
        {
            observation.groups[0].Reward(slice) =
                static_cast<float>(100 * (m_satisfaction[slice] - m_settings.radioPrice * m_held[slice] -
                                          m_settings.cpuPrice * m_cpuShares[slice]));
        }
    }

    void Act(uint64_t /* tick */, const Action& action) override
    {
        const auto& group = action.groups[0];
        std::vector<double> radio(SLICES);
        std::vector<double> cpu(SLICES);
        for (uint32_t slice = 0; slice < SLICES; slice++)
        {
            radio[slice] = group.Continuous(slice, RADIO_HEAD);
            cpu[slice] = group.Continuous(slice, CPU_HEAD);
            m_lends[slice] = group.Discrete(slice, LENDING_HEAD) == 1;
        }
        m_radioShares = Grant(radio);
        m_cpuShares = Grant(cpu);
        m_network->GetFfr()->SetPolicy(m_radioShares, m_lends);
        for (uint32_t slice = 0; slice < SLICES; slice++)
        {
            m_cpus[slice]->SetRate(m_settings.cpuHz * m_cpuShares[slice]);
        }
    }

    /// Demand following: asks for half as much again as the interval's jobs and the waiting ones need, and at least 5 %.
    /// It looks at nothing but the slice's own observation and the scenario's arguments.
    void Decide(uint64_t /* tick */, const Observation& observation, Action& action) override
    {
        for (uint32_t slice = 0; slice < SLICES; slice++)
        {
            const auto features = observation.groups[0].Features(slice);
            const auto& service = m_settings.services[slice];
            const double tickS = m_settings.tick.GetSeconds();
            const double elements = m_settings.resourceBlocks * 12 * 11 * 1000.0; // per second, without control symbols
            const double cell = std::max(elements * EFFICIENCY[static_cast<uint32_t>(features[MEAN_CQI])], 1e5);
            const double nominal = m_settings.GetNominalJobs(slice);
            const double bits =
                (features[OFFERED] + features[RADIO_LOAD]) * nominal * 8 * (service.downBytes + HEADER_BYTES);
            const double cycles =
                features[OFFERED] * nominal * service.cycles + features[CPU_BACKLOG] * m_settings.cpuHz;
            action.groups[0].Discrete(slice, LENDING_HEAD) = 0;
            action.groups[0].Continuous(slice, RADIO_HEAD) = Clip(0.05, 1.5 * bits / tickS / cell);
            action.groups[0].Continuous(slice, CPU_HEAD) = Clip(0.05, 1.5 * cycles / tickS / m_settings.cpuHz);
        }
    }

  private:
    static constexpr uint32_t HEADER_BYTES = 32; ///< of UDP, IP, PDCP and RLC

    static float Clip(double low, double value)
    {
        return static_cast<float>(std::clamp(value, low, 1.0));
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

    /// In [0, 1]. eMBB: rate within the bound over the rate that was offered. URLLC: 1 without late jobs, 0 from the
    /// tolerated share of late jobs on. mMTC: share of jobs within the bound. An interval without jobs satisfies.
    double GetSatisfaction(uint32_t slice) const
    {
        const auto& count = m_interval[slice];
        const auto inTime = static_cast<double>(count.inTime);
        if (slice == EMBB)
        {
            return count.created > 0 ? std::min(1.0, inTime / static_cast<double>(count.created)) : 1;
        }
        const auto missed = static_cast<double>(count.missed);
        const double missedShare = missed > 0 ? missed / (inTime + missed) : 0;
        return slice == URLLC ? std::max(0.0, 1 - missedShare / m_settings.urllcTolerance) : 1 - missedShare;
    }

    void FillFeatures(uint32_t slice, std::span<float> features)
    {
        const auto& count = m_interval[slice];
        const double nominal = m_settings.GetNominalJobs(slice);
        features[IS_EMBB] = slice == EMBB;
        features[IS_URLLC] = slice == URLLC;
        features[IS_MMTC] = slice == MMTC;
        features[ACTIVE] = static_cast<float>(m_traffic->GetActive(slice)) / m_settings.services[slice].devices;
        features[OFFERED] = static_cast<float>(static_cast<double>(count.created) / nominal);
        features[DELIVERED] = static_cast<float>(static_cast<double>(count.inTime) / nominal);
        features[MISSED] = static_cast<float>(static_cast<double>(count.missed) / nominal);
        features[LATENCY] =
            static_cast<float>(count.GetLatencyQuantile(0.95) / m_settings.services[slice].bound.GetSeconds());
        features[SATISFACTION] = static_cast<float>(m_satisfaction[slice]);
        features[RADIO_LOAD] =
            static_cast<float>(static_cast<double>(m_ledger->GetNumberAt(slice, Place::DOWNLINK)) / nominal);
        features[CPU_BACKLOG] = static_cast<float>(m_cpus[slice]->GetBacklogCycles() / m_settings.cpuHz);
        features[MEAN_CQI] = static_cast<float>(m_network->GetFfr()->GetMeanCqi(slice));
        features[MEAN_MCS] = static_cast<float>(m_network->TakeMeanMcs(slice));
        features[RADIO_HELD] = static_cast<float>(m_held[slice]);
        features[RADIO_SHARE] = static_cast<float>(m_radioShares[slice]);
        features[CPU_SHARE] = static_cast<float>(m_cpuShares[slice]);
        features[CPU_USED] = static_cast<float>(m_cpuUsed[slice]);
        features[LENDS] = m_lends[slice];
    }

    void FillMetrics(uint64_t tick, Observation& observation) const
    {
        uint32_t metric = 0;
        const auto ticks = static_cast<double>(tick); // 0 / 0 is NaN: nothing to measure yet
        for (uint32_t slice = 0; slice < SLICES; slice++)
        {
            const auto& count = m_ledger->GetEpisode(slice);
            const auto inTime = static_cast<double>(count.inTime);
            observation.Metric(metric++) = inTime / (inTime + static_cast<double>(count.missed));
            observation.Metric(metric++) = count.latenciesS.empty() ? NAN : count.GetLatencyQuantile(0.95);
            observation.Metric(metric++) = m_satisfactionSum[slice] / ticks;
            observation.Metric(metric++) = m_heldSum[slice] / ticks;
            observation.Metric(metric++) = m_cpuSum[slice] / ticks;
        }
        observation.Metric(metric++) = 8.0 * m_settings.services[EMBB].downBytes *
                                       static_cast<double>(m_ledger->GetEpisode(EMBB).inTime) /
                                       (ticks * m_settings.tick.GetSeconds());
        observation.Metric(metric++) = static_cast<double>(m_network->GetDropped());
    }

    /// Aborts unless every job is at exactly one place.
    void CheckConservation() const
    {
        for (uint32_t slice = 0; slice < SLICES; slice++)
        {
            uint64_t sum = 0;
            for (uint32_t place = 0; place < static_cast<uint32_t>(Place::PLACES); place++)
            {
                sum += m_ledger->GetNumberAt(slice, static_cast<Place>(place));
            }
            NS_ABORT_MSG_IF(sum != m_ledger->GetEpisode(slice).created, "jobs of slice " << slice << " are lost");
        }
    }

    Settings m_settings;
    std::unique_ptr<Ledger> m_ledger;
    std::unique_ptr<Network> m_network;
    std::unique_ptr<Traffic> m_traffic;
    std::vector<std::unique_ptr<SliceCpu>> m_cpus; ///< by slice

    std::vector<double> m_radioShares = std::vector<double>(SLICES, EQUAL_SHARE);
    std::vector<double> m_cpuShares = std::vector<double>(SLICES, 0); ///< nothing runs before the first action
    std::vector<bool> m_lends = std::vector<bool>(SLICES, false);
    std::array<Ledger::Count, SLICES> m_interval;
    std::array<double, SLICES> m_held{};
    std::array<double, SLICES> m_cpuUsed{};
    std::array<double, SLICES> m_satisfaction{};
    std::array<double, SLICES> m_satisfactionSum{};
    std::array<double, SLICES> m_heldSum{};
    std::array<double, SLICES> m_cpuSum{};
};

} // namespace

int
main(int argc, char* argv[])
{
    return RunScenario<SliceLte>(argc, argv, "slice-lte");
}
