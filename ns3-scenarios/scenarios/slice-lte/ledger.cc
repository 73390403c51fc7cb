// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/slice-lte/ledger.h"

#include "ns3/abort.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <cmath>
#include <numeric>
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

bool
Ledger::Move(uint32_t job, Place place)
{
    auto& entry = m_jobs.at(job);
    if (entry.place == Place::OVERDUE)
    {
        return false;
    }
    NS_ABORT_MSG_IF(place <= entry.place, "job " << job << " cannot go back to an earlier place");
    m_at[entry.slice][static_cast<uint32_t>(entry.place)]--;
    m_at[entry.slice][static_cast<uint32_t>(place)]++;
    entry.place = place;
    if (place == Place::DELIVERED && !IsLate(job))
    {
        entry.inTime = true;
        for (auto* count : {&m_interval[entry.slice], &m_episode[entry.slice]})
        {
            count->inTime++;
            count->latenciesS.push_back((Simulator::Now() - entry.created).GetSeconds());
        }
    }
    return true;
}

bool
Ledger::IsLate(uint32_t job) const
{
    const auto& entry = m_jobs.at(job);
    return entry.created + m_services[entry.slice].bound < Simulator::Now();
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
        for (; !open.empty() && IsLate(open.front()); open.pop_front())
        {
            const auto& job = m_jobs[open.front()];
            m_interval[slice].missed += !job.inTime;
            m_episode[slice].missed += !job.inTime;
            if (job.place == Place::UPLINK || job.place == Place::DOWNLINK)
            {
                Move(open.front(), Place::OVERDUE);
            }
        }
    }
    return std::exchange(m_interval, {});
}

void
Ledger::CheckConservation() const
{
    for (uint32_t slice = 0; slice < SLICES; slice++)
    {
        const auto sum = std::accumulate(m_at[slice].begin(), m_at[slice].end(), uint64_t{0});
        NS_ABORT_MSG_IF(sum != m_episode[slice].created, "jobs of slice " << slice << " are lost");
    }
}

} // namespace ns3::marl::slice_lte
