// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/slice-lte/ledger.h"

#include "ns3/abort.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ns3::marl::slice_lte
{

double
Ledger::Count::GetLatencyQuantile(double share) const
{
    if (latenciesS.empty())
    {
        return 0;
    }
    auto sorted = latenciesS;
    const auto rank = std::ceil(share * static_cast<double>(sorted.size()));
    const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(std::max(rank, 1.0)) - 1;
    std::ranges::nth_element(sorted, at);
    return *at;
}

Ledger::Ledger(const std::array<Service, SLICES>& services)
    : m_services(services)
{
}

uint32_t
Ledger::Create(uint32_t slice, uint32_t ue)
{
    const auto id = static_cast<uint32_t>(m_jobs.size());
    const auto place = m_services[slice].upBytes > 0 ? Place::UPLINK : Place::CPU;
    m_jobs.push_back({slice, ue, Simulator::Now(), place, false});
    m_open[slice].push_back(id);
    m_at[slice][static_cast<uint32_t>(place)]++;
    m_interval[slice].created++;
    m_episode[slice].created++;
    return id;
}

void
Ledger::Move(uint32_t job, Place place)
{
    auto& entry = m_jobs.at(job);
    NS_ABORT_MSG_IF(place <= entry.place, "job " << job << " cannot go back to an earlier place");
    m_at[entry.slice][static_cast<uint32_t>(entry.place)]--;
    m_at[entry.slice][static_cast<uint32_t>(place)]++;
    entry.place = place;
    if (place == Place::DELIVERED)
    {
        const Time latency = Simulator::Now() - entry.created;
        entry.inTime = latency <= m_services[entry.slice].bound;
        for (auto* count : {&m_interval[entry.slice], &m_episode[entry.slice]})
        {
            count->inTime += entry.inTime;
            count->latenciesS.push_back(latency.GetSeconds());
        }
    }
}

const Ledger::Job&
Ledger::Get(uint32_t job) const
{
    return m_jobs.at(job);
}

uint64_t
Ledger::GetNumberAt(uint32_t slice, Place place) const
{
    return m_at[slice][static_cast<uint32_t>(place)];
}

const Ledger::Count&
Ledger::GetEpisode(uint32_t slice) const
{
    return m_episode[slice];
}

std::array<Ledger::Count, SLICES>
Ledger::TakeInterval()
{
    for (uint32_t slice = 0; slice < SLICES; slice++)
    {
        auto& open = m_open[slice];
        for (; !open.empty() && m_jobs[open.front()].created + m_services[slice].bound < Simulator::Now();
             open.pop_front())
        {
            const bool missed = !m_jobs[open.front()].inTime;
            m_interval[slice].missed += missed;
            m_episode[slice].missed += missed;
        }
    }
    return std::exchange(m_interval, {});
}

} // namespace ns3::marl::slice_lte
