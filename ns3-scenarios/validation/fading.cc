// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Rayleigh block fading with Gauss-Markov memory, over 50 000 independent pairs.

#include "models/gauss-markov-fading.h"

#include "ns3/constant-position-mobility-model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <string>
#include <vector>

#include "validation/statistics.h"
#include "validation/topics.h"

namespace ns3::marl::validation
{

namespace
{

constexpr double RHO = 0.9;
constexpr uint32_t DEVICES = 100;

std::vector<Ptr<MobilityModel>>
CreateEndpoints(uint32_t count)
{
    std::vector<Ptr<MobilityModel>> endpoints;
    for (uint32_t i = 0; i < count; i++)
    {
        endpoints.push_back(CreateObject<ConstantPositionMobilityModel>());
    }
    return endpoints;
}

std::vector<std::complex<double>>
GetGains(const GaussMarkovFading& fading, uint32_t servers)
{
    std::vector<std::complex<double>> gains;
    for (uint32_t device = 0; device < DEVICES; device++)
    {
        for (uint32_t server = 0; server < servers; server++)
        {
            gains.push_back(fading.GetGain(device, server));
        }
    }
    return gains;
}

/// The Kolmogorov distance between |h|^2 and the exponential distribution with mean 1.
void
AddMarginal(Report& report, const GaussMarkovFading& fading, uint32_t servers, const std::string& when)
{
    std::vector<double> powers;
    for (uint32_t device = 0; device < DEVICES; device++)
    {
        for (uint32_t server = 0; server < servers; server++)
        {
            powers.push_back(std::pow(10, fading.GetGainDb(device, server) / 10));
        }
    }
    std::sort(powers.begin(), powers.end());
    const auto count = static_cast<double>(powers.size());
    Curve curve{"fading-distribution", "measured " + when, {}, {}};
    double distance = 0;
    for (std::size_t i = 0; i < powers.size(); i++)
    {
        const double expected = 1 - std::exp(-powers[i]);
        const auto below = static_cast<double>(i);
        distance = std::max({distance, std::abs(expected - below / count), std::abs((below + 1) / count - expected)});
        if (i % (powers.size() / 100) == 0)
        {
            curve.x.push_back(powers[i]);
            curve.y.push_back((below + 0.5) / count);
        }
    }
    report.Add(curve);
    report.Add({"power gain against Exp(1), Kolmogorov distance, " + when,
                "1",
                0,
                "Rayleigh fading",
                distance,
                1.95 / std::sqrt(count),
                "99.9 % quantile of the distance",
                {}});
}

} // namespace

void
ValidateFading(Report& report, Effort effort)
{
    const uint32_t servers = effort == Effort::FULL ? 500 : 200;
    const auto fading = CreateObject<GaussMarkovFading>();
    fading->SetEndpoints(CreateEndpoints(DEVICES), CreateEndpoints(servers), RHO);
    fading->AssignStreams(1);
    fading->Start();
    const auto first = GetGains(*fading, servers);
    Curve exponential{"fading-distribution", "Exp(1)", {}, {}};
    for (double power = 0; power < 10; power += 0.1)
    {
        exponential.x.push_back(power);
        exponential.y.push_back(1 - std::exp(-power));
    }
    report.Add(exponential);
    AddMarginal(report, *fading, servers, "at the start");

    constexpr int STEPS = 16;
    constexpr std::array<int, 5> CHECKED{1, 2, 4, 8, STEPS};
    Curve theoryGain{"fading-memory", "of h", {}, {}};
    Curve theoryPower{"fading-memory", "of its power", {}, {}};
    for (int step = 1; step <= STEPS; step++)
    {
        fading->Advance();
        const double expected = std::pow(RHO, step);
        for (auto* curve : {&theoryGain, &theoryPower})
        {
            curve->x.push_back(step);
            curve->y.push_back(curve == &theoryGain ? expected : expected * expected);
        }
        if (std::find(CHECKED.begin(), CHECKED.end(), step) == CHECKED.end())
        {
            continue;
        }
        const auto now = GetGains(*fading, servers);
        std::vector<double> gains;
        std::vector<double> powers;
        for (std::size_t i = 0; i < first.size(); i++)
        {
            gains.push_back((first[i] * std::conj(now[i])).real());
            powers.push_back((std::norm(first[i]) - 1) * (std::norm(now[i]) - 1)); // mean and variance of both are 1
        }
        const auto gain = GetMean(gains);
        const auto power = GetMean(powers);
        const std::string lag = ", lag " + std::to_string(step);
        report.Add({"autocorrelation of h" + lag,
                    "1",
                    expected,
                    "rho^n, rho = 0.9",
                    gain.mean,
                    SIGMAS * gain.standardError,
                    FOUR_SIGMA,
                    Place{"fading-memory", "of h", static_cast<double>(step)}});
        report.Add({"autocorrelation of the power" + lag,
                    "1",
                    expected * expected,
                    "rho^(2n), rho = 0.9",
                    power.mean,
                    SIGMAS * power.standardError,
                    FOUR_SIGMA,
                    Place{"fading-memory", "of its power", static_cast<double>(step)}});
    }
    report.Add(theoryGain);
    report.Add(theoryPower);
    AddMarginal(report, *fading, servers, "after " + std::to_string(STEPS) + " steps");
}

} // namespace ns3::marl::validation
