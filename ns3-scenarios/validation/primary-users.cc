// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Occupancy, stays and memory of primary users against the two-state Markov process.

#include "models/primary-user.h"

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "validation/statistics.h"
#include "validation/topics.h"

namespace ns3::marl::validation
{

namespace
{

const std::string SOURCE = "two-state Markov process";

} // namespace

void
ValidatePrimaryUsers(Report& report, Effort effort)
{
    const int users = effort == Effort::FULL ? 2000 : 200;
    constexpr double SPAN_S = 20;
    const Time on = MilliSeconds(350);
    const Time off = MilliSeconds(150);
    const double rate = 1 / on.GetSeconds() + 1 / off.GetSeconds();
    constexpr std::array<double, 6> LAGS_S{0.01, 0.03, 0.1, 0.2, 0.3, 0.5};
    std::vector<double> shares;
    std::array<std::vector<double>, 2> staysS; ///< of off and on, complete ones
    std::array<double, LAGS_S.size()> together{};
    double begunOn = 0;
    for (int i = 0; i < users; i++)
    {
        PrimaryUser user(on, off);
        user.AssignStreams(10'000 + i);
        shares.push_back(user.GetOnTime(Time(0), Seconds(SPAN_S)).GetSeconds() / SPAN_S);
        const bool isOn = user.IsOn(Seconds(1));
        begunOn += isOn;
        for (std::size_t lag = 0; lag < LAGS_S.size(); lag++)
        {
            together[lag] += isOn && user.IsOn(Seconds(1 + LAGS_S[lag]));
        }
        // The first five stays of either kind: a fixed span would hold more short ones.
        for (Time now = user.GetChange(Time(0)); staysS[0].size() + staysS[1].size() < 10U * (i + 1);)
        {
            const Time end = user.GetChange(now);
            staysS[user.IsOn(now)].push_back((end - now).GetSeconds());
            now = end;
        }
    }
    const double duty = on.GetSeconds() / (on + off).GetSeconds();
    const auto share = GetMean(shares);
    report.Add({"share of time on, means of 350 ms on and 150 ms off",
                "1",
                duty,
                SOURCE,
                share.mean,
                SIGMAS * share.standardError,
                FOUR_SIGMA,
                {}});
    for (const bool state : {true, false})
    {
        const auto stay = GetMean(staysS[state]);
        report.Add({std::string("mean time ") + (state ? "on" : "off"),
                    "s",
                    (state ? on : off).GetSeconds(),
                    SOURCE,
                    stay.mean,
                    SIGMAS * stay.standardError,
                    FOUR_SIGMA,
                    {}});
        // Of an exponential time the deviation is the mean.
        double squares = 0;
        for (const double s : staysS[state])
        {
            squares += (s - stay.mean) * (s - stay.mean);
        }
        const auto count = static_cast<double>(staysS[state].size());
        report.Add({std::string("standard deviation of the time ") + (state ? "on" : "off"),
                    "s",
                    (state ? on : off).GetSeconds(),
                    "exponential distribution",
                    std::sqrt(squares / count),
                    SIGMAS * stay.mean * std::sqrt(2 / count), // its fourth central moment is 9 sigma^4
                    FOUR_SIGMA,
                    {}});
    }
    Curve curve{"primary-users", "still on", {}, {}};
    for (int i = 0; i <= 50; i++)
    {
        curve.x.push_back(i / 100.0);
        curve.y.push_back(duty + (1 - duty) * std::exp(-rate * i / 100.0));
    }
    report.Add(curve);
    for (std::size_t lag = 0; lag < LAGS_S.size(); lag++)
    {
        const double expected = duty + (1 - duty) * std::exp(-rate * LAGS_S[lag]);
        report.Add({"on again after " + std::to_string(static_cast<int>(1000 * LAGS_S[lag])) + " ms",
                    "1",
                    expected,
                    SOURCE,
                    together[lag] / begunOn,
                    SIGMAS * GetBinomialError(expected, begunOn),
                    FOUR_SIGMA,
                    Place{"primary-users", "still on", LAGS_S[lag]}});
    }
}

} // namespace ns3::marl::validation
