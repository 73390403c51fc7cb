// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/compute-node.h"

#include "ns3/abort.h"
#include "ns3/log.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <utility>

namespace ns3::marl
{

NS_LOG_COMPONENT_DEFINE("ComputeNode");
NS_OBJECT_ENSURE_REGISTERED(ComputeNode);

TypeId
ComputeNode::GetTypeId()
{
    static const TypeId tid = TypeId("ns3::marl::ComputeNode")
                                  .SetParent<Object>()
                                  .SetGroupName("Ns3Marl")
                                  .AddTraceSource("Unfinished",
                                                  "Jobs waiting or running",
                                                  MakeTraceSourceAccessor(&ComputeNode::m_unfinished),
                                                  "ns3::TracedValueCallback::Uint32");
    return tid;
}

ComputeNode::ComputeNode(double rateHz, double kappaJPerHz2Cycle)
    : m_rateHz(rateHz),
      m_kappaJPerHz2Cycle(kappaJPerHz2Cycle)
{
    NS_ABORT_MSG_IF(rateHz <= 0, "A CPU needs a rate > 0 Hz, not " << rateHz);
}

void
ComputeNode::Submit(uint32_t id, double cycles, std::function<void()> done)
{
    m_jobs.push_back({id, cycles, std::move(done)});
    m_unfinished = static_cast<uint32_t>(m_jobs.size());
    NS_LOG_LOGIC("task " << id << ": " << cycles << " cycles behind " << m_jobs.size() - 1 << " jobs");
    if (m_jobs.size() == 1)
    {
        Start();
    }
}

void
ComputeNode::Abandon(uint32_t id)
{
    const auto job = std::find_if(m_jobs.begin(), m_jobs.end(), [id](const Job& j) { return j.id == id; });
    if (job == m_jobs.end())
    {
        return;
    }
    const bool runs = job == m_jobs.begin();
    if (runs)
    {
        m_executedCycles += GetRunningCycles();
        m_finish.Cancel();
    }
    m_jobs.erase(job);
    m_unfinished = static_cast<uint32_t>(m_jobs.size());
    NS_LOG_LOGIC("task " << id << ": abandoned, " << m_jobs.size() << " jobs are left");
    if (runs)
    {
        Start();
    }
}

void
ComputeNode::Start()
{
    if (!m_jobs.empty())
    {
        m_runningSince = Simulator::Now();
        m_finish = Simulator::Schedule(Seconds(m_jobs.front().cycles / m_rateHz), &ComputeNode::Finish, this);
    }
}

void
ComputeNode::Finish()
{
    const Job job = std::move(m_jobs.front());
    m_jobs.pop_front();
    m_unfinished = static_cast<uint32_t>(m_jobs.size());
    m_executedCycles += job.cycles;
    Start();
    job.done();
}

double
ComputeNode::GetRunningCycles() const
{
    if (m_jobs.empty())
    {
        return 0;
    }
    return std::min(m_jobs.front().cycles, (Simulator::Now() - m_runningSince).GetSeconds() * m_rateHz);
}

double
ComputeNode::GetRateHz() const
{
    return m_rateHz;
}

Time
ComputeNode::GetBacklog() const
{
    double cycles = -GetRunningCycles();
    for (const auto& job : m_jobs)
    {
        cycles += job.cycles;
    }
    return Seconds(std::max(0.0, cycles) / m_rateHz);
}

double
ComputeNode::GetExecutedCycles() const
{
    return m_executedCycles + GetRunningCycles();
}

double
ComputeNode::GetEnergyJ() const
{
    return m_kappaJPerHz2Cycle * m_rateHz * m_rateHz * GetExecutedCycles();
}

std::size_t
ComputeNode::GetUnfinished() const
{
    return m_jobs.size();
}

} // namespace ns3::marl
