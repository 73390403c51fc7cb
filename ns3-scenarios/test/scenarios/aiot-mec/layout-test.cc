// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/arguments.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scenarios/aiot-mec/layout.h"

namespace ns3::marl::aiot_mec
{
namespace
{

Spec
Describe(const std::vector<std::string>& words)
{
    Settings settings;
    Arguments arguments;
    settings.AddArguments(arguments);
    arguments.Parse(words);
    settings.Resolve();
    auto spec = DescribeLayout(settings);
    spec.Check();
    return spec;
}

TEST(AiotMecLayout, OneLayoutForAllSizes)
{
    const auto large = Describe({"--devices=100", "--servers=18", "--channels=8"});
    for (const auto& words : std::vector<std::vector<std::string>>{{}, {"--devices=10", "--servers=3", "--channels=1"}})
    {
        const auto spec = Describe(words);
        ASSERT_EQ(spec.groups.size(), 1U);
        const auto& features = spec.groups[0].features;
        ASSERT_EQ(features.size(), FEATURES);
        for (std::size_t i = 0; i < features.size(); i++)
        {
            EXPECT_EQ(features[i].name, large.groups[0].features[i].name);
            EXPECT_EQ(features[i].low, large.groups[0].features[i].low);
            EXPECT_EQ(features[i].high, large.groups[0].features[i].high);
        }
        EXPECT_EQ(spec.state[AGENT_STATE].features.size(), AGENT_STATE_COLUMNS);
        EXPECT_EQ(spec.groups[0].discreteHeads[SERVER_HEAD].choices.size(), Settings::SERVER_SLOTS);
        EXPECT_EQ(spec.groups[0].discreteHeads[CHANNEL_HEAD].choices.size(), Settings::CHANNEL_SLOTS);
    }
}

TEST(AiotMecLayout, ColumnsStandWhereTheirNamesSay)
{
    const auto spec = Describe({});
    const auto& features = spec.groups[0].features;
    EXPECT_EQ(features[AGE].name, "aoi_ticks");
    EXPECT_EQ(features[ACTIVE_ENERGY].name, "active_energy_j");
    EXPECT_EQ(features[GetServerColumn(0, SLOT_SNR)].name, "server_0_snr_db");
    EXPECT_EQ(features[GetServerColumn(17, SLOT_AGE)].name, "server_17_age_ticks");
    EXPECT_EQ(features[GetChannelColumn(7, SLOT_BUSY_AGE)].name, "channel_7_age_ticks");
    const auto& state = spec.state[AGENT_STATE].features;
    EXPECT_EQ(state[STATE_HAS_TASK].name, "has_task");
    EXPECT_EQ(state[STATE_UNDER_WAY].name, "is_offloading");
    EXPECT_EQ(state[STATE_Y].name, "position_y_m");
    EXPECT_EQ(spec.state[SERVER_STATE].features[SERVER_Y].name, "position_y_m");
    EXPECT_EQ(spec.state[CHANNEL_STATE].features[CHANNEL_QUEUED].name, "queued_bits");
}

TEST(AiotMecLayout, MoreServersThanSlotsAreNamedInTheState)
{
    const auto spec = Describe({"--servers=24"});
    const auto& state = spec.state[AGENT_STATE].features;
    ASSERT_EQ(state.size(), AGENT_STATE_COLUMNS + Settings::SERVER_SLOTS);
    EXPECT_EQ(state[AGENT_STATE_COLUMNS].name, "slot_server_id_0");
    EXPECT_EQ(spec.state[SERVER_STATE].rows.size(), 24U);
}

TEST(AiotMecLayout, LimitedBatteriesStandAtTheEndOfTheState)
{
    for (const auto* servers : {"--servers=3", "--servers=24"})
    {
        const auto without = Describe({servers}).state[AGENT_STATE].features;
        const auto with = Describe({servers, "--battery=5"}).state[AGENT_STATE].features;
        ASSERT_EQ(with.size(), without.size() + 1);
        EXPECT_EQ(with.back().name, "battery_j");
        EXPECT_EQ(with.back().high, 5);
        Settings settings;
        settings.servers = std::string(servers) == "--servers=24" ? 24 : 3;
        EXPECT_EQ(GetBatteryColumn(settings), without.size());
    }
}

TEST(AiotMecLayout, HeadsCountOnlyWhereTheModeNeedsThem)
{
    const auto group = Describe({}).groups[0];
    const std::vector<uint32_t> offloads{1, 2};
    EXPECT_FALSE(group.discreteHeads[MODE_HEAD].countsWhen);
    for (const auto& condition : {group.discreteHeads[SERVER_HEAD].countsWhen,
                                  group.discreteHeads[CHANNEL_HEAD].countsWhen,
                                  group.continuousHeads[POWER_HEAD].countsWhen})
    {
        ASSERT_TRUE(condition);
        EXPECT_EQ(condition->head, MODE_HEAD);
        EXPECT_EQ(condition->choices, offloads);
    }
    ASSERT_TRUE(group.continuousHeads[RATIO_HEAD].countsWhen);
    EXPECT_EQ(group.continuousHeads[RATIO_HEAD].countsWhen->choices, std::vector<uint32_t>{1});
}

} // namespace
} // namespace ns3::marl::aiot_mec
