// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Servers and device CPUs as queues, against queueing theory. The mean service time is 1 s.

#include <array>
#include <functional>
#include <vector>

#include "validation/queue.h"
#include "validation/statistics.h"
#include "validation/topics.h"

namespace ns3::marl::validation
{

namespace
{

constexpr std::array<double, 4> LOADS{0.3, 0.5, 0.7, 0.9};

/// Pollaczek and Khinchine: W_q = rho (1 + C^2) / (2 mu (1 - rho)), C^2 = 1 for exponential and 0 for constant services.
double
GetMeanWait(const Queue& queue)
{
    const double variation = queue.services == Law::EXPONENTIAL ? 1 : 0;
    return queue.load * (1 + variation) / (2 * (1 - queue.load));
}

uint32_t
GetJobs(const Queue& queue, Effort effort)
{
    const uint32_t jobs = effort == Effort::FULL ? 500'000 : 40'000;
    return queue.load > 0.8 ? 4 * jobs : jobs; // long waits are correlated over long times
}

Estimate
GetEstimate(const std::vector<Served>& jobs, const std::function<double(const Served&)>& measure)
{
    std::vector<double> values;
    values.reserve(jobs.size());
    for (const auto& job : jobs)
    {
        values.push_back(measure(job));
    }
    return GetBatchMeans(values);
}

double
GetWaitS(const Served& job)
{
    return (job.start - job.arrival).GetSeconds();
}

double
GetSojournS(const Served& job)
{
    return (job.end - job.arrival).GetSeconds();
}

void
AddTimes(Report& report, const Queue& queue, Effort effort)
{
    const std::string name = queue.GetName();
    const std::string rho = ", rho = " + std::to_string(queue.load).substr(0, 3);
    const std::string source = queue.services == Law::EXPONENTIAL ? "W = 1/(mu - lambda)" : "Pollaczek-Khinchine";
    const double wait = GetMeanWait(queue);
    const std::string basis = FOUR_SIGMA + " (batch means)";
    const auto edge = ServeAtEdge(queue, GetJobs(queue, effort));
    const auto edgeWait = GetEstimate(edge, GetWaitS);
    const auto edgeSojourn = GetEstimate(edge, GetSojournS);
    const auto device = GetEstimate(ServeAtDevice(queue, GetJobs(queue, effort)), GetSojournS);
    report.Add({"edge server, " + name + ", mean wait W_q" + rho,
                "s",
                wait,
                source,
                edgeWait.mean,
                SIGMAS * edgeWait.standardError,
                basis,
                {}});
    report.Add({"edge server, " + name + ", mean time W" + rho,
                "s",
                wait + 1,
                source,
                edgeSojourn.mean,
                SIGMAS * edgeSojourn.standardError,
                basis,
                Place{"queues", "edge server, " + name, queue.load}});
    report.Add({"device CPU, " + name + ", mean time W" + rho,
                "s",
                wait + 1,
                source,
                device.mean,
                SIGMAS * device.standardError,
                basis,
                Place{"queues", "device CPU, " + name, queue.load}});
}

/// Two classes without pre-emption, of which 30 % of the jobs go first (Cobham 1954):
/// W_1 = W_0 / (1 - rho_1), W_2 = W_0 / ((1 - rho_1)(1 - rho)), with W_0 = (1 - rho) W_q the work in service that is found.
void
AddClasses(Report& report, const Queue& queue, Effort effort)
{
    constexpr double SHARE = 0.3;
    const double residual = (1 - queue.load) * GetMeanWait(queue);
    const double premium = residual / (1 - SHARE * queue.load);
    const auto jobs = ServeAtEdge(queue, GetJobs(queue, effort), SHARE);
    for (const bool isPremium : {true, false})
    {
        std::vector<Served> chosen;
        for (const auto& job : jobs)
        {
            if (job.premium == isPremium)
            {
                chosen.push_back(job);
            }
        }
        const auto wait = GetEstimate(chosen, GetWaitS);
        report.Add({"edge server by priority, " + queue.GetName() + (isPremium ? ", premium" : ", standard") +
                        ", mean wait, rho = " + std::to_string(queue.load).substr(0, 3),
                    "s",
                    isPremium ? premium : premium / (1 - queue.load),
                    "Cobham 1954",
                    wait.mean,
                    SIGMAS * wait.standardError,
                    FOUR_SIGMA + " (batch means)",
                    {}});
    }
}

} // namespace

void
ValidateQueues(Report& report, Effort effort)
{
    for (const auto services : {Law::EXPONENTIAL, Law::CONSTANT})
    {
        for (const double load : LOADS)
        {
            AddTimes(report, {Law::EXPONENTIAL, services, load}, effort);
        }
        AddClasses(report, {Law::EXPONENTIAL, services, 0.7}, effort);
    }
}

} // namespace ns3::marl::validation
