// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/licensed-channel.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ns3::marl
{
namespace
{

const auto ALWAYS_ON = [](const Time& from, const Time& to) { return to - from; };

TEST(Disturbance, OnlyWhereTheSumIsTooStrong)
{
    // Neither frame of 0.6 is above 1 alone; between 2 and 3 ms both are on the air.
    const std::vector<HeardFrame> frames{{MilliSeconds(0), MilliSeconds(3), 0.6, 7},
                                         {MilliSeconds(2), MilliSeconds(5), 0.6, 8}};
    const auto disturbance = GetDisturbance(frames, 1, ALWAYS_ON);
    EXPECT_EQ(disturbance.duration, MilliSeconds(1));
    ASSERT_EQ(disturbance.charged.size(), 2U);
    EXPECT_EQ(disturbance.charged[0], std::pair(7U, Time(MicroSeconds(500))));
    EXPECT_EQ(disturbance.charged[1], std::pair(8U, Time(MicroSeconds(500))));
    EXPECT_TRUE(GetDisturbance(frames, 1.3, ALWAYS_ON).duration.IsZero());
    EXPECT_TRUE(GetDisturbance({}, 0, ALWAYS_ON).charged.empty());
}

TEST(Disturbance, IsChargedByPower)
{
    const std::vector<HeardFrame> frames{{MilliSeconds(0), MilliSeconds(4), 3, 2},
                                         {MilliSeconds(0), MilliSeconds(4), 1, 5}};
    const auto disturbance = GetDisturbance(frames, 1, ALWAYS_ON);
    EXPECT_EQ(disturbance.duration, MilliSeconds(4));
    EXPECT_EQ(disturbance.charged[0].second, MilliSeconds(3));
    EXPECT_EQ(disturbance.charged[1].second, MilliSeconds(1));
}

TEST(Disturbance, OnlyWhileThePrimaryUserTransmits)
{
    // On until 1 ms and from 2.5 ms on.
    const auto onTime = [](const Time& from, const Time& to) {
        const Time early = std::max(Time(0), std::min(to, Time(MilliSeconds(1))) - from);
        const Time late = std::max(Time(0), to - std::max(from, Time(MicroSeconds(2500))));
        return early + late;
    };
    const std::vector<HeardFrame> frames{{MicroSeconds(500), MilliSeconds(3), 2, 1},
                                         {MilliSeconds(4), MilliSeconds(6), 2, 1}};
    const auto disturbance = GetDisturbance(frames, 1, onTime);
    EXPECT_EQ(disturbance.duration, MicroSeconds(500 + 500 + 2000));
    EXPECT_EQ(disturbance.charged.at(0).second, disturbance.duration);
}

} // namespace
} // namespace ns3::marl
