// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/placement.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ns3::marl
{
namespace
{

TEST(Placement, ServersStandOnAGrid)
{
    const Placement placement;
    for (const uint32_t count : {1U, 2U, 3U, 7U, 9U, 18U})
    {
        const auto servers = placement.GetServers(count);
        ASSERT_EQ(servers.size(), count);
        for (std::size_t i = 0; i < servers.size(); i++)
        {
            EXPECT_GT(servers[i].x, 0);
            EXPECT_LT(servers[i].x, placement.areaM);
            EXPECT_EQ(servers[i].z, placement.serverHeightM);
            for (std::size_t j = 0; j < i; j++)
            {
                EXPECT_GT(CalculateDistance(servers[i], servers[j]), 20);
            }
        }
    }
    const auto nine = placement.GetServers(9);
    EXPECT_EQ(nine[4].x, 60);
    EXPECT_EQ(nine[4].y, 60);
}

TEST(Placement, HotspotsHoldTheirShare)
{
    const Placement placement;
    constexpr uint32_t COUNT = 1000;
    const auto devices = placement.GetDevices(COUNT, 100, 16);
    double sumX = 0;
    double squaresX = 0;
    uint32_t first = 0;
    for (uint32_t i = 0; i < COUNT; i++)
    {
        EXPECT_GE(devices[i].x, 0);
        EXPECT_LE(devices[i].x, placement.areaM);
        if (i < 600 && i % 2 == 0)
        {
            sumX += devices[i].x;
            squaresX += devices[i].x * devices[i].x;
            first++;
        }
    }
    const double meanX = sumX / first;
    EXPECT_NEAR(meanX, 0.3 * 120, 4 * 12 / std::sqrt(first)); // 4 standard errors
    EXPECT_NEAR(std::sqrt(squaresX / first - meanX * meanX), 12, 2);
}

TEST(Placement, MoreDevicesLeaveTheOthersWhereTheyAre)
{
    Placement placement;
    placement.hotspotShare = 0;
    const auto few = placement.GetDevices(5, 100, 16);
    const auto many = placement.GetDevices(10, 100, 16);
    for (std::size_t i = 0; i < few.size(); i++)
    {
        EXPECT_EQ(few[i].x, many[i].x);
        EXPECT_EQ(few[i].y, many[i].y);
    }
}

} // namespace
} // namespace ns3::marl
