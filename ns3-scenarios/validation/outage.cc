// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Outage of the default area: the SNR of the server with the best mean lies below 7 dB at 30 dBm. Against the closed form
// of Rayleigh fading, integrated over the placement, and against an independent Monte Carlo.

#include "models/placement.h"
#include "models/radio-network.h"

#include "ns3/config.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "validation/statistics.h"
#include "validation/topics.h"

namespace ns3::marl::validation
{

namespace
{

constexpr double THRESHOLD_DB = 7;
constexpr double PERCENT = 100;

struct Known
{
    uint32_t servers;
    double percent; ///< of the feasibility study, which placed devices uniformly
};

constexpr std::array<Known, 6> KNOWN{{{3, 0.372}, {6, 0.102}, {9, 0.052}, {12, 0.037}, {15, 0.025}, {18, 0.021}}};
constexpr double KNOWN_ROUNDING = 0.0005;
constexpr double KNOWN_SAMPLES = 1e6;

/// \return P(|h|^2 < gamma / mean SNR) = 1 - exp(-gamma / mean SNR) of the nearest server
double
GetOutage(const std::vector<Vector>& servers, const Vector& device)
{
    double nearest = std::numeric_limits<double>::infinity();
    for (const auto& server : servers)
    {
        nearest = std::min(nearest, std::hypot(server.x - device.x, server.y - device.y, server.z - device.z));
    }
    const double snrDb = 30 - (46.68 + 30 * std::log10(nearest)) + 93.97;
    return 1 - std::exp(-std::pow(10, (THRESHOLD_DB - snrDb) / 10));
}

/// A place along one axis with its probability.
struct Weighted
{
    double place;
    double weight;
};

/// Normal around a centre, moved to the border where it lies outside.
std::vector<Weighted>
GetNormal(double centre, const Placement& placement)
{
    constexpr int POINTS = 300;
    constexpr double REACH = 6; ///< standard deviations
    std::vector<Weighted> points;
    double sum = 0;
    for (int i = 0; i < POINTS; i++)
    {
        const double deviation = REACH * (2 * (i + 0.5) / POINTS - 1);
        const double weight = std::exp(-deviation * deviation / 2);
        points.push_back({std::clamp(centre + placement.hotspotSigmaM * deviation, 0.0, placement.areaM), weight});
        sum += weight;
    }
    for (auto& point : points)
    {
        point.weight /= sum;
    }
    return points;
}

std::vector<Weighted>
GetUniform(const Placement& placement)
{
    constexpr int POINTS = 300;
    std::vector<Weighted> points;
    for (int i = 0; i < POINTS; i++)
    {
        points.push_back({placement.areaM * (i + 0.5) / POINTS, 1.0 / POINTS});
    }
    return points;
}

double
Integrate(const Placement& placement,
          const std::vector<Vector>& servers,
          const std::vector<Weighted>& x,
          const std::vector<Weighted>& y)
{
    double sum = 0;
    for (const auto& column : x)
    {
        for (const auto& row : y)
        {
            sum += column.weight * row.weight * GetOutage(servers, {column.place, row.place, placement.deviceHeightM});
        }
    }
    return sum;
}

double
GetExpectedOutage(const Placement& placement, const std::vector<Vector>& servers)
{
    const auto hotspot = [&](double x, double y) {
        return Integrate(
            placement, servers, GetNormal(x * placement.areaM, placement), GetNormal(y * placement.areaM, placement));
    };
    const auto uniform = GetUniform(placement);
    return placement.hotspotShare * (hotspot(0.3, 0.35) + hotspot(0.75, 0.7)) / 2 +
           (1 - placement.hotspotShare) * Integrate(placement, servers, uniform, uniform);
}

/// Places devices, then draws all gains anew many times. Draws of one place are alike, so the error follows from the
/// shares of places.
Estimate
Sample(const Placement& placement, uint32_t serverCount, Effort effort)
{
    const uint32_t devices = effort == Effort::FULL ? 1000 : 300;
    constexpr uint32_t DRAWS = 500;
    Config::Reset();
    RngSeedManager::SetSeed(1);
    RngSeedManager::SetRun(1);
    RadioNetwork::SetAttributeDefaults();
    RadioSettings settings;
    settings.channels = 1;
    settings.propagation.fadingRho = 0;
    RadioNetwork network(settings, placement.GetDevices(devices, 0, 2), placement.GetServers(serverCount));
    network.GetPropagation().GetFading()->AssignStreams(2 * devices);
    network.GetPropagation().GetFading()->Start();
    std::vector<uint32_t> best(devices, 0);
    for (uint32_t device = 0; device < devices; device++)
    {
        for (uint32_t server = 1; server < serverCount; server++)
        {
            if (network.GetPropagation().GetMeanSnrDb(device, server) >
                network.GetPropagation().GetMeanSnrDb(device, best[device]))
            {
                best[device] = server;
            }
        }
    }
    std::vector<double> shares(devices, 0);
    for (uint32_t draw = 0; draw < DRAWS; draw++)
    {
        network.GetPropagation().GetFading()->Advance();
        for (uint32_t device = 0; device < devices; device++)
        {
            shares[device] += network.GetSnrDb(device, best[device]) < THRESHOLD_DB ? 1.0 / DRAWS : 0;
        }
    }
    Simulator::Destroy();
    return GetMean(shares);
}

void
AddOutage(Report& report, const Placement& placement, const std::string& place, const Known& known, Effort effort)
{
    const auto outage = Sample(placement, known.servers, effort);
    const std::string name = "outage, " + place + ", K = " + std::to_string(known.servers);
    report.Add({name,
                "%",
                PERCENT * GetExpectedOutage(placement, placement.GetServers(known.servers)),
                "closed form, integrated over the placement",
                PERCENT * outage.mean,
                SIGMAS * PERCENT * outage.standardError,
                FOUR_SIGMA + " over places",
                Place{"outage", place, static_cast<double>(known.servers)}});
    if (placement.hotspotShare == 0)
    {
        const double knownError = PERCENT * GetBinomialError(known.percent / PERCENT, KNOWN_SAMPLES);
        report.Add({name,
                    "%",
                    known.percent,
                    "feasibility study, Monte Carlo",
                    PERCENT * outage.mean,
                    SIGMAS * std::hypot(PERCENT * outage.standardError, knownError) + KNOWN_ROUNDING,
                    FOUR_SIGMA + " of both, 1e6 samples assumed there, and rounding",
                    {}});
    }
}

} // namespace

void
ValidateOutage(Report& report, Effort effort)
{
    Placement uniform;
    uniform.hotspotShare = 0;
    for (const auto& known : KNOWN)
    {
        AddOutage(report, {}, "hotspots (default)", known, effort);
        AddOutage(report, uniform, "uniform devices", known, effort);
    }
}

} // namespace ns3::marl::validation
