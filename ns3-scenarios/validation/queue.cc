// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "validation/queue.h"

#include "models/compute-node.h"
#include "models/edge-server.h"

#include "ns3/abort.h"
#include "ns3/double.h"
#include "ns3/simulator.h"

#include <utility>

namespace ns3::marl::validation
{

namespace
{

constexpr double RATE_HZ = 1e9;
const Time ALLOWANCE = Seconds(10'000);
constexpr int64_t EDGE_STREAM = 1;
constexpr int64_t DEVICE_STREAM = 11;

Ptr<RandomVariableStream>
CreateVariable(Law law, double mean, int64_t stream)
{
    Ptr<RandomVariableStream> variable;
    if (law == Law::CONSTANT)
    {
        variable = CreateObjectWithAttributes<ConstantRandomVariable>("Constant", DoubleValue(mean));
    }
    else
    {
        variable = CreateObjectWithAttributes<ExponentialRandomVariable>("Mean", DoubleValue(mean));
    }
    variable->SetStream(stream);
    return variable;
}

/// Lets jobs arrive one after the other.
class Arrivals
{
  public:
    /// \param stream of random numbers, and the one after it \param submit takes a job's number and its work
    Arrivals(const Queue& queue, uint32_t jobs, int64_t stream, std::function<void(uint32_t, double)> submit)
        : m_jobs(jobs),
          m_gap(CreateVariable(queue.arrivals, 1 / queue.load, stream)),
          m_service(CreateVariable(queue.services, 1, stream + 1)),
          m_submit(std::move(submit))
    {
        Simulator::Schedule(Seconds(m_gap->GetValue()), &Arrivals::Arrive, this);
    }

  private:
    void Arrive()
    {
        const uint32_t id = m_arrived++;
        if (m_arrived < m_jobs)
        {
            Simulator::Schedule(Seconds(m_gap->GetValue()), &Arrivals::Arrive, this);
        }
        m_submit(id, m_service->GetValue() * RATE_HZ);
    }

    uint32_t m_jobs;
    uint32_t m_arrived{0};
    Ptr<RandomVariableStream> m_gap;
    Ptr<RandomVariableStream> m_service;
    std::function<void(uint32_t, double)> m_submit;
};

} // namespace

std::string
Queue::GetName() const
{
    const auto letter = [](Law law) { return law == Law::CONSTANT ? "D/" : "M/"; };
    return std::string(letter(arrivals)) + letter(services) + "1";
}

std::vector<Served>
ServeAtEdge(const Queue& queue, uint32_t jobs, double premiumShare)
{
    const bool hasClasses = premiumShare > 0;
    EdgeServer server(
        RATE_HZ, hasClasses ? Discipline::PRIORITY : Discipline::DEADLINE, PriorityWeights{0, 0, 1, RATE_HZ});
    const auto uniform = CreateObject<UniformRandomVariable>();
    uniform->SetStream(EDGE_STREAM + 2);
    std::vector<Served> all(jobs);
    std::vector<Served> ended;
    server.SetStartedCallback([&](uint32_t id) { all[id].start = Simulator::Now(); });
    server.SetDoneCallback([&](const EdgeJob& job) {
        all[job.id].end = Simulator::Now();
        ended.push_back(all[job.id]);
    });
    const Arrivals arrivals(queue, jobs, EDGE_STREAM, [&](uint32_t id, double cycles) {
        const Time now = Simulator::Now();
        all[id].arrival = now;
        all[id].premium = uniform->GetValue() < premiumShare;
        EdgeJob job;
        job.id = id;
        job.cycles = cycles;
        job.expiry = now + ALLOWANCE;
        job.deadline = ALLOWANCE;
        job.premium = all[id].premium;
        server.Submit(job);
    });
    Simulator::Run();
    Simulator::Destroy();
    NS_ABORT_MSG_IF(ended.size() != jobs, "Only " << ended.size() << " of " << jobs << " jobs ended");
    return ended;
}

std::vector<Served>
ServeAtDevice(const Queue& queue, uint32_t jobs)
{
    ComputeNode cpu(RATE_HZ, 1e-27);
    std::vector<Served> ended;
    const Arrivals arrivals(queue, jobs, DEVICE_STREAM, [&](uint32_t id, double cycles) {
        const Time now = Simulator::Now();
        cpu.Submit(id, cycles, [&ended, now] { ended.push_back({now, {}, Simulator::Now(), false}); });
    });
    Simulator::Run();
    Simulator::Destroy();
    NS_ABORT_MSG_IF(ended.size() != jobs, "Only " << ended.size() << " of " << jobs << " jobs ended");
    return ended;
}

} // namespace ns3::marl::validation
