// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/manhattan-condition.h"

#include "ns3/boolean.h"
#include "ns3/constant-position-mobility-model.h"
#include "ns3/double.h"
#include "ns3/node.h"
#include "ns3/three-gpp-v2v-propagation-loss-model.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ns3::marl
{
namespace
{

TEST(ManhattanCondition, OneStreetOrAroundACorner)
{
    const ManhattanGrid grid;
    EXPECT_TRUE(grid.IsOnOneStreet({0, 10, 1.6}, {4, 900, 1.6}));     // along x = 0
    EXPECT_TRUE(grid.IsOnOneStreet({-300, 433, 1.6}, {700, 430, 1})); // along y = 433
    EXPECT_TRUE(grid.IsOnOneStreet({250, 433, 0}, {250, 0, 0}));      // from a crossing
    EXPECT_FALSE(grid.IsOnOneStreet({0, 100, 0}, {250, 100, 0}));     // streets side by side, across a block
    EXPECT_FALSE(grid.IsOnOneStreet({0, 100, 0}, {100, 0, 0}));       // around a corner
    EXPECT_FALSE(grid.IsOnOneStreet({0, 100, 0}, {11, 200, 0}));      // beside the street
}

TEST(ManhattanCondition, PathLossOfTr37885)
{
    const auto condition = CreateObject<ManhattanConditionModel>();
    const auto loss = CreateObject<ThreeGppV2vUrbanPropagationLossModel>();
    loss->SetAttribute("Frequency", DoubleValue(5.9e9));
    loss->SetAttribute("ShadowingEnabled", BooleanValue(false));
    loss->SetChannelConditionModel(condition);
    const auto place = [](double xM, double yM) {
        const auto node = CreateObject<Node>();
        const auto mobility = CreateObject<ConstantPositionMobilityModel>();
        mobility->SetPosition({xM, yM, 1.6});
        node->AggregateObject(mobility);
        return mobility;
    };
    for (const double distanceM : {20.0, 100.0, 400.0})
    {
        const double losDb = 38.77 + 16.7 * std::log10(distanceM) + 18.2 * std::log10(5.9);
        EXPECT_NEAR(-loss->CalcRxPower(0, place(0, 30), place(0, 30 + distanceM)), losDb, 1e-9) << distanceM;
        // Around the corner, as far apart as the crow flies.
        const double legM = distanceM / std::sqrt(2.0);
        const double nlosDb = 36.85 + 30 * std::log10(distanceM) + 18.9 * std::log10(5.9);
        if (legM > 20)
        {
            EXPECT_NEAR(-loss->CalcRxPower(0, place(0, legM), place(legM, 0)), nlosDb, 1e-9) << distanceM;
        }
    }
}

} // namespace
} // namespace ns3::marl
