// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// Every access to observations, rewards and actions is checked, and says what does not exist.

#include "bridge/action.h"
#include "bridge/error.h"
#include "bridge/observation.h"
#include "bridge/rewards.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

struct Declared
{
    Declared()
    {
        spec.SetTicks(MilliSeconds(100), 10);
        auto& cars = spec.AddGroup("cars", {"car_0", "car_1", "car_2"});
        group = cars.handle;
        gear = cars.AddDiscreteHead({.name = "gear", .choices = {"low", "high"}, .defaultChoice = 1});
        gas = cars.AddContinuousHead({.name = "gas", .unit = "1", .defaultValue = 0.5});
        speed = cars.AddFeature({.name = "speed", .unit = "m/s"});
        fuel = cars.AddFeature({.name = "fuel", .unit = "l"});
        rain = spec.AddState("road", {"north", "south"}).AddFeature({.name = "rain", .unit = "mm"});
        trips = spec.AddMetric({.name = "trips", .unit = "1"});
    }

    Spec spec;
    GroupHandle group;
    DiscreteHeadHandle gear;
    ContinuousHeadHandle gas;
    FeatureHandle speed, fuel;
    StateFeatureHandle rain;
    MetricHandle trips;
};

std::string
GetRefusal(const std::function<void()>& access)
{
    try
    {
        access();
    }
    catch (const Error& error)
    {
        EXPECT_EQ(error.GetKind(), FaultKind::SPEC_VIOLATION);
        return error.what();
    }
    return "";
}

} // namespace

TEST(Access, WhatIsSetIsThereAndNothingElse)
{
    const Declared d;
    Observation observation(d.spec);
    observation.Set(d.fuel, 1, 2.5);
    observation.Set(d.rain, 1, 4);
    observation.Set(d.trips, 7);
    observation.Forbid(d.gear, 2, 0);
    observation.SetActive(d.group, 0, false);
    observation.SetPresent(d.group, 1, false);
    EXPECT_EQ(observation.Get(d.fuel, 1), 2.5F);
    EXPECT_EQ(observation.Get(d.fuel, 0), 0.0F);
    EXPECT_EQ(observation.Get(d.speed, 1), 0.0F);
    EXPECT_EQ(observation.Get(d.rain, 1), 4.0F);
    EXPECT_EQ(observation.Get(d.rain, 0), 0.0F);
    EXPECT_EQ(observation.Get(d.trips), 7.0);
    EXPECT_FALSE(observation.IsAllowed(d.gear, 2, 0));
    EXPECT_TRUE(observation.IsAllowed(d.gear, 2, 1));
    EXPECT_TRUE(observation.IsAllowed(d.gear, 1, 0));
    EXPECT_FALSE(observation.IsActive(d.group, 0));
    EXPECT_TRUE(observation.IsActive(d.group, 2));
    EXPECT_FALSE(observation.IsPresent(d.group, 1));
    observation.SetFrom(d.speed, 2, std::vector{8.0F, 9.0F});
    EXPECT_EQ(observation.GetFeatures(d.group, 2)[1], 9.0F);
    EXPECT_EQ(observation.GetFeatures().size(), 6U);

    Action action(d.spec);
    EXPECT_EQ(action.Get(d.gear, 1), 1);
    EXPECT_EQ(action.Get(d.gas, 1), 0.5F);
    action.Set(d.gear, 1, 0);
    action.Set(d.gas, 2, 0.25);
    EXPECT_EQ(action.Get(d.gear, 1), 0);
    EXPECT_EQ(action.Get(d.gear, 0), 1);
    EXPECT_EQ(action.Get(d.gas, 2), 0.25F);
    action.SetDefaults();
    EXPECT_EQ(action.Get(d.gear, 1), 1);
}

TEST(Access, RowsThatDoNotExistAreNamed)
{
    const Declared d;
    Observation observation(d.spec);
    Action action(d.spec);
    Rewards rewards(d.spec);
    const std::string agents = "agent 3 does not exist, there are 0 to 2";
    EXPECT_EQ(GetRefusal([&] { observation.Set(d.fuel, 3, 0); }), "group 'cars', feature 'fuel': " + agents);
    EXPECT_EQ(GetRefusal([&] { observation.Get(d.speed, 3); }), "group 'cars', feature 'speed': " + agents);
    EXPECT_EQ(GetRefusal([&] { observation.Set(d.rain, 2, 0); }),
              "state 'road', feature 'rain': row 2 does not exist, there are 0 to 1");
    EXPECT_EQ(GetRefusal([&] { observation.Forbid(d.gear, 3, 0); }), "group 'cars', head 'gear': " + agents);
    EXPECT_EQ(GetRefusal([&] { observation.Forbid(d.gear, 1, 2); }),
              "agent 'car_1', head 'gear': 2 is not one of the choices 0 to 1");
    EXPECT_EQ(GetRefusal([&] { observation.SetActive(d.group, 3, false); }), "group 'cars': " + agents);
    EXPECT_EQ(GetRefusal([&] { observation.SetPresent(d.group, 3, false); }), "group 'cars': " + agents);
    EXPECT_EQ(GetRefusal([&] { observation.SetFrom(d.fuel, 1, std::vector<float>(2)); }),
              "agent 'car_1': 2 values were set from feature 'fuel' on, there are 1");
    EXPECT_EQ(GetRefusal([&] { action.Set(d.gear, 3, 0); }), "group 'cars', head 'gear': " + agents);
    EXPECT_EQ(GetRefusal([&] { action.Get(d.gas, 3); }), "group 'cars', head 'gas': " + agents);
    EXPECT_EQ(GetRefusal([&] { rewards.Add(d.group, 3, 1); }), "group 'cars': " + agents);
}

TEST(Access, HandlesOfNothingAndOfOthersAreRefused)
{
    const Declared d;
    const Declared other;
    Observation observation(d.spec);
    Action action(d.spec);
    Rewards rewards(d.spec);
    EXPECT_EQ(
        GetRefusal([&] { observation.Set(FeatureHandle(), 0, 0); }),
        "a feature was used that Describe() did not declare; keep what AddFeature() gives in a member and use that");
    EXPECT_EQ(GetRefusal([&] { observation.Set(other.speed, 0, 0); }),
              "a feature was used that another spec declared; keep what AddFeature() gives in a member and use that");
    EXPECT_NE(GetRefusal([&] { observation.Set(other.rain, 0, 0); }), "");
    EXPECT_NE(GetRefusal([&] { observation.Set(other.trips, 0); }), "");
    EXPECT_NE(GetRefusal([&] { observation.Forbid(DiscreteHeadHandle(), 0, 0); }), "");
    EXPECT_NE(GetRefusal([&] { observation.SetActive(GroupHandle(), 0, false); }), "");
    EXPECT_NE(GetRefusal([&] { action.Set(ContinuousHeadHandle(), 0, 0); }), "");
    EXPECT_NE(GetRefusal([&] { action.Get(other.gear, 0); }), "");
    EXPECT_NE(GetRefusal([&] { rewards.Add(other.group, 1); }), "");
}

TEST(Access, CopiesOfASpecShareItsHandles)
{
    const Declared d;
    const Spec copy = d.spec; // NOLINT(performance-unnecessary-copy-initialization): that is what is tested
    Observation observation(copy);
    observation.Set(d.speed, 0, 3);
    EXPECT_EQ(observation.Get(d.speed, 0), 3.0F);
}

TEST(Access, RewardsAddUpAndAreFinite)
{
    const Declared d;
    Rewards rewards(d.spec);
    rewards.Add(d.group, 1, 2);
    rewards.Add(d.group, 0.5);
    rewards.Add(d.group, 1, -1);
    EXPECT_EQ(rewards.Get(d.group)[0], 0.5);
    EXPECT_EQ(rewards.Get(d.group)[1], 1.5);
    EXPECT_EQ(GetRefusal([&] { rewards.Add(d.group, 2, std::numeric_limits<double>::quiet_NaN()); }),
              "agent 'car_2': the reward is nan; it must be finite");
    rewards.Reset();
    EXPECT_EQ(rewards.Get(d.group)[1], 0.0);
}
