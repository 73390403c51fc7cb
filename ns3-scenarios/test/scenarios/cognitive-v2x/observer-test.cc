// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/arguments.h"
#include "bridge/names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "scenarios/cognitive-v2x/accounts.h"
#include "scenarios/cognitive-v2x/observer.h"

namespace ns3::marl::cognitive_v2x
{
namespace
{

/// What the observer declares under some arguments, without a network.
class Described
{
  public:
    explicit Described(const std::vector<std::string>& words)
        : settings(Resolve(words)),
          observer(settings),
          accounts(settings, agents)
    {
        spec.scenario = "cognitive-v2x";
        spec.SetTicks(settings.tick, settings.ticks);
        auto& pairs = spec.AddGroup("pairs", GetNumberedNames("pair_", settings.pairs));
        heads.Describe(settings, pairs);
        observer.Describe(spec, pairs, heads);
        accounts.Describe(spec);
        spec.Check();
    }

    const Feature& Get(const FeatureHandle& feature) const
    {
        return spec.groups[feature.group].features[feature.column];
    }

    const StateBlock& GetState(const std::string& name) const
    {
        return *std::ranges::find(spec.state, name, &StateBlock::name);
    }

    Settings settings;
    std::vector<Agent> agents; ///< none
    Observer observer;
    Accounts accounts;
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

TEST(CognitiveV2xObserver, HandlesAreThoseOfTheirNames)
{
    const Described described({"--channels=3"});
    EXPECT_EQ(described.Get(described.observer.GetLinkSnr()).name, "link_snr_db");
    EXPECT_EQ(described.Get(described.observer.GetLinkAge()).name, "link_age_ticks");
    EXPECT_EQ(described.Get(described.observer.GetSeemsBusy(0)).name, "channel_0_seems_busy");
    EXPECT_EQ(described.Get(described.observer.GetSeemsBusy(2)).name, "channel_2_seems_busy");
    EXPECT_EQ(described.spec.groups[0].features.size(), 11U + 3 * 8);
    EXPECT_EQ(described.spec.metrics.size(), 13U + 3);
}

TEST(CognitiveV2xObserver, RowsOfTheStateAreAgentsAndChoices)
{
    const Described described({"--pairs=5", "--channels=3"});
    const auto& pairs = described.GetState("pair_state");
    EXPECT_TRUE(pairs.agentsOf);
    EXPECT_EQ(pairs.features.size(), 4U + 3 + 3 + 5);
    const auto& channels = described.GetState("channel_state").choicesOf;
    ASSERT_EQ(channels.size(), 1U);
    EXPECT_EQ(channels[0].head.head, described.heads.channel.head);
    EXPECT_EQ(channels[0].choices, (std::vector<uint32_t>{1, 2, 3})); // 0 is silence
}

TEST(CognitiveV2xObserver, PowerMattersOnlyToThoseWhoSend)
{
    const Described described({"--channels=2"});
    const auto& condition = described.spec.groups[0].continuousHeads[described.heads.power.head].activeIf;
    ASSERT_TRUE(condition);
    EXPECT_EQ(condition->head.head, described.heads.channel.head);
    EXPECT_EQ(condition->choices, (std::vector<uint32_t>{1, 2}));
}

TEST(CognitiveV2xObserver, ChoicesAreReadAsChannels)
{
    const Described described({"--pairs=2", "--channels=2"});
    Action action(described.spec);
    EXPECT_FALSE(described.heads.ReadChannel(action, 0)); // silent by default
    action.Set(described.heads.channel, 1, Heads::GetChoice(1));
    EXPECT_EQ(described.heads.ReadChannel(action, 1), 1U);
}

} // namespace
} // namespace ns3::marl::cognitive_v2x
