// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Loss, shadowing and driving on the streets of cognitive-v2x against 3GPP TR 37.885 and TR 36.885.

#include "models/manhattan-route.h"

#include "ns3/boolean.h"
#include "ns3/constant-position-mobility-model.h"
#include "ns3/double.h"
#include "ns3/node.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/three-gpp-v2v-propagation-loss-model.h"

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "scenarios/cognitive-v2x/network.h"
#include "validation/statistics.h"
#include "validation/topics.h"

namespace ns3::marl::validation
{

namespace
{

using cognitive_v2x::Network;
using cognitive_v2x::Settings;

constexpr double CARRIER_GHZ = 5.9;
const std::string SOURCE = "TR 37.885, table 6.2.1-1";

double
GetFormula(bool isLos, double distanceM)
{
    return isLos ? 38.77 + 16.7 * std::log10(distanceM) + 18.2 * std::log10(CARRIER_GHZ)
                 : 36.85 + 30 * std::log10(distanceM) + 18.9 * std::log10(CARRIER_GHZ);
}

/// Of ns-3's model on the streets of ManhattanConditionModel.
double
GetModelLossDb(const Vector& a, const Vector& b)
{
    const auto loss = CreateObjectWithAttributes<ThreeGppV2vUrbanPropagationLossModel>(
        "Frequency", DoubleValue(CARRIER_GHZ * 1e9), "ShadowingEnabled", BooleanValue(false));
    loss->SetChannelConditionModel(CreateObject<ManhattanConditionModel>());
    const auto place = [](const Vector& position) {
        const auto mobility = CreateObject<ConstantPositionMobilityModel>();
        mobility->SetPosition(position);
        CreateObject<Node>()->AggregateObject(mobility);
        return mobility;
    };
    return -loss->CalcRxPower(0, place(a), place(b));
}

/// By hand, not by the model's own grid: both within 10 m of the centre line of one street.
bool
AreOnOneStreet(const Vector& a, const Vector& b)
{
    for (int i = 0; i < 10; i++)
    {
        const bool alongY = std::abs(a.x - 250.0 * i) <= 10 && std::abs(b.x - 250.0 * i) <= 10;
        const bool alongX = std::abs(a.y - 433.0 * i) <= 10 && std::abs(b.y - 433.0 * i) <= 10;
        if (alongX || alongY)
        {
            return true;
        }
    }
    return false;
}

void
AddLosses(Report& report, uint32_t networks)
{
    std::array<std::vector<double>, 2> shadowingDb; ///< of NLOS and LOS links
    std::array<double, 2> largest{};                ///< difference between formula and model without shadowing
    for (uint32_t n = 0; n < networks; n++)
    {
        RngSeedManager::SetRun(n + 1);
        Settings settings;
        settings.Resolve();
        Network network(settings);
        const uint32_t vehicles = 2 * settings.pairs;
        for (uint32_t a = 0; a < vehicles; a++)
        {
            for (uint32_t b = a + 1; b < vehicles; b++)
            {
                const auto from = network.GetMobility(a)->GetPosition();
                const auto to = network.GetMobility(b)->GetPosition();
                const double distanceM = CalculateDistance(from, to);
                if (distanceM < 10)
                {
                    continue; // the least loss may hold
                }
                const bool isLos = AreOnOneStreet(from, to);
                const double expectedDb = GetFormula(isLos, distanceM);
                const double differenceDb = network.GetExpectedLossDb(a, b) - expectedDb;
                largest[isLos] = std::abs(differenceDb) > std::abs(largest[isLos]) ? differenceDb : largest[isLos];
                shadowingDb[isLos].push_back(network.GetLossDb(a, b) - expectedDb);
            }
        }
        Simulator::Destroy();
    }
    RngSeedManager::SetRun(1);
    for (const bool isLos : {true, false})
    {
        const std::string kind = isLos ? "LOS" : "NLOS";
        const auto& residuals = shadowingDb[isLos];
        const auto mean = GetMean(residuals);
        const auto count = static_cast<double>(residuals.size());
        const double sigmaDb = isLos ? 3 : 4;
        report.Add({"loss without shadowing, largest difference from the formula over " +
                        std::to_string(residuals.size()) + " " + kind + " links",
                    "dB",
                    0,
                    SOURCE,
                    largest[isLos],
                    1e-9,
                    "arithmetic",
                    {}});
        report.Add({"mean of the shadowing, " + kind,
                    "dB",
                    0,
                    SOURCE,
                    mean.mean,
                    SIGMAS * sigmaDb / std::sqrt(count),
                    FOUR_SIGMA,
                    {}});
        report.Add({"standard deviation of the shadowing, " + kind,
                    "dB",
                    sigmaDb,
                    SOURCE,
                    mean.standardError * std::sqrt(count),
                    SIGMAS * sigmaDb / std::sqrt(2 * count),
                    FOUR_SIGMA,
                    {}});
    }
}

/// The formulas at round distances, along one street and around a corner.
void
AddCurves(Report& report)
{
    for (const bool isLos : {true, false})
    {
        Curve curve{"streets", isLos ? "LOS" : "NLOS", {}, {}};
        for (double distanceM = 20; distanceM <= 600; distanceM *= 1.1)
        {
            curve.x.push_back(distanceM);
            curve.y.push_back(GetFormula(isLos, distanceM));
        }
        report.Add(curve);
    }
    // Worked out by hand: 16.7 log10 d + 52.80 and 30 log10 d + 51.42.
    struct Point
    {
        bool isLos;
        double distanceM;
        double lossDb;
    };

    for (const auto& [isLos, distanceM, lossDb] : {Point{true, 50, 81.2},
                                                   Point{true, 100, 86.2},
                                                   Point{true, 400, 96.3},
                                                   Point{false, 50, 102.4},
                                                   Point{false, 100, 111.4},
                                                   Point{false, 400, 129.5}})
    {
        const double legM = distanceM / std::sqrt(2.0);
        const Vector a(0, isLos ? 30 : legM, 1.6);
        const Vector b(isLos ? 0 : legM, isLos ? 30 + distanceM : 0, 1.6);
        report.Add({std::string(isLos ? "LOS" : "NLOS") + " at " + std::to_string(static_cast<int>(distanceM)) + " m",
                    "dB",
                    lossDb,
                    SOURCE + ", by hand",
                    GetModelLossDb(a, b),
                    0.05,
                    "rounding",
                    Place{"streets", isLos ? "LOS" : "NLOS", distanceM}});
    }
}

void
AddDriving(Report& report, uint32_t routes)
{
    DrivenStreets streets;
    streets.blocksX = 40;
    streets.blocksY = 40;
    std::array<double, ManhattanRoute::TURNS> turns{};
    for (uint32_t i = 0; i < routes; i++)
    {
        ManhattanRoute route(streets, 1.6, 70'000 + i);
        const Vector begin = route.GetPlace(0);
        // Inside of the grid only, where all ways exist.
        if (begin.x < 3000 || begin.x > 7000 || begin.y < 6000 || begin.y > 11000)
        {
            continue;
        }
        route.GetPlace(2500);
        for (uint32_t turn = 0; turn < ManhattanRoute::TURNS; turn++)
        {
            turns[turn] += static_cast<double>(route.GetTurns()[turn]);
        }
    }
    const double all = turns[0] + turns[1] + turns[2];
    constexpr std::array<double, ManhattanRoute::TURNS> EXPECTED{0.5, 0.25, 0.25};
    const std::array<std::string, ManhattanRoute::TURNS> names{"straight on", "left", "right"};
    for (uint32_t turn = 0; turn < ManhattanRoute::TURNS; turn++)
    {
        report.Add({"share of crossings that a vehicle leaves " + names[turn],
                    "1",
                    EXPECTED[turn],
                    "TR 36.885, annex A.1.2",
                    turns[turn] / all,
                    SIGMAS * GetBinomialError(EXPECTED[turn], all),
                    FOUR_SIGMA,
                    {}});
    }
}

} // namespace

void
ValidateStreets(Report& report, Effort effort)
{
    const bool isFull = effort == Effort::FULL;
    AddCurves(report);
    AddLosses(report, isFull ? 100 : 15);
    AddDriving(report, isFull ? 20'000 : 2000);
}

} // namespace ns3::marl::validation
