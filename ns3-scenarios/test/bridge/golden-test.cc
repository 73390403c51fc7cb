// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// C++'s side of the golden frames; the values and Python's side stand in tests/conformance/golden.py.

#include "bridge/lockstep.h"
#include "bridge/wire.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <vector>

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

/// The golden spec and its handles.
struct Golden
{
    Golden()
    {
        spec.scenario = "golden";
        spec.SetTicks(MilliSeconds(100), 1000);
        spec.hasBuiltin = true;
        auto& deviceGroup = spec.AddGroup("devices", {"device_0", "device_1"});
        devices = deviceGroup.handle;
        mode = deviceGroup.AddDiscreteHead(
            {.name = "mode", .choices = {"local", "partial", "full"}, .description = "where to compute"});
        server = deviceGroup.AddDiscreteHead(
            {.name = "server", .choices = {"server-0", "server-1"}, .defaultChoice = 1, .activeIf = mode.Is(1, 2)});
        power = deviceGroup.AddContinuousHead({.name = "power",
                                               .unit = "dBm",
                                               .low = 0,
                                               .high = 30,
                                               .defaultValue = 20.5,
                                               .activeIf = mode.Is(1, 2),
                                               .description = "of the radio"});
        snr = deviceGroup.AddFeature(
            {.name = "snr", .unit = "dB", .low = -20, .high = 60, .description = "of the strongest server"});
        age = deviceGroup.AddFeature({.name = "age", .unit = "tick", .low = 0, .high = 50, .saturating = true});
        wait0 = deviceGroup.AddFeature(
            {.name = "server_0_wait_s", .unit = "s", .low = 0, .high = 1, .describes = server.Choice(0, "wait_s")});
        wait1 = deviceGroup.AddFeature(
            {.name = "server_1_wait_s", .unit = "s", .low = 0, .high = 1, .describes = server.Choice(1, "wait_s")});
        auto& serverGroup = spec.AddGroup("servers", {"server_0"});
        servers = serverGroup.handle;
        speed = serverGroup.AddContinuousHead(
            {.name = "speed", .unit = "Hz", .low = 1e9, .high = 3e10, .defaultValue = 1e9});
        queue = serverGroup.AddFeature({.name = "queue", .unit = "task", .low = 0, .high = 1e3});
        busy = spec.AddState("channels", {"channel-0", "channel-1"})
                   .AddFeature({.name = "busy", .unit = "1", .low = 0, .high = 1});
        x = spec.AddState("places", deviceGroup).AddFeature({.name = "x", .unit = "m", .low = 0, .high = 9});
        auto& loads = spec.AddState("load", {"server-1", "server-0"});
        loads.AddChoicesOf(server, {1, 0});
        load = loads.AddFeature({.name = "load", .unit = "1", .low = 0, .high = 1});
        completionRatio = spec.AddMetric({.name = "completion_ratio", .unit = "1", .description = "tasks in time"});
        spec.AddMetric({.name = "latency_mean_s", .unit = "s", .higherIsBetter = false});
        spec.AddTable({.name = "tasks",
                       .columns = {{.name = "device", .unit = "1", .type = Column::Type::INT64},
                                   {.name = "latency_s", .unit = "s"}}});
        spec.AddTable({.name = "unwanted", .columns = {{.name = "x", .unit = "1"}}, .isReported = false});
        spec.Check();
    }

    Spec spec;
    GroupHandle devices, servers;
    DiscreteHeadHandle mode, server;
    ContinuousHeadHandle power, speed;
    FeatureHandle snr, age, wait0, wait1, queue;
    StateFeatureHandle busy, x, load;
    MetricHandle completionRatio;
};

/// The golden observation, but for rewards, which Lockstep fills.
void
Fill(const Golden& golden, Observation& observation)
{
    observation.Set(golden.snr, 0, 1.5);
    observation.Set(golden.age, 0, 2);
    observation.Set(golden.wait0, 0, 0.5);
    observation.Set(golden.wait1, 0, 0.25);
    observation.SetFrom(golden.snr, 1, std::vector{-20.0F, 50.0F, 0.0F, 1.0F});
    observation.SetActive(golden.devices, 1, false);
    observation.Forbid(golden.server, 0, 0);
    observation.Forbid(golden.mode, 1, 1);
    observation.Set(golden.queue, 0, 7);
    observation.Set(golden.busy, 0, 0.25);
    observation.Set(golden.busy, 1, 1);
    observation.Set(golden.x, 0, 3);
    observation.Set(golden.x, 1, 4.5);
    observation.Set(golden.load, 1, 0.5);
    observation.Set(golden.completionRatio, 0.75);
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
    const Golden golden;
    EXPECT_EQ(Wire().EncodeSpec(golden.spec), ReadFrame("spec")) << "hash " << Wire::GetSpecHash(golden.spec);
}

TEST(GoldenFrames, ReadyAndObservation)
{
    Golden golden;
    Observation observation(golden.spec);
    Fill(golden, observation);
    observation.SetReward(golden.devices, 0, -1);
    observation.SetReward(golden.devices, 1, 0.5);
    observation.SetReward(golden.servers, 0, 3);
    std::vector<TableRows> tables(golden.spec.tables.begin(), golden.spec.tables.end());
    tables[0].Add({int64_t{1}, 0.0125});
    tables[0].Add({int64_t{0}, 0.5});
    tables[1].Add({1.0});
    Stamp stamp;
    stamp.tick = 17;
    stamp.simTimeNs = 1'700'000'000;
    stamp.truncated = true;
    stamp.saturated = 3;
    stamp.tables = tables;
    stamp.buildWallNs = 58'000'000;
    stamp.tickWallNs = 41'000;
    stamp.tickCpuNs = 40'000;
    Wire wire;
    EXPECT_EQ(Join(wire.EncodeReady(Wire::GetSpecHash(golden.spec), observation, stamp)), ReadFrame("ready"));
    EXPECT_EQ(Join(wire.EncodeObservation(observation, stamp)), ReadFrame("observation"));
    EXPECT_EQ(Join(wire.EncodeObservation(observation, stamp)), ReadFrame("observation")) << "the message is reused";

    Action builtin(golden.spec);
    builtin.Set(golden.mode, 0, 1);
    builtin.Set(golden.server, 0, 0);
    builtin.Set(golden.power, 0, 30);
    stamp.builtin = &builtin;
    stamp.truncated = false;
    EXPECT_EQ(Join(wire.EncodeObservation(observation, stamp)), ReadFrame("observation-with-builtin"));
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
    EXPECT_TRUE(begin.builtin);
}

TEST(GoldenFrames, Action)
{
    Wire wire;
    const auto frame = ReadFrame("action");
    const auto request = wire.Decode(frame);
    const auto& received = std::get<ActionRequest>(request);
    EXPECT_EQ(received.tick, 17);
    const Golden golden;
    Action action(golden.spec);
    ReadAction(received, golden.spec, action);
    EXPECT_EQ(action.Get(golden.mode, 0), 2);
    EXPECT_EQ(action.Get(golden.server, 0), 0);
    EXPECT_EQ(action.Get(golden.mode, 1), 0);
    EXPECT_EQ(action.Get(golden.server, 1), 1);
    EXPECT_EQ(action.Get(golden.power, 0), 12.25F);
    EXPECT_EQ(action.Get(golden.power, 1), 20.5F);
    EXPECT_EQ(action.Get(golden.speed, 0), 2e10F);
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
}

TEST(GoldenFrames, Version1IsRefusedWithBothVersionsAndTheRemedy)
{
    Wire wire;
    for (const char* name : {"version-1/describe", "version-1/begin"})
    {
        try
        {
            wire.Decode(ReadFrame(name));
            FAIL() << name << " was taken";
        }
        catch (const Error& error)
        {
            EXPECT_EQ(error.GetKind(), FaultKind::VERSION);
            EXPECT_STREQ(
                error.what(),
                "the learner speaks protocol version 1, this simulator speaks 2; use one release of ns3marl on "
                "both sides and rebuild the scenarios with `ns3marl build`");
        }
    }
}
