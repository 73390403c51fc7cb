// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// C++'s side of the golden frames; the values and Python's side stand in tests/conformance/golden.py.

#include "bridge/lockstep.h"
#include "bridge/wire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>

using namespace ns3;
using namespace ns3::marl;

namespace
{

std::string
ReadFrame(const std::string& name)
{
    std::ifstream file(NS3MARL_REPOSITORY "/tests/conformance/" + name + ".bin", std::ios::binary);
    EXPECT_TRUE(file) << "no golden frame " << name;
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
}

std::string
Join(const Wire::Parts& parts)
{
    std::string frame;
    for (const auto part : parts)
    {
        frame += part;
    }
    return frame;
}

Spec
MakeSpec()
{
    const Condition offloads{0, {1, 2}};
    Spec spec;
    spec.scenario = "golden";
    spec.tick = MilliSeconds(100);
    spec.ticks = 1000;
    spec.groups = {
        {"devices",
         {"device_0", "device_1"},
         {{"snr", "dB", -20, 60, false, "of the strongest server"}, {"age", "tick", 0, 50, true, ""}},
         {{"mode", {"local", "partial", "full"}, 0, std::nullopt, "where to compute"},
          {"server", {"server-0", "server-1"}, 1, offloads, ""}},
         {{"power", "dBm", 0, 30, 20.5, offloads, "of the radio"}}},
        {"servers",
         {"server_0"},
         {{"queue", "task", 0, 1e3, false, ""}},
         {},
         {{"speed", "Hz", 1e9, 3e10, 1e9, std::nullopt, ""}}},
    };
    spec.state = {{"channels", {"channel-0", "channel-1"}, {{"busy", "1", 0, 1, false, ""}}}};
    spec.metrics = {{"completion_ratio", "1", "tasks in time", true}, {"latency_mean_s", "s", "", false}};
    spec.tables = {{"tasks", {{"device", "1", Column::Type::INT64}, {"latency_s", "s", Column::Type::FLOAT64}}}};
    spec.Check();
    return spec;
}

void
Fill(Observation& observation)
{
    auto& devices = observation.groups[0];
    std::ranges::copy(std::vector{1.5F, 2.0F}, devices.Features(0).begin());
    std::ranges::copy(std::vector{-20.0F, 50.0F}, devices.Features(1).begin());
    devices.Reward(0) = -1.0F;
    devices.Reward(1) = 0.5F;
    devices.Decides(1) = 0;
    devices.Mask(0, 1)[0] = 0;
    devices.Mask(1, 0)[1] = 0;
    observation.groups[1].Features(0)[0] = 7;
    observation.groups[1].Reward(0) = 3;
    observation.State(0, 0)[0] = 0.25F;
    observation.State(0, 1)[0] = 1;
    observation.Metric(0) = 0.75;
    observation.tables[0].Add({int64_t{1}, 0.0125});
    observation.tables[0].Add({int64_t{0}, 0.5});
}

Stamp
MakeStamp()
{
    Stamp stamp;
    stamp.tick = 17;
    stamp.simTimeNs = 1'700'000'000;
    stamp.truncated = true;
    stamp.saturated = 3;
    stamp.withTables = true;
    stamp.buildWallNs = 58'000'000;
    stamp.tickWallNs = 41'000;
    stamp.tickCpuNs = 40'000;
    return stamp;
}

const std::vector<std::string> ARGUMENTS{"--devices=2", "--ns3::WifiMacQueue::MaxDelay=100ms"};

} // namespace

TEST(GoldenFrames, Hello)
{
    Hello hello;
    hello.scenario = "golden";
    hello.ns3Version = "3.44";
    hello.ns3BuildProfile = "release+log+assert";
    hello.pid = 4242;
    EXPECT_EQ(Wire().EncodeHello(hello), ReadFrame("hello"));
}

TEST(GoldenFrames, Spec)
{
    EXPECT_EQ(Wire().EncodeSpec(MakeSpec()), ReadFrame("spec")) << "hash " << Wire::GetSpecHash(MakeSpec());
}

TEST(GoldenFrames, ReadyAndObservation)
{
    const auto spec = MakeSpec();
    Observation observation(spec);
    Fill(observation);
    Wire wire;
    EXPECT_EQ(Join(wire.EncodeReady(Wire::GetSpecHash(spec), observation, MakeStamp())), ReadFrame("ready"));
    EXPECT_EQ(Join(wire.EncodeObservation(observation, MakeStamp())), ReadFrame("observation"));
    EXPECT_EQ(Join(wire.EncodeObservation(observation, MakeStamp())), ReadFrame("observation"))
        << "the message is reused";
}

TEST(GoldenFrames, Fault)
{
    EXPECT_EQ(
        Wire().EncodeFault(FaultKind::SPEC_VIOLATION, 17, "agent 'device_1': the reward is nan; it must be finite"),
        ReadFrame("fault"));
}

TEST(GoldenFrames, Describe)
{
    Wire wire;
    const auto request = wire.Decode(ReadFrame("describe"));
    EXPECT_EQ(std::get<DescribeRequest>(request).arguments, ARGUMENTS);
}

TEST(GoldenFrames, Begin)
{
    Wire wire;
    const auto request = wire.Decode(ReadFrame("begin"));
    const auto& begin = std::get<BeginRequest>(request);
    EXPECT_EQ(begin.arguments, ARGUMENTS);
    EXPECT_EQ(begin.seed, 12345);
    EXPECT_EQ(begin.run, 678);
}

TEST(GoldenFrames, Action)
{
    Wire wire;
    const auto frame = ReadFrame("action");
    const auto request = wire.Decode(frame);
    const auto& received = std::get<ActionRequest>(request);
    EXPECT_EQ(received.tick, 17);
    const auto spec = MakeSpec();
    Action action(spec);
    ReadAction(received, spec, action);
    EXPECT_EQ(action.groups[0].discrete, (std::vector{2, 0, 0, 1}));
    EXPECT_EQ(action.groups[0].continuous, (std::vector{12.25F, 20.5F}));
    EXPECT_TRUE(action.groups[1].discrete.empty());
    EXPECT_EQ(action.groups[1].continuous, (std::vector{2e10F}));
}

TEST(GoldenFrames, End)
{
    Wire wire;
    const auto request = wire.Decode(ReadFrame("end"));
    EXPECT_EQ(std::get<EndRequest>(request).reason, "enough");
}

TEST(GoldenFrames, WhatIsNoMessageIsRefused)
{
    Wire wire;
    EXPECT_THROW(wire.Decode("\xff\x01"), Error);
    EXPECT_THROW(wire.Decode(""), Error);
    auto otherMajor = ReadFrame("begin");
    const auto major = otherMajor.rfind('\x01');
    ASSERT_EQ(major, otherMajor.size() - 1) << "protocol_major is the last field of Begin";
    otherMajor[major] = 2;
    try
    {
        wire.Decode(otherMajor);
        FAIL() << "another major version was taken";
    }
    catch (const Error& error)
    {
        EXPECT_EQ(error.GetKind(), FaultKind::VERSION);
        EXPECT_STREQ(error.what(),
                     "the learner speaks protocol version 2, this simulator speaks 1; rebuild the scenarios with "
                     "`ns3marl build`");
    }
}
