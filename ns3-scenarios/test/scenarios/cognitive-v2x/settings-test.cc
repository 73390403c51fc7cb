// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/error.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scenarios/cognitive-v2x/settings.h"

namespace ns3::marl::cognitive_v2x
{
namespace
{

Settings
Parse(const std::vector<std::string>& words)
{
    Settings settings;
    Arguments arguments;
    settings.AddArguments(arguments);
    arguments.Parse(words);
    settings.Resolve();
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

TEST(CognitiveV2xSettings, TimesOfATick)
{
    const auto settings = Parse({});
    EXPECT_EQ(settings.pairs, 8U);
    EXPECT_EQ(settings.GetFrameTime(), MicroSeconds(2232));
    EXPECT_EQ(settings.GetAcknowledgementTime(), MicroSeconds(32 + 64));
    // 10 ms less 0.3 of tuning, 1 of jitter, 2.328 of an exchange and 1 of sensing
    EXPECT_EQ(settings.GetLifetime(), MicroSeconds(5372));
    EXPECT_NEAR(settings.GetNoiseDbm(), -96.98, 0.005); // kTB over 10 MHz at 290 K + 7 dB
    EXPECT_EQ(Settings::GetChannelHz(0), 5.86e9);
    EXPECT_EQ(Settings::GetChannelHz(6), 5.92e9);
}

TEST(CognitiveV2xSettings, PresetsSetWhatArgumentsOverride)
{
    EXPECT_EQ(Parse({"--preset=dense"}).pairs, 16U);
    EXPECT_EQ(Parse({"--preset=dense", "--pairs=3"}).pairs, 3U);
    EXPECT_EQ(Parse({"--pairs=3", "--preset=dense"}).pairs, 3U);
}

TEST(CognitiveV2xSettings, RefusesWhatMakesNoSense)
{
    const std::vector<std::pair<std::string, std::string>> wrong{{"--pairs=0", "--pairs"},
                                                                 {"--channels=8", "1 to 7"},
                                                                 {"--rate=54", "27"},
                                                                 {"--updateBytes=2300", "2296"},
                                                                 {"--tick=4ms", "--tick"},
                                                                 {"--sensing=1us", "--sensing"},
                                                                 {"--falseAlarm=0", "--falseAlarm"},
                                                                 {"--gapMin=200", "--gapMin"},
                                                                 {"--primaryDistanceMax=400", "half"},
                                                                 {"--mask=all", "--mask"},
                                                                 {"--preset=easy", "--preset"},
                                                                 {"--ageReference=0", "--ageReference"}};
    for (const auto& [argument, named] : wrong)
    {
        EXPECT_NE(GetRefusal({argument}).find(named), std::string::npos) << argument << ": " << GetRefusal({argument});
    }
}

} // namespace
} // namespace ns3::marl::cognitive_v2x
