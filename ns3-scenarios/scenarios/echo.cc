// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// No radio: agents get back what they did. The partner of the wire's tests and benchmarks, and the smallest scenario that
// can be learned: each agent sees which choice and which level are wanted at this tick, and is paid for giving them.

#include "bridge/scenario.h"

#include "ns3/random-variable-stream.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <limits>
#include <span>
#include <thread>

using namespace ns3;
using namespace ns3::marl;

namespace
{

constexpr uint32_t FIXED_FEATURES = 4; ///< the rest is filler
const Time TICK = MilliSeconds(100);
constexpr uint32_t FILLER_PERIOD = 16; ///< ticks after which the filler repeats

class Echo : public Scenario
{
  public:
    void AddArguments(Arguments& arguments) override
    {
        arguments.Add("agents", "Number of agents of each group", m_agents);
        arguments.Add("groups", "Number of groups", m_groups);
        arguments.Add("features", "Number of features of an agent, at least 4", m_features);
        arguments.Add("choices", "Number of choices of the discrete head", m_choices);
        arguments.Add("discreteHeads", "Number of discrete heads; the first is paid for", m_discreteHeads);
        arguments.Add("continuousHeads", "Number of continuous heads; the first is paid for", m_continuousHeads);
        arguments.Add("ticks", "Actions in an episode", m_ticks);
        arguments.Add("masked", "Mask the last choice at odd ticks", m_masked);
        arguments.Add("idle", "Do not ask odd agents to act at odd ticks", m_idle);
        arguments.Add("askEvery", "Ask agents to act at every so many boundaries only", m_askEvery);
        arguments.Add("idleTicks", "Exchange also at boundaries at which no agent is asked", m_idleTicks);
        arguments.Add("requestEvery", "Request a decision each time this has passed; 0 is never", m_requestEvery);
        arguments.Add("duration", "Without regular ticks: the episode's length; 0 is with them", m_duration);
        arguments.Add("leave", "The last agent of each group is absent from this tick on; 0 is never", m_leaveTick);
        arguments.Add("rejoin", "and there again from this tick on; 0 is never", m_rejoinTick);
        arguments.Add("terminate", "End as terminated at this tick; 0 is never", m_terminateTick);
        arguments.Add("finishAfter", "End as terminated when this has passed; 0 is never", m_finishAfter);
        arguments.Add(
            "failure", "none, crash, exit, hang, throw, nan, bounds, index or stop: what goes wrong", m_failure);
        arguments.Add("failureTick", "The tick at which it goes wrong", m_failureTick);
        arguments.Add("buildTime", "Wall-clock time that building takes", m_buildTime);
    }

    void Describe(Spec& spec) override
    {
        if (m_agents < 1 || m_groups < 1 || m_choices < 2 || m_features < FIXED_FEATURES || m_discreteHeads < 1 ||
            m_continuousHeads < 1 || m_askEvery < 1)
        {
            throw Error(FaultKind::CONFIG,
                        "echo needs at least 1 agent, 1 group, 1 head of each kind, 2 choices, 4 features and "
                        "--askEvery=1; mend the arguments");
        }
        if (m_duration.IsZero())
        {
            spec.SetTicks(TICK, m_ticks);
        }
        else
        {
            spec.SetDuration(m_duration);
        }
        spec.idleTicks = m_idleTicks;
        m_handles.clear();
        for (uint32_t g = 0; g < m_groups; ++g)
        {
            m_handles.push_back(AddGroup(spec, g));
        }
        auto& world = spec.AddState("world", {"wanted"});
        m_worldChoice = world.AddFeature({.name = "choice", .unit = "1", .low = 0, .high = m_choices - 1.0});
        m_worldLevel = world.AddFeature({.name = "level", .unit = "1", .low = 0, .high = 1});
        spec.AddMetric(
            {.name = "reward_mean", .unit = "1", .description = "Mean reward of an agent and tick", .value = [this] {
                 return GetMean(m_rewardSum);
             }});
        spec.AddMetric(
            {.name = "right_choices_ratio", .unit = "1", .description = "Share of right choices", .value = [this] {
                 return GetMean(static_cast<double>(m_rightCount));
             }});
        m_answers = spec.AddTable({.name = "answers",
                                   .columns = {{.name = "tick", .unit = "1", .type = ns3::marl::Column::Type::INT64},
                                               {.name = "level", .unit = "1"}}});
    }

    void Build() override
    {
        m_random = CreateObject<UniformRandomVariable>();
        m_random->SetStream(1);
        m_filler.resize(m_features + FILLER_PERIOD);
        std::ranges::generate(m_filler, [this] { return static_cast<float>(m_random->GetValue()); });
        m_last.assign(m_groups * m_agents, {0, 0.0F});
        if (m_requestEvery.IsStrictlyPositive())
        {
            Simulator::Schedule(m_requestEvery, &Echo::Request, this);
        }
        if (m_finishAfter.IsStrictlyPositive())
        {
            Simulator::Schedule(m_finishAfter, [this] { Finish(); });
        }
        if (m_failure == "stop")
        {
            Simulator::Stop(TICK * static_cast<int64_t>(m_failureTick));
        }
        std::this_thread::sleep_for(std::chrono::nanoseconds(m_buildTime.GetNanoSeconds()));
    }

    void CloseInterval(const Boundary& boundary) override
    {
        for (uint32_t g = 0; g < m_groups; ++g)
        {
            for (uint32_t agent = 0; agent < m_agents; ++agent)
            {
                m_rewardSum += GetReward(g, agent);
                m_rightCount += IsRight(g, agent);
            }
        }
        m_intervals++;
        Rows(m_answers).Add({static_cast<int64_t>(boundary.number), static_cast<double>(m_wantedLevel)});
    }

    void Reward(Rewards& rewards) const override
    {
        for (uint32_t g = 0; g < m_groups; ++g)
        {
            for (uint32_t agent = 0; agent < m_agents; ++agent)
            {
                rewards.Add(m_handles[g].group, agent, GetReward(g, agent));
            }
        }
    }

    void OpenInterval(const Boundary& boundary) override
    {
        Fail(boundary.number);
        m_boundary = boundary.number;
        m_wantedChoice = m_random->GetInteger(0, m_choices - (IsLastMasked() ? 2 : 1));
        m_wantedLevel = static_cast<float>(m_random->GetValue());
        if (m_terminateTick > 0 && boundary.number == m_terminateTick)
        {
            Finish();
        }
    }

    void Observe(Observation& observation) const override
    {
        const auto fillers = std::span(m_filler).first(m_features - FIXED_FEATURES + FILLER_PERIOD);
        if (m_failure == "index" && m_boundary == m_failureTick)
        {
            observation.Set(m_handles[0].wantedChoice, m_agents, 0); // beside the last agent
        }
        for (uint32_t g = 0; g < m_groups; ++g)
        {
            const auto& handles = m_handles[g];
            for (uint32_t agent = 0; agent < m_agents; ++agent)
            {
                const auto& [choice, level] = m_last[g * m_agents + agent];
                observation.Set(handles.wantedChoice, agent, m_wantedChoice);
                observation.Set(handles.wantedLevel, agent, m_wantedLevel);
                observation.Set(handles.lastChoice, agent, choice);
                observation.Set(handles.lastLevel, agent, level);
                if (m_features > FIXED_FEATURES)
                {
                    const auto first = (m_boundary + agent) % FILLER_PERIOD;
                    observation.SetFrom(
                        handles.firstFiller, agent, fillers.subspan(first, m_features - FIXED_FEATURES));
                }
                if (m_boundary % m_askEvery != 0 || (m_idle && m_boundary % 2 == 1 && agent % 2 == 1))
                {
                    observation.SetActive(handles.group, agent, false);
                }
                if (IsLastMasked())
                {
                    observation.Forbid(handles.choice, agent, m_choices - 1);
                }
            }
            const bool isBack = m_rejoinTick > 0 && m_boundary >= m_rejoinTick;
            if (m_leaveTick > 0 && m_boundary >= m_leaveTick && !isBack)
            {
                observation.SetPresent(handles.group, m_agents - 1, false);
            }
        }
        observation.Set(m_worldChoice, 0, m_wantedChoice);
        observation.Set(m_worldLevel, 0, m_wantedLevel);
    }

    void Act(const Action& action) override
    {
        for (uint32_t g = 0; g < m_groups; ++g)
        {
            for (uint32_t agent = 0; agent < m_agents; ++agent)
            {
                m_last[g * m_agents + agent] = {action.Get(m_handles[g].choice, agent),
                                                action.Get(m_handles[g].level, agent)};
            }
        }
    }

    void Decide(const Observation& observation, Action& action) const override
    {
        for (const auto& handles : m_handles)
        {
            for (uint32_t agent = 0; agent < m_agents; ++agent)
            {
                if (observation.IsActive(handles.group, agent))
                {
                    action.Set(handles.choice, agent, observation.Get(handles.wantedChoice, agent));
                    action.Set(handles.level, agent, observation.Get(handles.wantedLevel, agent));
                }
            }
        }
    }

  private:
    struct Handles
    {
        GroupHandle group;
        DiscreteHeadHandle choice;  ///< the one that is paid for
        ContinuousHeadHandle level; ///< the one that is paid for
        FeatureHandle wantedChoice;
        FeatureHandle wantedLevel;
        FeatureHandle lastChoice;
        FeatureHandle lastLevel;
        FeatureHandle firstFiller;
    };

    struct Deed
    {
        int32_t choice;
        float level;
    };

    Handles AddGroup(Spec& spec, uint32_t index) const
    {
        const auto number = std::to_string(index);
        std::vector<std::string> names;
        for (uint32_t agent = 0; agent < m_agents; ++agent)
        {
            names.push_back((m_groups == 1 ? "agent_" : "agent_" + number + "_") + std::to_string(agent));
        }
        auto& group = spec.AddGroup(m_groups == 1 ? "agents" : "agents-" + number, names);
        Handles handles;
        handles.group = group.handle;
        std::vector<std::string> choices;
        for (uint32_t i = 0; i < m_choices; ++i)
        {
            choices.push_back("choice-" + std::to_string(i));
        }
        handles.choice = group.AddDiscreteHead({.name = "choice", .choices = choices});
        for (uint32_t i = 1; i < m_discreteHeads; ++i)
        {
            group.AddDiscreteHead({.name = "choice_" + std::to_string(i), .choices = choices});
        }
        handles.level = group.AddContinuousHead({.name = "level", .unit = "1", .low = 0, .high = 1});
        for (uint32_t i = 1; i < m_continuousHeads; ++i)
        {
            group.AddContinuousHead({.name = "level_" + std::to_string(i), .unit = "1", .low = 0, .high = 1});
        }
        const double lastChoice = m_choices - 1.0;
        handles.wantedChoice = group.AddFeature({.name = "wanted_choice",
                                                 .unit = "1",
                                                 .low = 0,
                                                 .high = lastChoice,
                                                 .description = "The choice that is paid for"});
        handles.wantedLevel = group.AddFeature(
            {.name = "wanted_level", .unit = "1", .low = 0, .high = 1, .description = "The level that is paid for"});
        handles.lastChoice = group.AddFeature({.name = "last_choice",
                                               .unit = "1",
                                               .low = 0,
                                               .high = lastChoice,
                                               .description = "What this agent chose last"});
        handles.lastLevel = group.AddFeature(
            {.name = "last_level", .unit = "1", .low = 0, .high = 1, .description = "The level this agent gave last"});
        for (uint32_t i = FIXED_FEATURES; i < m_features; ++i)
        {
            const auto filler = group.AddFeature(
                {.name = "filler_" + std::to_string(i), .unit = "1", .low = 0, .high = 1, .saturating = true});
            handles.firstFiller = i == FIXED_FEATURES ? filler : handles.firstFiller;
        }
        return handles;
    }

    bool IsLastMasked() const
    {
        return m_masked && m_boundary % 2 == 1;
    }

    bool IsRight(uint32_t group, uint32_t agent) const
    {
        return m_last[group * m_agents + agent].choice == static_cast<int32_t>(m_wantedChoice);
    }

    /// What the agent's last deed is worth.
    float GetReward(uint32_t group, uint32_t agent) const
    {
        return (IsRight(group, agent) ? 1.0F : 0.0F) - std::abs(m_last[group * m_agents + agent].level - m_wantedLevel);
    }

    /// \return the mean of the sum over agents and intervals so far
    double GetMean(double sum) const
    {
        return m_intervals == 0 ? std::numeric_limits<double>::quiet_NaN()
                                : sum / (static_cast<double>(m_intervals) * m_groups * m_agents);
    }

    void Request()
    {
        RequestDecision();
        RequestDecision(); // two make one
        Simulator::Schedule(m_requestEvery, &Echo::Request, this);
    }

    /// The faults that the tests ask for.
    void Fail(uint64_t tick)
    {
        if (m_failure == "none" || tick != m_failureTick)
        {
            return;
        }
        if (m_failure == "crash")
        {
            std::raise(SIGSEGV);
        }
        else if (m_failure == "exit")
        {
            std::_Exit(3);
        }
        else if (m_failure == "hang")
        {
            for (;;)
            {
                std::this_thread::sleep_for(std::chrono::hours(1));
            }
        }
        else if (m_failure == "throw")
        {
            throw std::runtime_error("the scenario failed on request");
        }
        else if (m_failure == "nan")
        {
            std::ranges::fill(m_filler, std::numeric_limits<float>::quiet_NaN());
        }
        else if (m_failure == "bounds")
        {
            m_last[0].level = 1.5F;
        }
        else if (m_failure != "stop" && m_failure != "index")
        {
            throw Error(FaultKind::CONFIG,
                        "argument '--failure': '" + m_failure +
                            "' is none of none, crash, exit, hang, throw, nan, bounds, index and stop");
        }
    }

    uint32_t m_agents{2};
    uint32_t m_groups{1};
    uint32_t m_features{8};
    uint32_t m_choices{3};
    uint32_t m_discreteHeads{1};
    uint32_t m_continuousHeads{1};
    uint64_t m_ticks{50};
    bool m_masked{false};
    bool m_idle{false};
    uint64_t m_askEvery{1};
    bool m_idleTicks{true};
    Time m_requestEvery{0};
    Time m_duration{0};
    uint64_t m_leaveTick{0};
    uint64_t m_rejoinTick{0};
    uint64_t m_terminateTick{0};
    Time m_finishAfter{0};
    std::string m_failure{"none"};
    uint64_t m_failureTick{5};
    Time m_buildTime{0};

    std::vector<Handles> m_handles; ///< of each group
    StateFeatureHandle m_worldChoice;
    StateFeatureHandle m_worldLevel;
    TableHandle m_answers;

    Ptr<UniformRandomVariable> m_random;
    std::vector<float> m_filler; ///< random numbers that fill the rest of the features
    std::vector<Deed> m_last;
    uint32_t m_wantedChoice{0};
    float m_wantedLevel{0};
    double m_rewardSum{0};
    uint64_t m_rightCount{0};
    uint64_t m_boundary{0};  ///< number of the last boundary
    uint64_t m_intervals{0}; ///< that have ended
};

} // namespace

int
main(int argc, char* argv[])
{
    return RunScenario<Echo>(argc, argv, "echo");
}
