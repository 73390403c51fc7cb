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
    EXPECT_EQ(settings->reward.latency, 0);
    EXPECT_EQ(settings->reward.utilisation, 0);
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
    const auto mixed = Parse({"--preset=mixed", "--kappa=1e-28"});
    EXPECT_EQ(mixed->tasks.arrivalProbability, 0.5);
    EXPECT_EQ(mixed->tasks.sizeMinBytes, 5000U);
    EXPECT_EQ(mixed->tasks.sizeMaxBytes, 80000U);
    EXPECT_EQ(mixed->tasks.densityMin, 20);
    EXPECT_EQ(mixed->tasks.densityMax, 600);
    EXPECT_EQ(mixed->deviceRateMinHz, 0.5e9);
    EXPECT_EQ(mixed->deviceRateMaxHz, 2e9);
    EXPECT_EQ(mixed->kappa, 1e-28);
    EXPECT_EQ(mixed->serverRateMinHz, 4e9);
    EXPECT_EQ(mixed->serverRateMaxHz, 12e9);
    EXPECT_EQ(mixed->placement.areaM, 250);
    EXPECT_EQ(Parse({})->kappa, 1e-27);
}

TEST(AiotMecSettings, RefusalsNameArgumentValueAndRemedy)
{
    EXPECT_EQ(GetRefusal({"--preset=hard"}),
              "argument '--preset=hard': expected default, stress, easy, balanced, dense or mixed; mend it");
    EXPECT_EQ(GetRefusal({"--channels=9"}), "argument '--channels=9': expected 1 to 8; mend it");
    EXPECT_EQ(GetRefusal({"--sizeMin=40"}), "argument '--sizeMax=30': expected at least --sizeMin; mend it");
    EXPECT_NE(GetRefusal({"--tick=5ms"}).find("--tick=+5ms"), std::string::npos);
    EXPECT_NE(GetRefusal({"--fadingRho=1"}).find("0 to below 1"), std::string::npos);
    EXPECT_NE(GetRefusal({"--csi=oracle"}).find("measured or genie"), std::string::npos);
    EXPECT_NE(GetRefusal({"--densityMin=12abc"}), "");
    EXPECT_NE(GetRefusal({"--rewardLatency=-0.1"}).find("at least 0"), std::string::npos);
    EXPECT_NE(GetRefusal({"--rewardUtilisation=1e7"}).find("at most 1000000"), std::string::npos);
}

TEST(AiotMecSettings, EdcaHasOneVocabulary)
{
    EXPECT_EQ(Parse({})->edca, Edca::NONE);
    EXPECT_EQ(Parse({"--edca=resource"})->edca, Edca::RESOURCE);
    EXPECT_EQ(Parse({"--edca=combined"})->radio.tids.size(), 2U);
    EXPECT_EQ(GetRefusal({"--edca=off"}),
              "argument '--edca=off': expected none, deadline, resource, sla or combined; mend it");
}

TEST(AiotMecSettings, ServerRatesAreOnePerServer)
{
    const auto settings = Parse({"--servers=3", "--serverRates=10,2.5,40"});
    EXPECT_EQ(settings->serverRatesHz, (std::vector<double>{10e9, 2.5e9, 40e9}));
    EXPECT_EQ(settings->serverRateMaxHz, 40e9); // the bound of what devices observe
    EXPECT_NE(GetRefusal({"--servers=3", "--serverRates=10,20"}).find("3 rates, one for each server"),
              std::string::npos);
    EXPECT_NE(GetRefusal({"--servers=2", "--serverRates=10,-1"}).find("rates above 0 GHz"), std::string::npos);
    EXPECT_NE(GetRefusal({"--servers=2", "--serverRates=10,2x"}).find("rates above 0 GHz"), std::string::npos);
}

TEST(AiotMecSettings, ServerFailuresAreReadAndChecked)
{
    const auto failures = Parse({"--serverFailures=2:5:7.5,0:1:2,2:8:9"})->serverFailures;
    ASSERT_EQ(failures.size(), 3U);
    EXPECT_EQ(failures[0].server, 2U);
    EXPECT_EQ(failures[0].from, Seconds(5));
    EXPECT_EQ(failures[0].to, Seconds(7.5));
    EXPECT_NE(GetRefusal({"--serverFailures=9:1:2"}).find("a server from 0 to 8"), std::string::npos);
    EXPECT_NE(GetRefusal({"--serverFailures=1:2:2"}).find("TO after FROM"), std::string::npos);
    EXPECT_NE(GetRefusal({"--serverFailures=1:2"}).find("ID:FROM:TO"), std::string::npos);
    EXPECT_NE(GetRefusal({"--serverFailures=1:a:2"}).find("ID:FROM:TO"), std::string::npos);
    EXPECT_NE(GetRefusal({"--serverFailures=1:1:3,1:2:4"}).find("do not overlap"), std::string::npos);
    EXPECT_NE(GetRefusal({"--battery=-1"}).find("at least 0 J"), std::string::npos);
}

} // namespace
} // namespace ns3::marl::aiot_mec
