// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/error.h"
#include "bridge/log.h"

#include "ns3/simulator.h" // links ns-3's components

#include <gtest/gtest.h>

#include <string>

namespace ns3::marl
{
namespace
{

std::string
GetRefusal(const std::string& components, const std::string& file = "")
{
    try
    {
        LogArguments{components, file}.Check();
    }
    catch (const Error& error)
    {
        EXPECT_EQ(error.GetKind(), FaultKind::CONFIG);
        return error.what();
    }
    return "";
}

TEST(Log, FileWithoutComponentsIsRefused)
{
    EXPECT_EQ(GetRefusal(""), "");
    EXPECT_EQ(GetRefusal("", "lines.txt"), "argument '--logFile=lines.txt': expected --log with it");
}

#ifdef NS3_LOG_ENABLE

uint32_t
GetLevels(const std::string& text)
{
    const auto enabled = ParseLog(text);
    EXPECT_EQ(enabled.size(), 1U) << text;
    return enabled.empty() ? 0U : static_cast<uint32_t>(enabled.front().second);
}

TEST(Log, LevelsAreThoseOfNsLog)
{
    EXPECT_EQ(GetLevels("Simulator=info"), LOG_INFO);
    EXPECT_EQ(GetLevels("Simulator=level_info|prefix_time|node"), LOG_LEVEL_INFO | LOG_PREFIX_TIME | LOG_PREFIX_NODE);
    EXPECT_EQ(GetLevels("Simulator=*"), LOG_LEVEL_ALL);
    EXPECT_EQ(GetLevels("Simulator=warn|*"), LOG_WARN | static_cast<uint32_t>(LOG_PREFIX_ALL));
    for (const auto* const everything : {"Simulator", "Simulator=", "Simulator=**", "Simulator=all|all"})
    {
        EXPECT_EQ(GetLevels(everything), LOG_LEVEL_ALL | static_cast<uint32_t>(LOG_PREFIX_ALL)) << everything;
    }
}

TEST(Log, SeveralComponentsAndAllOfThem)
{
    const auto enabled = ParseLog("Simulator=warn:Time=error");
    ASSERT_EQ(enabled.size(), 2U);
    EXPECT_EQ(enabled[0].first->Name(), "Simulator");
    EXPECT_EQ(enabled[1].first->Name(), "Time");
    EXPECT_EQ(enabled[1].second, LOG_ERROR);
    EXPECT_EQ(ParseLog("*=error").size(), LogComponent::GetComponentList()->size());
}

TEST(Log, UnknownWordsAreNamed)
{
    EXPECT_NE(GetRefusal("Simulator=warn:Nonsense")
                  .find("no log component 'Nonsense'; run the scenario with "
                        "--logComponents"),
              std::string::npos);
    EXPECT_NE(GetRefusal("Simulator=loud").find("no level 'loud'; there are"), std::string::npos);
}

TEST(Log, LogsAsLongAsItLives)
{
    auto& component = *LogComponent::GetComponentList()->at("Simulator");
    {
        const Log log({"Simulator=level_warn", ""});
        EXPECT_TRUE(component.IsEnabled(LOG_ERROR));
        EXPECT_FALSE(component.IsEnabled(LOG_INFO));
    }
    EXPECT_TRUE(component.IsNoneEnabled());
}

#else

TEST(Log, ABuildWithoutLoggingSaysSo)
{
    EXPECT_NE(GetRefusal("Simulator=info").find("was built without logging"), std::string::npos);
}

#endif

} // namespace
} // namespace ns3::marl
