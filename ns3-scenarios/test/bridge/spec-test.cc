// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/arguments.h"
#include "bridge/spec.h"
#include "bridge/wire.h"

#include "ns3/config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

using namespace ns3;
using namespace ns3::marl;

namespace
{

Spec
MakeSpec()
{
    Spec spec;
    spec.scenario = "test";
    spec.SetTicks(MilliSeconds(100), 10);
    auto& group = spec.AddGroup("group", {"a", "b"});
    const auto mode = group.AddDiscreteHead({.name = "mode", .choices = {"off", "on"}});
    group.AddContinuousHead({.name = "level", .unit = "1", .activeIf = mode.Is(1)});
    group.AddFeature({.name = "x", .unit = "1"});
    return spec;
}

/// What Check says of the spec after one change.
std::string
Complaint(const std::function<void(Spec&)>& change)
{
    auto spec = MakeSpec();
    change(spec);
    try
    {
        spec.Check();
    }
    catch (const Error& error)
    {
        EXPECT_EQ(error.GetKind(), FaultKind::SPEC_VIOLATION);
        return error.what();
    }
    return "";
}

/// What Parse says of the arguments.
std::string
Complaint(const std::vector<std::string>& words)
{
    uint32_t devices = 5;
    Arguments arguments;
    arguments.Add("devices", "Number of devices", devices);
    try
    {
        arguments.Parse(words);
    }
    catch (const Error& error)
    {
        EXPECT_EQ(error.GetKind(), FaultKind::CONFIG);
        return error.what();
    }
    return "";
}

} // namespace

TEST(SpecCheck, NamesTheEntryAndTheRule)
{
    EXPECT_EQ(Complaint([](Spec&) {}), "");
    EXPECT_EQ(
        Complaint([](Spec& s) { s.SetTicks(Time(0), 10); }),
        "spec: the episode has no length; call SetTicks() with a tick above 0 and at least 1 tick, or SetDuration() "
        "with a time above 0");
    EXPECT_EQ(Complaint([](Spec& s) { s.SetDuration(Seconds(1)); }), "");
    EXPECT_EQ(Complaint([](Spec& s) { s.ticks = 11; }),
              "spec: ticks must be a tick above 0 and at least 1 tick, as SetTicks() says, or none at all, as "
              "SetDuration() does");
    EXPECT_EQ(Complaint([](Spec& s) { s.groups.clear(); }), "spec: the scenario has no group of agents");
    EXPECT_EQ(Complaint([](Spec& s) { s.groups[0].agents[1] = "a"; }),
              "spec: group 'group' agent 'a' appears twice; names must be unique");
    EXPECT_EQ(Complaint([](Spec& s) { s.groups[0].features[0].high = 0; }),
              "spec: group 'group' feature 'x' needs finite bounds with low < high");
    EXPECT_EQ(Complaint([](Spec& s) { s.groups[0].features[0].low = -INFINITY; }),
              "spec: group 'group' feature 'x' needs finite bounds with low < high");
    EXPECT_EQ(Complaint([](Spec& s) { s.groups[0].features[0].unit = ""; }),
              "spec: group 'group' feature 'x' has no unit; \"1\" is dimensionless");
    EXPECT_EQ(Complaint([](Spec& s) { s.groups[0].discreteHeads[0].defaultChoice = 2; }),
              "spec: group 'group' head 'mode' has a default that is not a choice");
    EXPECT_EQ(Complaint([](Spec& s) { s.groups[0].continuousHeads[0].defaultValue = 2; }),
              "spec: group 'group' head 'level' has a default outside its bounds");
    EXPECT_EQ(Complaint([](Spec& s) { s.groups[0].continuousHeads[0].activeIf->choices = {2}; }),
              "spec: group 'group' head 'level' depends on a choice that does not exist");
    EXPECT_EQ(Complaint([](Spec& s) { s.groups[0].discreteHeads[0].activeIf = DiscreteHeadHandle{s.id, 0, 0}.Is(1); }),
              "spec: group 'group' head 'mode' depends on a discrete head that does not stand before it");
}

TEST(SpecCheck, ConditionsAreOfTheSameGroup)
{
    EXPECT_EQ(Complaint([](Spec& s) { s.groups[0].continuousHeads[0].activeIf = DiscreteHeadHandle{}.Is(1); }),
              "spec: group 'group' head 'level' depends on a head that its group did not declare; use what "
              "AddDiscreteHead() of the group gives");
}

TEST(SpecCheck, EveryChoiceOfADescribedHeadHasTheSameQuantities)
{
    const auto describe = [](Spec& s, std::vector<Describes> relations) {
        for (const auto& relation : relations)
        {
            auto& group = s.groups[0];
            group.AddFeature({.name = "f" + std::to_string(group.features.size()), .unit = "1", .describes = relation});
        }
    };
    const auto mode = [](const Spec& s) { return DiscreteHeadHandle{s.id, 0, 0}; };
    EXPECT_EQ(Complaint([&](Spec& s) {
                  describe(
                      s,
                      {mode(s).Choice(0, "a"), mode(s).Choice(0, "b"), mode(s).Choice(1, "b"), mode(s).Choice(1, "a")});
              }),
              "");
    const std::string some =
        "spec: group 'group' head 'mode' is described for some choices only; features must describe "
        "every choice of it by the same quantities";
    EXPECT_EQ(Complaint([&](Spec& s) { describe(s, {mode(s).Choice(0, "a")}); }), some);
    EXPECT_EQ(Complaint([&](Spec& s) { describe(s, {mode(s).Choice(0, "a"), mode(s).Choice(1, "b")}); }), some);
    EXPECT_EQ(
        Complaint([&](Spec& s) { describe(s, {mode(s).Choice(0, "a"), mode(s).Choice(0, "a")}); }),
        "spec: group 'group' feature 'f2' describes a choice by the quantity 'a', which another feature of the choice "
        "does already");
    EXPECT_EQ(Complaint([&](Spec& s) { describe(s, {mode(s).Choice(2, "a")}); }),
              "spec: group 'group' feature 'f1' describes a choice that does not exist");
    EXPECT_EQ(
        Complaint([&](Spec& s) { describe(s, {DiscreteHeadHandle{}.Choice(0, "a")}); }),
        "spec: group 'group' feature 'f1' describes a choice of a head that its group did not declare; declare heads "
        "first and use what AddDiscreteHead() of the group gives");
    EXPECT_EQ(Complaint([&](Spec& s) {
                  s.AddState("block", s.groups[0])
                      .AddFeature({.name = "y", .unit = "1", .describes = mode(s).Choice(0, "a")});
              }),
              "spec: state block 'block' feature 'y' describes a choice; only features of groups do, state blocks have "
              "AddChoicesOf()");
}

TEST(SpecCheck, RowsOfTheStateAreWhatTheySay)
{
    const auto complain = [](std::vector<std::string> rows, const std::function<void(Spec&, StateBlock&)>& relate) {
        return Complaint([&](Spec& s) {
            auto& block = s.AddState("block", rows);
            block.AddFeature({.name = "y", .unit = "1"});
            relate(s, block);
        });
    };
    const auto mode = [](const Spec& s) { return DiscreteHeadHandle{s.id, 0, 0}; };
    EXPECT_EQ(complain({"a", "b"}, [](Spec& s, StateBlock& b) { b.agentsOf = s.groups[0].handle; }), "");
    EXPECT_EQ(complain({"a"}, [](Spec& s, StateBlock& b) { b.agentsOf = s.groups[0].handle; }),
              "spec: state block 'block' needs one row for each agent of group 'group'");
    EXPECT_EQ(complain({"a"}, [](Spec&, StateBlock& b) { b.agentsOf = GroupHandle{}; }),
              "spec: state block 'block' has the agents of an undeclared group as rows");
    EXPECT_EQ(complain({"on"}, [&](Spec& s, StateBlock& b) { b.AddChoicesOf(mode(s), {1}); }), "");
    EXPECT_EQ(complain({"on"}, [&](Spec& s, StateBlock& b) { b.AddChoicesOf(mode(s), {1, 0}); }),
              "spec: state block 'block' as choices of head 'mode' needs one choice for each row");
    EXPECT_EQ(complain({"on", "off"}, [&](Spec& s, StateBlock& b) { b.AddChoicesOf(mode(s), {1, 1}); }),
              "spec: state block 'block' as choices of head 'mode' names a choice twice");
    EXPECT_EQ(complain({"0", "1", "2"}, [&](Spec& s, StateBlock& b) { b.AddChoicesOf(mode(s)); }),
              "spec: state block 'block' as choices of head 'mode' names a choice that does not exist");
    EXPECT_EQ(complain({"on"}, [&](Spec&, StateBlock& b) { b.AddChoicesOf(DiscreteHeadHandle{}); }),
              "spec: state block 'block' has choices of an undeclared head as rows");
}

namespace
{

template <typename... T>
concept MakesAFeature = requires(T... values) { Feature{"x", "1", 0, 1, values...}; };

} // namespace

// A text in the place of a flag must not become `true`.
static_assert(MakesAFeature<bool>);
static_assert(!MakesAFeature<const char*>);
static_assert(!MakesAFeature<int>);

TEST(SpecHash, FollowsEveryField)
{
    const auto hash = Wire::GetSpecHash(MakeSpec());
    EXPECT_EQ(hash.size(), 16);
    EXPECT_EQ(hash, Wire::GetSpecHash(MakeSpec()));
    auto other = MakeSpec();
    other.groups[0].features[0].description = "other";
    EXPECT_NE(hash, Wire::GetSpecHash(other));
    other = MakeSpec();
    other.idleTicks = true;
    EXPECT_NE(hash, Wire::GetSpecHash(other));
    other = MakeSpec();
    other.groups[0].features[0].describes = DiscreteHeadHandle{other.id, 0, 0}.Choice(0, "a");
    EXPECT_NE(hash, Wire::GetSpecHash(other));
    other = MakeSpec();
    other.AddTable({.name = "unwanted", .columns = {{.name = "x", .unit = "1"}}, .isReported = false});
    EXPECT_EQ(hash, Wire::GetSpecHash(other)) << "a table that nobody asked for is no part of the spec";
}

TEST(Arguments, NamesThatTheBridgeTakesAreRefused)
{
    uint32_t value = 0;
    for (const char* name : {"seed", "run", "keys", "connect", "standalone", "help", "RngSeed"})
    {
        Arguments arguments;
        try
        {
            arguments.Add(name, "", value);
            FAIL() << name << " was taken";
        }
        catch (const Error& error)
        {
            EXPECT_EQ(error.what(),
                      "argument '--" + std::string(name) +
                          "' belongs to the bridge; give the scenario's argument another name");
        }
    }
    Arguments arguments;
    arguments.Add("log", "", value);
    EXPECT_THROW(arguments.Add("log", "", value), Error);
}

TEST(Arguments, WrongOnesAreNamedAndDoNotEndTheProcess)
{
    EXPECT_EQ(Complaint({"--devices=7"}), "");
    EXPECT_EQ(Complaint({"--ns3::UniformRandomVariable::Max=2"}), "");
    Config::Reset();
    EXPECT_NE(Complaint({"--device=7"}).find("argument '--device' with value '7' is neither"), std::string::npos);
    EXPECT_NE(Complaint({"--devices=7x"}).find("argument '--devices' cannot be read from '7x'"), std::string::npos);
    EXPECT_NE(Complaint({"--devices=-7"}).find("argument '--devices' cannot be read from '-7'"), std::string::npos);
    EXPECT_NE(Complaint({"--devices"}).find("argument '--devices' cannot be read from ''"), std::string::npos);
    EXPECT_NE(Complaint({"devices=7"}).find("is not of the form --name=value"), std::string::npos);
    EXPECT_NE(Complaint({"--RngSeed=7"}).find("seed and run come with the episode"), std::string::npos);
    EXPECT_NE(Complaint({"--ns3::NoClass::Max=2"}).find("argument '--ns3::NoClass::Max'"), std::string::npos);
}
