// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/arguments.h"
#include "bridge/names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "scenarios/aiot-mec/observer.h"

namespace ns3::marl::aiot_mec
{
namespace
{

constexpr uint32_t FEATURES = 128; ///< 22 own, 18 server slots of 5, 8 channel slots of 2
constexpr uint32_t AGENT_STATE_FEATURES = 32;

/// What the observer declares under some arguments, without a network.
class Described
{
  public:
    explicit Described(const std::vector<std::string>& words)
        : settings(Resolve(words)),
          world(settings, [](const Task& /* task */) {}),
          accounts(settings, world),
          observer(settings, world, accounts)
    {
        spec.scenario = "aiot-mec";
        spec.SetTicks(settings.tick, settings.ticks);
        auto& devices = spec.AddGroup("devices", GetNumberedNames("device_", settings.devices));
        heads.Describe(devices);
        observer.Describe(spec, devices, heads);
        accounts.Describe(spec);
        spec.Check();
    }

    const std::vector<Feature>& GetFeatures() const
    {
        return spec.groups[0].features;
    }

    const StateBlock& GetState(const std::string& name) const
    {
        return *std::ranges::find(spec.state, name, &StateBlock::name);
    }

    Settings settings;
    World world;
    Accounts accounts;
    Observer observer;
    Heads heads;
    Spec spec;

  private:
    static Settings Resolve(const std::vector<std::string>& words)
    {
        Settings settings;
        Arguments arguments;
        settings.AddArguments(arguments);
        arguments.Parse(words);
        settings.Resolve();
        return settings;
    }
};

TEST(AiotMecObserver, OneLayoutForAllSizes)
{
    const Described large({"--devices=100", "--servers=18", "--channels=8"});
    for (const auto& words : std::vector<std::vector<std::string>>{{}, {"--devices=10", "--servers=3", "--channels=1"}})
    {
        const Described described(words);
        ASSERT_EQ(described.spec.groups.size(), 1U);
        const auto& features = described.GetFeatures();
        ASSERT_EQ(features.size(), FEATURES);
        for (std::size_t i = 0; i < features.size(); i++)
        {
            EXPECT_EQ(features[i].name, large.GetFeatures()[i].name);
            EXPECT_EQ(features[i].low, large.GetFeatures()[i].low);
            EXPECT_EQ(features[i].high, large.GetFeatures()[i].high);
        }
        EXPECT_EQ(described.GetState("agent_state").features.size(), AGENT_STATE_FEATURES);
        const auto& heads = described.spec.groups[0].discreteHeads;
        EXPECT_EQ(heads[described.heads.server.head].choices.size(), Settings::SERVER_SLOTS);
        EXPECT_EQ(heads[described.heads.channel.head].choices.size(), Settings::CHANNEL_SLOTS);
    }
}

TEST(AiotMecObserver, ColumnsStandWhereEarlierSpecsHadThem)
{
    const Described described({});
    const auto& features = described.GetFeatures();
    EXPECT_EQ(features[14].name, "aoi_ticks");
    EXPECT_EQ(features[21].name, "active_energy_j");
    EXPECT_EQ(features[22].name, "server_0_snr_db");
    EXPECT_EQ(features[111].name, "server_17_age_ticks");
    EXPECT_EQ(features[127].name, "channel_7_is_tuned");
    const auto& state = described.GetState("agent_state").features;
    EXPECT_EQ(state[17].name, "server_17_snr_db");
    EXPECT_EQ(state[18].name, "has_task");
    EXPECT_EQ(state[28].name, "is_offloading");
    EXPECT_EQ(state[31].name, "position_y_m");
    EXPECT_EQ(described.GetState("server_state").features[7].name, "position_y_m");
    EXPECT_EQ(described.GetState("channel_state").features[2].name, "queued_bits");
}

TEST(AiotMecObserver, SlotsDescribeTheChoicesOfTheHeads)
{
    const Described described({});
    for (uint32_t slot = 0; slot < Settings::SERVER_SLOTS; slot++)
    {
        EXPECT_EQ(described.observer.GetHeardSnr(slot).column, 22 + 5 * slot);
        const auto& describes = described.GetFeatures()[22 + 5 * slot].describes;
        ASSERT_TRUE(describes);
        EXPECT_EQ(describes->head.head, described.heads.server.head);
        EXPECT_EQ(describes->choice, slot);
        EXPECT_EQ(describes->quantity, "snr_db");
    }
    const auto& describes = described.GetFeatures()[127].describes;
    ASSERT_TRUE(describes);
    EXPECT_EQ(describes->head.head, described.heads.channel.head);
    EXPECT_EQ(describes->choice, 7U);
    EXPECT_EQ(describes->quantity, "is_tuned");
    EXPECT_FALSE(described.GetFeatures()[21].describes);
}

TEST(AiotMecObserver, RowsOfTheStateAreAgentsAndChoices)
{
    const Described described({"--devices=1", "--servers=3", "--channels=2"});
    ASSERT_TRUE(described.GetState("agent_state").agentsOf);
    const auto& servers = described.GetState("server_state").choicesOf;
    ASSERT_EQ(servers.size(), 1U);
    EXPECT_EQ(servers[0].head.head, described.heads.server.head);
    EXPECT_EQ(servers[0].choices, (std::vector<uint32_t>{0, 1, 2}));
    const auto& channels = described.GetState("channel_state").choicesOf;
    ASSERT_EQ(channels.size(), 1U);
    EXPECT_EQ(channels[0].head.head, described.heads.channel.head);
    EXPECT_EQ(channels[0].choices, (std::vector<uint32_t>{0, 1}));
}

TEST(AiotMecObserver, MoreServersThanSlotsAreNamedInTheState)
{
    const Described described({"--servers=24"});
    const auto& state = described.GetState("agent_state").features;
    ASSERT_EQ(state.size(), AGENT_STATE_FEATURES + Settings::SERVER_SLOTS);
    EXPECT_EQ(state[AGENT_STATE_FEATURES].name, "slot_server_id_0");
    EXPECT_EQ(described.GetState("server_state").rows.size(), 24U);
    EXPECT_TRUE(described.GetState("server_state").choicesOf.empty()); // a slot is another server for each device
}

TEST(AiotMecObserver, LimitedBatteriesStandAtTheEndOfTheState)
{
    for (const auto* servers : {"--servers=3", "--servers=24"})
    {
        const Described without({servers});
        const Described with({servers, "--battery=5"});
        const auto& features = with.GetState("agent_state").features;
        ASSERT_EQ(features.size(), without.GetState("agent_state").features.size() + 1);
        EXPECT_EQ(features.back().name, "battery_j");
        EXPECT_EQ(features.back().high, 5);
    }
}

} // namespace
} // namespace ns3::marl::aiot_mec
