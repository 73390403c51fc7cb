// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/error.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "scenarios/aiot-mec/settings.h"

namespace ns3::marl::aiot_mec
{
namespace
{

std::unique_ptr<Settings>
Parse(const std::vector<std::string>& words)
{
    auto settings = std::make_unique<Settings>();
    Arguments arguments;
    settings->AddArguments(arguments);
    arguments.Parse(words);
    settings->Resolve();
    return settings;
}

std::string
GetRefusal(const std::vector<std::string>& words)
{
    try
    {
        Parse(words);
    }
    catch (const Error& error)
    {
        EXPECT_EQ(error.GetKind(), FaultKind::CONFIG);
        return error.what();
    }
    return "";
}

TEST(AiotMecSettings, Defaults)
{
    const auto settings = Parse({});
    EXPECT_EQ(settings->tick, MilliSeconds(100));
    EXPECT_EQ(settings->ticks, 1000U);
    EXPECT_EQ(settings->devices, 50U);
    EXPECT_EQ(settings->servers, 9U);
    EXPECT_EQ(settings->radio.channels, 4U);
    EXPECT_EQ(settings->tasks.sizeMaxBytes, 30000U);
    EXPECT_EQ(settings->priority.maximumCycles, 3.6e8);
    EXPECT_EQ(settings->serverRateMaxHz, 30e9);
    EXPECT_EQ(settings->radio.tids, std::vector<uint8_t>{0});
}

TEST(AiotMecSettings, PresetsSetWhatArgumentsOverride)
{
    EXPECT_EQ(Parse({"--preset=stress"})->tick, MilliSeconds(25));
    EXPECT_EQ(Parse({"--preset=stress", "--tick=50ms"})->tick, MilliSeconds(50));
    EXPECT_EQ(Parse({"--tick=100ms", "--preset=stress"})->tick, MilliSeconds(100)); // given, though the default
    EXPECT_EQ(Parse({"--preset=easy"})->tasks.deadlineMin, MilliSeconds(30));
    const auto balanced = Parse({"--preset=balanced", "--densityMin=200"});
    EXPECT_EQ(balanced->tasks.densityMin, 200);
    EXPECT_EQ(balanced->tasks.densityMax, 600);
    const auto dense = Parse({"--preset=dense", "--devices=200"});
    EXPECT_EQ(dense->placement.areaM, 240);
    EXPECT_EQ(dense->radio.channels, 8U);
}

TEST(AiotMecSettings, RefusalsNameArgumentValueAndRemedy)
{
    EXPECT_EQ(GetRefusal({"--preset=hard"}),
              "argument '--preset=hard': expected default, stress, easy, balanced or dense; mend it");
    EXPECT_EQ(GetRefusal({"--channels=9"}), "argument '--channels=9': expected 1 to 8; mend it");
    EXPECT_EQ(GetRefusal({"--sizeMin=40"}), "argument '--sizeMax=30': expected at least --sizeMin; mend it");
    EXPECT_NE(GetRefusal({"--tick=5ms"}).find("--tick=+5ms"), std::string::npos);
    EXPECT_NE(GetRefusal({"--fadingRho=1"}).find("0 to below 1"), std::string::npos);
    EXPECT_NE(GetRefusal({"--csi=oracle"}).find("measured or genie"), std::string::npos);
    EXPECT_NE(GetRefusal({"--densityMin=12abc"}), "");
}

} // namespace
} // namespace ns3::marl::aiot_mec
