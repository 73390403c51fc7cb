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
    spec.tick = MilliSeconds(100);
    spec.ticks = 10;
    spec.groups = {{"group",
                    {"a", "b"},
                    {{"x", "1", 0, 1, false, ""}},
                    {{"mode", {"off", "on"}, 0, std::nullopt, ""}},
                    {{"level", "1", 0, 1, 0, Condition{0, {1}}, ""}}}};
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
    EXPECT_EQ(Complaint([](Spec& s) { s.tick = Time(0); }), "spec: tick must be a time above 0");
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
    EXPECT_EQ(Complaint([](Spec& s) { s.groups[0].continuousHeads[0].countsWhen->choices = {2}; }),
              "spec: group 'group' head 'level' depends on a choice that does not exist");
    EXPECT_EQ(Complaint([](Spec& s) { s.groups[0].discreteHeads[0].countsWhen = Condition{0, {1}}; }),
              "spec: group 'group' head 'mode' depends on a discrete head that does not stand before it");
}

TEST(SpecHash, FollowsEveryField)
{
    const auto hash = Wire::GetSpecHash(MakeSpec());
    EXPECT_EQ(hash.size(), 16);
    EXPECT_EQ(hash, Wire::GetSpecHash(MakeSpec()));
    auto other = MakeSpec();
    other.groups[0].features[0].description = "other";
    EXPECT_NE(hash, Wire::GetSpecHash(other));
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
