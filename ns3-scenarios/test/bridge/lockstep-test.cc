// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// When a scenario's methods are called, and when a learner is asked: each test is one timing situation and the calls and
// exchanges it makes.

#include "bridge/error.h"
#include "bridge/lockstep.h"

#include "ns3/simulator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

/// Two agents; writes down what is called, and does what a test tells it to.
class Probe : public Scenario
{
  public:
    void AddArguments(Arguments& /* arguments */) override
    {
    }

    void Describe(Spec& spec) override
    {
        spec.SetTicks(MilliSeconds(10), 3);
        auto& agents = spec.AddGroup("agents", {"a", "b"});
        group = agents.handle;
        choice = agents.AddDiscreteHead({.name = "choice", .choices = {"no", "yes", "maybe"}});
        time = agents.AddFeature({.name = "time", .unit = "ms", .high = 1000});
        spec.AddMetric({.name = "closed", .unit = "1", .value = [this] {
                            Note("metric");
                            return static_cast<double>(closed);
                        }});
        rows = spec.AddTable({.name = "rows", .columns = {{.name = "x", .unit = "1"}}});
        hidden = spec.AddTable({.name = "hidden", .columns = {{.name = "x", .unit = "1"}}, .isReported = false});
        spec.scenario = "probe";
    }

    void Build() override
    {
        Note("build");
        if (onBuild)
        {
            onBuild(*this);
        }
    }

    void CloseInterval(const Boundary& boundary) override
    {
        Note("close " + std::to_string(boundary.number) + " after " +
             std::to_string(boundary.length.GetMilliSeconds()) + " ms");
        ++closed;
    }

    void Reward(Rewards& rewards) const override
    {
        Note("reward");
        rewards.Add(group, 0, 1);
        rewards.Add(group, 1, 10);
    }

    void OpenInterval(const Boundary& boundary) override
    {
        Note("open " + std::to_string(boundary.number) + (boundary.isRegular ? "" : " requested") +
             (boundary.isLast ? " last" : ""));
        last = boundary;
        if (onOpen)
        {
            onOpen(*this);
        }
    }

    void Observe(Observation& observation) const override
    {
        Note("observe");
        observation.Set(time, 0, Simulator::Now().GetMilliSeconds());
        observation.Set(time, 1, Simulator::Now().GetMilliSeconds());
        if (onObserve)
        {
            onObserve(*this, observation);
        }
    }

    void Act(const Action& action) override
    {
        Note("act " + std::to_string(action.Get(choice, 0)) + std::to_string(action.Get(choice, 1)));
        if (onAct)
        {
            onAct(*this);
        }
    }

    void Decide(const Observation& observation, Action& action) const override
    {
        Note("decide");
        action.Set(choice, 0, observation.IsAllowed(choice, 0, 2) ? 2 : decided);
        action.Set(choice, 1, 2);
    }

    void Note(const std::string& call) const
    {
        calls.push_back(call);
    }

    using Scenario::Finish;
    using Scenario::RequestDecision;
    using Scenario::Rows;

    GroupHandle group;
    DiscreteHeadHandle choice;
    FeatureHandle time;
    TableHandle rows, hidden;
    mutable std::vector<std::string> calls;
    uint64_t closed{0};
    Boundary last;
    int32_t decided{0};
    std::function<void(Probe&)> onBuild, onOpen, onAct;
    std::function<void(const Probe&, Observation&)> onObserve;
};

/// What one exchange carried.
struct Seen
{
    uint64_t tick;
    int64_t timeMs;
    float time;
    std::vector<float> rewards;
    bool terminated;
    bool truncated;
    uint64_t rows;
    std::vector<bool> active;
    std::vector<int32_t> builtin;

    bool operator==(const Seen&) const = default;
};

class LockstepTest : public testing::Test
{
  protected:
    /// Runs an episode in which the learner chooses "yes" always. \return what it was asked
    std::vector<Seen> Run(const std::function<void(Spec&)>& change = {}, bool withBuiltin = false)
    {
        Spec spec;
        m_probe.Describe(spec);
        if (change)
        {
            change(spec);
        }
        spec.Check();
        std::vector<Seen> exchanges;
        Lockstep lockstep(
            m_probe, spec, withBuiltin, [&](const Observation& observation, const Stamp& stamp, Action* action) {
                auto& seen = exchanges.emplace_back();
                seen.tick = stamp.tick;
                seen.timeMs = stamp.simTimeNs / 1'000'000;
                seen.time = observation.Get(m_probe.time, 0);
                const auto rewards = observation.GetRewards(m_probe.group);
                seen.rewards.assign(rewards.begin(), rewards.end());
                seen.terminated = stamp.terminated;
                seen.truncated = stamp.truncated;
                seen.rows = stamp.tables[0].GetRows();
                EXPECT_EQ(stamp.tables[1].GetRows(), 0U);
                for (uint32_t agent = 0; agent < 2; ++agent)
                {
                    seen.active.push_back(observation.IsActive(m_probe.group, agent));
                    if (stamp.builtin)
                    {
                        seen.builtin.push_back(stamp.builtin->Get(m_probe.choice, agent));
                    }
                }
                m_arrays.emplace_back(observation.GetArrays());
                if (!action)
                {
                    return false;
                }
                action->Set(m_probe.choice, 0, 1);
                action->Set(m_probe.choice, 1, 1);
                return true;
            });
        try
        {
            lockstep.Run();
        }
        catch (...)
        {
            m_failedTick = lockstep.GetTick();
            Simulator::Destroy();
            throw;
        }
        return exchanges;
    }

    /// What ends the episode.
    std::string GetFailure(const std::function<void(Spec&)>& change = {}, bool withBuiltin = false)
    {
        try
        {
            Run(change, withBuiltin);
        }
        catch (const Error& error)
        {
            return error.what();
        }
        return "";
    }

    static std::vector<int64_t> GetTimes(const std::vector<Seen>& exchanges)
    {
        std::vector<int64_t> times;
        for (const auto& seen : exchanges)
        {
            times.push_back(seen.timeMs);
        }
        return times;
    }

    static std::vector<float> GetRewards(const std::vector<Seen>& exchanges, std::size_t agent)
    {
        std::vector<float> rewards;
        for (const auto& seen : exchanges)
        {
            rewards.push_back(seen.rewards[agent]);
        }
        return rewards;
    }

    /// Nobody is active but at these times.
    void AskOnlyAt(const std::vector<int64_t>& times)
    {
        m_probe.onObserve = [times](const Probe& self, Observation& observation) {
            const bool isAsked = std::ranges::find(times, Simulator::Now().GetMilliSeconds()) != times.end();
            observation.SetActive(self.group, 0, isAsked);
            observation.SetActive(self.group, 1, false);
        };
    }

    Probe m_probe;
    std::vector<std::string> m_arrays;
    uint64_t m_failedTick{0};
};

using Times = std::vector<int64_t>;
using Numbers = std::vector<float>;

} // namespace

TEST_F(LockstepTest, EachBoundaryCallsInOrder)
{
    const auto exchanges = Run([](Spec& spec) { spec.SetTicks(MilliSeconds(10), 2); });
    const std::vector<std::string> expected{"build",
                                            "metric",
                                            "open 0",
                                            "observe",
                                            "act 11", // tick 0
                                            "close 1 after 10 ms",
                                            "reward",
                                            "metric",
                                            "open 1",
                                            "observe",
                                            "act 11", // tick 1
                                            "close 2 after 10 ms",
                                            "reward",
                                            "metric",
                                            "open 2 last",
                                            "observe"}; // the end
    EXPECT_EQ(m_probe.calls, expected);
    EXPECT_EQ(GetTimes(exchanges), (Times{0, 10, 20}));
    EXPECT_EQ(GetRewards(exchanges, 1), (Numbers{0, 10, 10}));
    EXPECT_TRUE(exchanges[2].truncated);
    EXPECT_FALSE(exchanges[2].terminated);
}

TEST_F(LockstepTest, ARequestedDecisionLeavesTheRegularBoundariesWhereTheyAre)
{
    m_probe.onBuild = [](Probe& self) { Simulator::Schedule(MilliSeconds(13), [&self] { self.RequestDecision(); }); };
    const auto exchanges = Run();
    EXPECT_EQ(GetTimes(exchanges), (Times{0, 10, 13, 20, 30}));
    for (std::size_t i = 0; i < exchanges.size(); ++i)
    {
        EXPECT_EQ(exchanges[i].tick, i);
        EXPECT_EQ(exchanges[i].time, static_cast<float>(exchanges[i].timeMs)) << "observed at the very moment";
    }
    EXPECT_EQ(std::ranges::count(m_probe.calls, "close 2 after 3 ms"), 1);
    EXPECT_EQ(std::ranges::count(m_probe.calls, "open 2 requested"), 1);
    EXPECT_EQ(std::ranges::count(m_probe.calls, "close 3 after 7 ms"), 1);
    EXPECT_EQ(m_probe.last.number, 4U);
    EXPECT_EQ(m_probe.last.tick, 3U);
}

TEST_F(LockstepTest, TwoRequestsAtOneTimeMakeOneExchange)
{
    m_probe.onBuild = [](Probe& self) {
        for (int i = 0; i < 2; ++i)
        {
            Simulator::Schedule(MilliSeconds(13), [&self] {
                self.RequestDecision();
                self.RequestDecision();
            });
        }
    };
    EXPECT_EQ(GetTimes(Run()), (Times{0, 10, 13, 20, 30}));
}

TEST_F(LockstepTest, ARequestAtABoundarysTimeIsServedByIt)
{
    m_probe.onBuild = [](Probe& self) { // before the boundary's own event, which is made at 10 ms
        Simulator::Schedule(MilliSeconds(20), [&self] { self.RequestDecision(); });
    };
    m_probe.onOpen = [](Probe& self) { self.RequestDecision(); };
    m_probe.onAct = [](Probe& self) {
        self.RequestDecision();
        Simulator::ScheduleNow([&self] { self.RequestDecision(); }); // after the exchange of this time
    };
    EXPECT_EQ(GetTimes(Run()), (Times{0, 10, 20, 30}));
}

TEST_F(LockstepTest, ARequestBeforeTheFirstBoundaryIsServedByIt)
{
    m_probe.onBuild = [](Probe& self) { self.RequestDecision(); };
    EXPECT_EQ(GetTimes(Run()), (Times{0, 10, 20, 30}));
}

TEST_F(LockstepTest, WithoutTicksEveryDecisionIsRequested)
{
    m_probe.onBuild = [](Probe& self) {
        Simulator::Schedule(MilliSeconds(4), [&self] { self.RequestDecision(); });
        Simulator::Schedule(MilliSeconds(11), [&self] { self.RequestDecision(); });
    };
    const auto exchanges = Run([](Spec& spec) { spec.SetDuration(MilliSeconds(25)); });
    EXPECT_EQ(GetTimes(exchanges), (Times{0, 4, 11, 25}));
    EXPECT_TRUE(exchanges.back().truncated);
}

TEST_F(LockstepTest, BoundariesAtWhichNobodyIsActiveMakeNoExchange)
{
    AskOnlyAt({0, 30, 40});
    m_probe.onOpen = [](Probe& self) {
        self.Rows(self.rows).Add({1.0});
        self.Rows(self.hidden).Add({1.0});
    };
    const auto exchanges = Run([](Spec& spec) { spec.SetTicks(MilliSeconds(10), 6); });
    EXPECT_EQ(GetTimes(exchanges), (Times{0, 30, 40, 60}));
    EXPECT_EQ(GetRewards(exchanges, 0), (Numbers{0, 3, 1, 2})) << "rewards of skipped boundaries add up";
    EXPECT_EQ(GetRewards(exchanges, 1), (Numbers{0, 30, 10, 20}));
    EXPECT_EQ(exchanges[1].rows, 3U) << "and their rows are kept";
    EXPECT_EQ(exchanges[2].rows, 1U);
    for (std::size_t i = 0; i < exchanges.size(); ++i)
    {
        EXPECT_EQ(exchanges[i].tick, i);
    }
    const std::vector<std::string> afterTheFirst{m_probe.calls.begin() + 5, m_probe.calls.begin() + 11};
    EXPECT_EQ(afterTheFirst,
              (std::vector<std::string>{"close 1 after 10 ms", "reward", "metric", "open 1", "observe", "act 00"}))
        << "the scenario acts by the defaults";
}

TEST_F(LockstepTest, TheyMakeOneWhereTheScenarioWantsIt)
{
    AskOnlyAt({0});
    const auto exchanges = Run([](Spec& spec) { spec.idleTicks = true; });
    EXPECT_EQ(GetTimes(exchanges), (Times{0, 10, 20, 30}));
    EXPECT_EQ(std::ranges::count(m_probe.calls, "act 00"), 2);
}

TEST_F(LockstepTest, TheFirstAndTheLastBoundaryAlwaysMakeOne)
{
    AskOnlyAt({});
    EXPECT_EQ(GetTimes(Run()), (Times{0, 30}));
}

TEST_F(LockstepTest, ARequestAtASkippedBoundaryIsServed)
{
    m_probe.onObserve = [](const Probe& self, Observation& observation) {
        observation.SetActive(self.group, 0, !self.last.isRegular);
        observation.SetActive(self.group, 1, false);
    };
    m_probe.onAct = [](Probe& self) {
        if (Simulator::Now() == MilliSeconds(20))
        {
            self.RequestDecision();
        }
    };
    EXPECT_EQ(GetTimes(Run()), (Times{0, 20, 30}));
}

TEST_F(LockstepTest, AbsentAgentsAreInactiveAndZero)
{
    m_probe.onObserve = [](const Probe& self, Observation& observation) {
        const auto now = Simulator::Now().GetMilliSeconds();
        if (now >= 10 && now < 30)
        {
            observation.Set(self.time, 1, 1e9); // bounds do not hold for who is not there
            observation.Forbid(self.choice, 1, 0);
            observation.Forbid(self.choice, 1, 1);
            observation.Forbid(self.choice, 1, 2);
            observation.SetPresent(self.group, 1, false);
        }
    };
    const auto exchanges = Run([](Spec& spec) { spec.SetTicks(MilliSeconds(10), 4); });
    EXPECT_EQ(GetRewards(exchanges, 1), (Numbers{0, 10, 0, 10, 10})) << "paid for the interval in which it left";
    EXPECT_EQ(exchanges[1].active, (std::vector{true, false}));
    EXPECT_EQ(exchanges[3].active, (std::vector{true, true}));
    EXPECT_EQ(std::ranges::count(m_probe.calls, "act 10"), 2);
    // metrics [1], features [2,1], rewards [2], then present [2], active [2], masks [2,3] and padding
    const std::string flags("\1\0\1\0\1\1\1\1\1\1\0\0\0\0\0\0", 16);
    EXPECT_EQ(m_arrays[2].substr(24), flags);
    EXPECT_EQ(m_arrays[2].substr(12, 4), std::string(4, '\0')) << "its features";
}

TEST_F(LockstepTest, NobodyPresentIsNobodyActive)
{
    m_probe.onObserve = [](const Probe& self, Observation& observation) {
        observation.SetPresent(self.group, 0, false);
        observation.SetPresent(self.group, 1, false);
    };
    EXPECT_EQ(GetTimes(Run()), (Times{0, 30}));
}

TEST_F(LockstepTest, FinishInAnEventEndsTheEpisodeAtThatMoment)
{
    m_probe.onBuild = [](Probe& self) { Simulator::Schedule(MilliSeconds(13), [&self] { self.Finish(); }); };
    AskOnlyAt({0, 10});
    const auto exchanges = Run();
    EXPECT_EQ(GetTimes(exchanges), (Times{0, 10, 13}));
    EXPECT_TRUE(exchanges.back().terminated);
    EXPECT_FALSE(exchanges.back().truncated);
}

TEST_F(LockstepTest, FinishAtABoundaryMakesItTheLast)
{
    m_probe.onOpen = [](Probe& self) {
        if (self.last.number == 2)
        {
            self.Finish();
        }
    };
    const auto exchanges = Run();
    EXPECT_EQ(GetTimes(exchanges), (Times{0, 10, 20}));
    EXPECT_TRUE(exchanges.back().terminated);
}

TEST_F(LockstepTest, FinishAfterTheExchangeOfATimeEndsTheEpisodeAtThatTime)
{
    m_probe.onAct = [](Probe& self) {
        if (Simulator::Now() == MilliSeconds(10))
        {
            self.Finish();
        }
    };
    const auto exchanges = Run();
    EXPECT_EQ(GetTimes(exchanges), (Times{0, 10, 10}));
    EXPECT_TRUE(exchanges.back().terminated);
}

TEST_F(LockstepTest, TheScenariosOwnPolicyTravelsWhereItIsAskedFor)
{
    m_probe.onObserve = [](const Probe& self, Observation& observation) {
        observation.SetActive(self.group, 1, false);
    };
    const auto exchanges = Run({}, true);
    EXPECT_EQ(exchanges[0].builtin, (std::vector<int32_t>{2, 0})) << "the default of who is not active";
    EXPECT_TRUE(exchanges.back().builtin.empty()) << "no action follows";
    EXPECT_EQ(std::ranges::count(m_probe.calls, "decide"), 3);
    EXPECT_EQ(std::ranges::count(m_probe.calls, "act 10"), 3) << "the learner's choice counts";
}

TEST_F(LockstepTest, TheScenariosOwnPolicyIsChecked)
{
    m_probe.decided = 2;
    m_probe.onObserve = [](const Probe& self, Observation& observation) { observation.Forbid(self.choice, 0, 2); };
    EXPECT_EQ(
        GetFailure({}, true),
        "tick 0: the scenario's own policy: action of agent 'a', head 'choice': choice 2 ('maybe') is masked at this "
        "tick; choose where the mask is 1");
}

TEST_F(LockstepTest, AnEarlyEndOfTheSimulationIsAFault)
{
    m_probe.onBuild = [](Probe& /* self */) { Simulator::Stop(MilliSeconds(15)); };
    EXPECT_EQ(
        GetFailure(),
        "the simulation ended at +0.015s of simulated time, before the episode did; do not call Simulator::Stop(), "
        "call Finish() where the task has ended");
    EXPECT_EQ(m_failedTick, 2U) << "the exchange that did not come";
}

TEST_F(LockstepTest, AFailureInObserveIsOfTheExchangeThatItWasFor)
{
    m_probe.onObserve = [](const Probe& self, Observation& observation) {
        observation.Set(self.time, self.last.number == 2 ? 7 : 0, 0);
    };
    EXPECT_EQ(GetFailure(), "group 'agents', feature 'time': agent 7 does not exist, there are 0 to 1");
    EXPECT_EQ(m_failedTick, 2U);
}

TEST_F(LockstepTest, ValuesOutsideTheirBoundsAreNamed)
{
    m_probe.onObserve = [](const Probe& self, Observation& observation) { observation.Set(self.time, 1, -1); };
    EXPECT_EQ(
        GetFailure(),
        "tick 0: agent 'b', feature 'time' [ms]: -1 is outside [0, 1000]; widen the bounds in Describe(), declare "
        "the feature saturating, or mend its value");
}

TEST_F(LockstepTest, AnActiveAgentNeedsAChoice)
{
    m_probe.onObserve = [](const Probe& self, Observation& observation) {
        for (uint32_t choice = 0; choice < 3; ++choice)
        {
            observation.Forbid(self.choice, 1, choice);
        }
    };
    EXPECT_EQ(GetFailure(),
              "tick 0: agent 'b', head 'choice': the mask of an active agent must allow at least one choice");
}

TEST_F(LockstepTest, WhatBelongsToAnEpisodeIsRefusedOutsideOfOne)
{
    EXPECT_THROW(m_probe.RequestDecision(), Error);
    EXPECT_THROW(m_probe.Finish(), Error);
    EXPECT_THROW(m_probe.Rows(m_probe.rows), Error);
}

TEST_F(LockstepTest, RowsOfAnUndeclaredTableAreRefused)
{
    m_probe.onBuild = [](Probe& self) { self.Rows(TableHandle()).Add({1.0}); };
    EXPECT_EQ(GetFailure(),
              "a table was used that Describe() did not declare; keep what AddTable() gives in a member and use that");
}

TEST_F(LockstepTest, RowsOfOtherMakeAreRefusedAlsoWhenNobodyAskedForThem)
{
    m_probe.onBuild = [](Probe& self) { self.Rows(self.hidden).Add({1.0, 2.0}); };
    EXPECT_EQ(GetFailure(), "table 'hidden' has 1 columns, a row came with 2 values");
}
