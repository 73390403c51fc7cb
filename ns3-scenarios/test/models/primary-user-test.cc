// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/primary-user.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ns3::marl
{
namespace
{

PrimaryUser
Make(int64_t stream)
{
    PrimaryUser user(MilliSeconds(200), MilliSeconds(300));
    user.AssignStreams(stream);
    return user;
}

TEST(PrimaryUser, BeginsInEquilibriumAndKeepsIt)
{
    constexpr int USERS = 4000;
    for (const auto& now : {Time(0), MilliSeconds(70), Seconds(3)})
    {
        int on = 0;
        for (int i = 0; i < USERS; ++i)
        {
            on += Make(600 + i).IsOn(now) ? 1 : 0;
        }
        EXPECT_NEAR(on / double{USERS}, 0.4, 4 * std::sqrt(0.24 / USERS)) << now; // 4 standard errors
    }
}

TEST(PrimaryUser, ForgetsAtTheSumOfItsRates)
{
    // 1/0.2 + 1/0.3 per second; after 60 ms exp(-0.5) is left, after 300 ms exp(-2.5).
    for (const double lagS : {0.06, 0.3})
    {
        int on = 0;
        int stillOn = 0;
        for (int i = 0; i < 6000; ++i)
        {
            auto user = Make(9000 + i);
            if (user.IsOn(Seconds(1)))
            {
                ++on;
                stillOn += user.IsOn(Seconds(1 + lagS)) ? 1 : 0;
            }
        }
        const double expected = 0.4 + 0.6 * std::exp(-lagS * (1 / 0.2 + 1 / 0.3));
        EXPECT_NEAR(stillOn / double(on), expected, 4 * std::sqrt(expected * (1 - expected) / on)) << lagS;
    }
}

TEST(PrimaryUser, TimeOnTheAirIsWhatTheStatesAddUpTo)
{
    auto user = Make(77);
    const auto step = MicroSeconds(100);
    Time sum;
    for (Time now; now < Seconds(5); now += step)
    {
        const auto part = user.GetOnTime(now, now + step);
        EXPECT_GE(part, Time(0));
        EXPECT_LE(part, step);
        sum += part;
    }
    EXPECT_EQ(sum, user.GetOnTime(Time(0), Seconds(5)));
    auto other = Make(77);
    EXPECT_EQ(sum, other.GetOnTime(Time(0), Seconds(5))); // however it is asked
    // Mean over many cycles: the variance of the share over T is about 2 p (1-p) / ((a+b) T).
    constexpr double SPAN_S = 5000;
    auto longUser = Make(78);
    const double share = longUser.GetOnTime(Time(0), Seconds(SPAN_S)).GetSeconds() / SPAN_S;
    EXPECT_NEAR(share, longUser.GetDutyCycle(), 4 * std::sqrt(2 * 0.24 / ((1 / 0.2 + 1 / 0.3) * SPAN_S)));
}

TEST(PrimaryUser, ChangesWhenItSays)
{
    auto user = Make(31);
    bool on = user.IsOn(Time(0));
    Time before;
    for (int i = 0; i < 50; ++i)
    {
        const Time change = user.GetChange(before);
        ASSERT_GT(change, before);
        EXPECT_EQ(user.IsOn(change - Time(1)), on);
        EXPECT_EQ(user.IsOn(change), !on);
        on = !on;
        before = change;
    }
}

TEST(PrimaryUser, ForgettingChangesNothingToCome)
{
    auto user = Make(5);
    auto forgetful = Make(5);
    for (Time now; now < Seconds(10); now += MilliSeconds(10))
    {
        forgetful.Forget(now);
        ASSERT_EQ(user.IsOn(now), forgetful.IsOn(now)) << now;
    }
}

} // namespace
} // namespace ns3::marl
