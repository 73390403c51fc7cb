// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Age of information of first-come-first-served queues, against Kaul, Yates and Gruteser (INFOCOM 2012). The updates go
// through an EdgeServer with a mean service time of 1 s.

#include "models/age-tracker.h"

#include <array>
#include <cmath>
#include <vector>

#include "validation/queue.h"
#include "validation/statistics.h"
#include "validation/topics.h"

namespace ns3::marl::validation
{

namespace
{

struct Case
{
    Law arrivals;
    Law services;
    std::array<double, 4> ages; ///< mean age at the loads below [s]
};

constexpr std::array<double, 4> LOADS{0.3, 0.5, 0.7, 0.9};
constexpr std::array<Case, 3> CASES{{{Law::EXPONENTIAL, Law::EXPONENTIAL, {4.4619, 3.5000, 4.0619, 10.2111}},
                                     {Law::EXPONENTIAL, Law::CONSTANT, {4.3640, 3.1487, 3.0297, 5.7733}},
                                     {Law::CONSTANT, Law::EXPONENTIAL, {2.7093, 2.2550, 2.5904, 5.7342}}}};
constexpr double ROUNDING = 0.00005; ///< of the figures above

/// The root in (0, 1) of beta = exp(-(1 - beta) / rho), by iteration: what an update of D/M/1 meets.
double
GetBeta(double load)
{
    double beta = 0;
    for (int i = 0; i < 10'000; i++)
    {
        beta = std::exp(-(1 - beta) / load);
    }
    return beta;
}

/// A peak is the time between two updates plus the time of the second one in the system.
double
GetMeanPeak(const Queue& queue)
{
    const double rho = queue.load;
    if (queue.arrivals == Law::CONSTANT)
    {
        return 1 / rho + 1 / (1 - GetBeta(rho));
    }
    return 1 / rho + 1 + rho / (1 - rho) / (queue.services == Law::CONSTANT ? 2 : 1);
}

double
GetMeanAge(const Queue& queue)
{
    const double rho = queue.load;
    if (queue.arrivals == Law::CONSTANT)
    {
        return 1 / (2 * rho) + 1 / (1 - GetBeta(rho));
    }
    if (queue.services == Law::CONSTANT)
    {
        return 1 / (2 * (1 - rho)) + 0.5 + (1 - rho) * std::exp(rho) / rho;
    }
    return 1 + 1 / rho + rho * rho / (1 - rho);
}

/// What the tracker says of the updates' receptions.
struct Measured
{
    Estimate age;
    Estimate peak;
    double trackedPeak{0}; ///< AgeTracker::GetMeanPeak
};

/// The age grows by one each second between receptions, so a trapezoid under it is exact.
Measured
Measure(const std::vector<Served>& updates)
{
    AgeTracker tracker;
    std::vector<double> areas;
    std::vector<double> spans;
    std::vector<double> peaks;
    Time last;
    for (const auto& update : updates)
    {
        const double before = tracker.GetAge(last).GetSeconds();
        const double peak = tracker.GetAge(update.end).GetSeconds();
        const double span = (update.end - last).GetSeconds();
        areas.push_back((before + peak) / 2 * span);
        spans.push_back(span);
        peaks.push_back(peak);
        tracker.Update(update.arrival, update.end);
        last = update.end;
    }
    const auto span = GetBatchMeans(spans);
    const auto area = GetBatchMeans(areas);
    // error of a ratio, to first order
    std::vector<double> residuals(areas.size());
    for (std::size_t i = 0; i < areas.size(); i++)
    {
        residuals[i] = areas[i] - area.mean / span.mean * spans[i];
    }
    return {{area.mean / span.mean, GetBatchMeans(residuals).standardError / span.mean},
            GetBatchMeans(peaks),
            tracker.GetMeanPeak().GetSeconds()};
}

void
AddCurve(Report& report, Queue queue)
{
    Curve curve{"age", queue.GetName(), {}, {}};
    for (int percent = 20; percent <= 92; percent++)
    {
        queue.load = percent / 100.0;
        curve.x.push_back(queue.load);
        curve.y.push_back(GetMeanAge(queue));
    }
    report.Add(curve);
}

} // namespace

void
ValidateAge(Report& report, Effort effort)
{
    for (const auto& [arrivals, services, ages] : CASES)
    {
        AddCurve(report, {arrivals, services, 0});
        for (std::size_t i = 0; i < LOADS.size(); i++)
        {
            const Queue queue{arrivals, services, LOADS[i]};
            const std::string rho = ", rho = " + std::to_string(queue.load).substr(0, 3);
            const uint32_t jobs = (effort == Effort::FULL ? 500'000 : 40'000) * (queue.load > 0.8 ? 4 : 1);
            const auto measured = Measure(ServeAtEdge(queue, jobs));
            report.Add({queue.GetName() + ", mean age" + rho,
                        "s",
                        ages[i],
                        "Kaul, Yates and Gruteser 2012",
                        measured.age.mean,
                        SIGMAS * measured.age.standardError + ROUNDING,
                        FOUR_SIGMA + " (batch means) and rounding",
                        Place{"age", queue.GetName(), queue.load}});
            report.Add({queue.GetName() + ", mean peak age" + rho,
                        "s",
                        GetMeanPeak(queue),
                        "1/lambda + W",
                        measured.trackedPeak,
                        SIGMAS * measured.peak.standardError,
                        FOUR_SIGMA + " (batch means)",
                        {}});
        }
    }
}

} // namespace ns3::marl::validation
