// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/edge-server.h"

#include "ns3/abort.h"
#include "ns3/log.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <utility>

namespace ns3::marl
{

NS_LOG_COMPONENT_DEFINE("EdgeServer");
NS_OBJECT_ENSURE_REGISTERED(EdgeServer);

TypeId
EdgeServer::GetTypeId()
{
    static const TypeId tid = TypeId("ns3::marl::EdgeServer")
                                  .SetParent<Object>()
                                  .SetGroupName("Ns3Marl")
                                  .AddTraceSource("Waiting",
                                                  "Jobs that wait for the CPU",
                                                  MakeTraceSourceAccessor(&EdgeServer::m_waitingJobs),
                                                  "ns3::TracedValueCallback::Uint32")
                                  .AddTraceSource("Started",
                                                  "A job got the CPU",
                                                  MakeTraceSourceAccessor(&EdgeServer::m_startedTrace),
                                                  "ns3::marl::EdgeServer::JobTracedCallback")
                                  .AddTraceSource("Finished",
                                                  "A job's last cycle has run",
                                                  MakeTraceSourceAccessor(&EdgeServer::m_finishedTrace),
                                                  "ns3::marl::EdgeServer::JobTracedCallback")
                                  .AddTraceSource("Expired",
                                                  "A job was dropped at its expiry, waiting or running",
                                                  MakeTraceSourceAccessor(&EdgeServer::m_expiredTrace),
                                                  "ns3::marl::EdgeServer::JobTracedCallback")
                                  .AddTraceSource("Dropped",
                                                  "A job was dropped because the server failed",
                                                  MakeTraceSourceAccessor(&EdgeServer::m_droppedTrace),
                                                  "ns3::marl::EdgeServer::JobTracedCallback");
    return tid;
}

EdgeServer::EdgeServer(double rateHz, Discipline discipline, const PriorityWeights& weights)
    : m_rateHz(rateHz),
      m_discipline(discipline),
      m_weights(weights)
{
    NS_ABORT_MSG_IF(rateHz <= 0, "A server needs a rate > 0 Hz, not " << rateHz);
}

void
EdgeServer::SetStartedCallback(std::function<void(uint32_t)> started)
{
    m_started = std::move(started);
}

void
EdgeServer::SetDoneCallback(std::function<void(const EdgeJob&)> done)
{
    m_done = std::move(done);
}

void
EdgeServer::Submit(EdgeJob job)
{
    m_submitted++;
    m_intervalReceived++;
    job.received = Simulator::Now();
    if (job.expiry <= job.received)
    {
        m_expired++;
        m_expiredTrace(job);
        return;
    }
    Simulator::Schedule(job.expiry - job.received, &EdgeServer::Expire, this, job.id);
    m_waiting.push_back(job);
    m_waitingJobs = static_cast<uint32_t>(m_waiting.size());
    Next();
}

std::size_t
EdgeServer::Choose() const
{
    const auto isBefore = [this](const EdgeJob& a, const EdgeJob& b) {
        if (m_discipline == Discipline::DEADLINE)
        {
            return a.expiry < b.expiry;
        }
        const auto priority = [this](const EdgeJob& job) {
            return m_weights.Get(job.expiry - Simulator::Now(), job.deadline, job.cycles, job.premium);
        };
        return priority(a) > priority(b);
    };
    return std::min_element(m_waiting.begin(), m_waiting.end(), isBefore) - m_waiting.begin();
}

void
EdgeServer::Next()
{
    if (m_running || m_waiting.empty())
    {
        return;
    }
    const auto next = m_waiting.begin() + Choose();
    m_running = *next;
    m_waiting.erase(next);
    m_waitingJobs = static_cast<uint32_t>(m_waiting.size());
    m_runningSince = Simulator::Now();
    m_rateSince = m_runningSince;
    m_executedCycles = 0;
    NS_LOG_LOGIC("task " << m_running->id << " begins after waiting "
                         << (m_runningSince - m_running->received).As(Time::MS) << ", " << m_waiting.size() << " wait");
    m_startedTrace(*m_running);
    m_intervalWait += m_runningSince - m_running->received;
    m_intervalBegun++;
    ScheduleFinish();
    if (m_started)
    {
        m_started(m_running->id);
    }
}

void
EdgeServer::ScheduleFinish()
{
    const double restCycles = std::max(0.0, m_running->cycles - m_executedCycles);
    m_finish = Simulator::Schedule(Seconds(restCycles / m_rateHz), &EdgeServer::Finish, this);
}

double
EdgeServer::GetExecutedCycles() const
{
    return m_executedCycles + (Simulator::Now() - m_rateSince).GetSeconds() * m_rateHz;
}

void
EdgeServer::SetRate(double rateHz)
{
    NS_ABORT_MSG_IF(rateHz <= 0, "A server needs a rate > 0 Hz, not " << rateHz);
    if (m_running)
    {
        m_executedCycles = GetExecutedCycles();
        m_rateSince = Simulator::Now();
    }
    m_rateHz = rateHz;
    if (m_running)
    {
        m_finish.Cancel();
        ScheduleFinish();
    }
}

void
EdgeServer::Finish()
{
    NS_ABORT_MSG_IF(!m_running, "A job ended that does not run");
    const EdgeJob job = *m_running;
    m_busy += Simulator::Now() - m_runningSince;
    m_running.reset();
    m_finished++;
    m_finishedTrace(job);
    if (m_done)
    {
        m_done(job);
    }
    Next();
}

void
EdgeServer::Expire(uint32_t id)
{
    if (m_running && m_running->id == id)
    {
        m_finish.Cancel();
        m_busy += Simulator::Now() - m_runningSince;
        const EdgeJob job = *m_running;
        m_running.reset();
        m_expired++;
        NS_LOG_INFO("task " << id << " expires while it runs, " << m_waiting.size() << " wait");
        m_expiredTrace(job);
        Next();
        return;
    }
    const auto waiting =
        std::find_if(m_waiting.begin(), m_waiting.end(), [id](const EdgeJob& job) { return job.id == id; });
    if (waiting != m_waiting.end())
    {
        m_expired++;
        NS_LOG_INFO("task " << id << " expires while it waits, " << m_waiting.size() - 1 << " others wait");
        m_expiredTrace(*waiting);
        m_waiting.erase(waiting);
        m_waitingJobs = static_cast<uint32_t>(m_waiting.size());
    }
}

std::vector<uint32_t>
EdgeServer::Drop()
{
    std::vector<EdgeJob> jobs;
    if (m_running)
    {
        m_finish.Cancel();
        m_busy += Simulator::Now() - m_runningSince;
        jobs.push_back(*m_running);
        m_running.reset();
    }
    jobs.insert(jobs.end(), m_waiting.begin(), m_waiting.end());
    m_waiting.clear();
    m_waitingJobs = 0;
    m_dropped += jobs.size();
    NS_LOG_INFO("drops " << jobs.size() << " jobs");
    std::vector<uint32_t> ids;
    for (const auto& job : jobs)
    {
        m_droppedTrace(job);
        ids.push_back(job.id);
    }
    return ids;
}

double
EdgeServer::GetRateHz() const
{
    return m_rateHz;
}

std::size_t
EdgeServer::GetWaiting() const
{
    return m_waiting.size();
}

Time
EdgeServer::GetBacklog() const
{
    double cycles = 0;
    for (const auto& job : m_waiting)
    {
        cycles += job.cycles;
    }
    if (m_running)
    {
        cycles += std::max(0.0, m_running->cycles - GetExecutedCycles());
    }
    return Seconds(cycles / m_rateHz);
}

Time
EdgeServer::GetBusyTime() const
{
    return m_running ? m_busy + Simulator::Now() - m_runningSince : m_busy;
}

uint64_t
EdgeServer::GetExpired() const
{
    return m_expired;
}

uint64_t
EdgeServer::GetDropped() const
{
    return m_dropped;
}

void
EdgeServer::CheckConservation() const
{
    const uint64_t here = m_waiting.size() + (m_running ? 1 : 0);
    NS_ABORT_MSG_IF(m_submitted != m_finished + m_expired + m_dropped + here,
                    m_submitted << " jobs came, but " << m_finished << " are done, " << m_expired << " expired, "
                                << m_dropped << " were dropped and " << here << " are waiting or running");
}

EdgeServer::Interval
EdgeServer::TakeInterval()
{
    const Time now = Simulator::Now();
    const Time busy = GetBusyTime();
    Interval interval;
    if (now > m_intervalStart)
    {
        interval.utilisation = ((busy - m_intervalBusy) / (now - m_intervalStart)).GetDouble();
    }
    if (m_intervalBegun > 0)
    {
        interval.meanWait = m_intervalWait / static_cast<int64_t>(m_intervalBegun);
    }
    interval.received = m_intervalReceived;
    m_intervalStart = now;
    m_intervalBusy = busy;
    m_intervalWait = Time(0);
    m_intervalBegun = 0;
    m_intervalReceived = 0;
    return interval;
}

} // namespace ns3::marl
