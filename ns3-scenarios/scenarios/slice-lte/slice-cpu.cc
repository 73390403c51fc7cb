// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/slice-lte/slice-cpu.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <utility>

namespace ns3::marl::slice_lte
{

SliceCpu::SliceCpu(std::function<void(uint32_t job, bool done)> ended)
    : m_ended(std::move(ended))
{
}

void
SliceCpu::SetRate(double rateHz)
{
    Progress();
    m_rateHz = rateHz;
    if (m_running)
    {
        Run();
    }
    else
    {
        Next();
    }
}

void
SliceCpu::Submit(uint32_t job, double cycles, Time latestStart)
{
    m_jobs.push_back({job, cycles, latestStart});
    m_backlogCycles += cycles;
    Next();
}

double
SliceCpu::GetBacklogCycles() const
{
    const double run = m_running ? m_rateHz * (Simulator::Now() - m_runningSince).GetSeconds() : 0;
    return std::max(0.0, m_backlogCycles - run);
}

double
SliceCpu::TakeExecutedCycles()
{
    Progress();
    return std::exchange(m_executedCycles, 0);
}

void
SliceCpu::Progress()
{
    if (m_running)
    {
        const double run = std::min(m_jobs.front().cycles, m_rateHz * (Simulator::Now() - m_runningSince).GetSeconds());
        m_jobs.front().cycles -= run;
        m_backlogCycles -= run;
        m_executedCycles += run;
        m_runningSince = Simulator::Now();
    }
}

void
SliceCpu::Next()
{
    while (!m_running && m_rateHz > 0 && !m_jobs.empty())
    {
        if (Simulator::Now() <= m_jobs.front().latestStart)
        {
            m_running = true;
            m_runningSince = Simulator::Now();
            Run();
        }
        else
        {
            const auto job = m_jobs.front();
            m_jobs.pop_front();
            m_backlogCycles -= job.cycles;
            m_ended(job.id, false);
        }
    }
}

void
SliceCpu::Run()
{
    m_finish.Cancel();
    if (m_rateHz > 0)
    {
        m_finish = Simulator::Schedule(Seconds(m_jobs.front().cycles / m_rateHz), &SliceCpu::Finish, this);
    }
}

void
SliceCpu::Finish()
{
    const auto job = m_jobs.front();
    m_executedCycles += m_rateHz * (Simulator::Now() - m_runningSince).GetSeconds();
    m_backlogCycles = std::max(0.0, m_backlogCycles - job.cycles);
    m_jobs.pop_front();
    m_running = false;
    m_ended(job.id, true);
    Next();
}

} // namespace ns3::marl::slice_lte
