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
#include <thread>

using namespace ns3;
using namespace ns3::marl;

namespace
{

/// Feature columns; the rest is filler.
enum Column : uint32_t
{
    WANTED_CHOICE,
    WANTED_LEVEL,
    LAST_CHOICE,
    LAST_LEVEL,
    FIXED_COLUMNS,
};

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
        arguments.Add("terminate", "End as terminated at this tick; 0 is never", m_terminateTick);
        arguments.Add("failure", "none, crash, exit, hang, throw, nan or bounds: what goes wrong", m_failure);
        arguments.Add("failureTick", "The tick at which it goes wrong", m_failureTick);
        arguments.Add("buildTime", "Wall-clock time that building takes", m_buildTime);
    }

    Spec Describe() override
    {
        if (m_agents < 1 || m_groups < 1 || m_choices < 2 || m_features < FIXED_COLUMNS || m_discreteHeads < 1 ||
            m_continuousHeads < 1)
        {
            throw Error(FaultKind::CONFIG,
                        "echo needs at least 1 agent, 1 group, 1 head of each kind, 2 choices and 4 features; mend the "
                        "arguments");
        }
        Spec spec;
        spec.scenario = "echo";
        spec.tick = MilliSeconds(100);
        spec.ticks = m_ticks;
        for (uint32_t g = 0; g < m_groups; ++g)
        {
            spec.groups.push_back(MakeGroup(g));
        }
        spec.state = {
            {"world", {"wanted"}, {{"choice", "1", 0, m_choices - 1.0, false, ""}, {"level", "1", 0, 1, false, ""}}}};
        spec.metrics = {{"reward_mean", "1", "Mean reward of an agent and tick", true},
                        {"right_choices_ratio", "1", "Share of right choices", true}};
        spec.tables = {{"answers", {{"tick", "1", Type::INT64}, {"level", "1", Type::FLOAT64}}}};
        return spec;
    }

    void Build() override
    {
        m_random = CreateObject<UniformRandomVariable>();
        m_random->SetStream(1);
        m_filler.resize(m_features + FILLER_PERIOD);
        std::ranges::generate(m_filler, [this] { return static_cast<float>(m_random->GetValue()); });
        m_last.assign(m_groups * m_agents, {0, 0.0F});
        std::this_thread::sleep_for(std::chrono::nanoseconds(m_buildTime.GetNanoSeconds()));
    }

    void Observe(uint64_t tick, Observation& observation) override
    {
        Fail(tick);
        m_paidChoice = m_wantedChoice;
        m_paidLevel = m_wantedLevel;
        const bool lastMasked = m_masked && tick % 2 == 1;
        m_wantedChoice = m_random->GetInteger(0, m_choices - (lastMasked ? 2 : 1));
        m_wantedLevel = static_cast<float>(m_random->GetValue());
        for (uint32_t g = 0; g < m_groups; ++g)
        {
            auto& group = observation.groups[g];
            for (uint32_t agent = 0; agent < m_agents; ++agent)
            {
                const auto features = group.Features(agent);
                const auto& [choice, level] = m_last[g * m_agents + agent];
                features[WANTED_CHOICE] = static_cast<float>(m_wantedChoice);
                features[WANTED_LEVEL] = m_wantedLevel;
                features[LAST_CHOICE] = static_cast<float>(choice);
                features[LAST_LEVEL] = level;
                std::ranges::copy_n(m_filler.begin() + (tick + agent) % FILLER_PERIOD,
                                    m_features - FIXED_COLUMNS,
                                    features.subspan(FIXED_COLUMNS).begin());
                if (m_idle && tick % 2 == 1 && agent % 2 == 1)
                {
                    group.Decides(agent) = 0;
                }
                if (lastMasked)
                {
                    group.Mask(agent, 0)[m_choices - 1] = 0;
                }
            }
        }
        observation.State(0, 0)[0] = static_cast<float>(m_wantedChoice);
        observation.State(0, 0)[1] = m_wantedLevel;
        if (tick > 0)
        {
            for (auto& table : observation.tables)
            {
                table.Add({static_cast<int64_t>(tick), static_cast<double>(m_paidLevel)});
            }
        }
        observation.terminated = m_terminateTick > 0 && tick == m_terminateTick;
    }

    void Reward(uint64_t tick, Observation& observation) override
    {
        for (uint32_t g = 0; g < m_groups; ++g)
        {
            for (uint32_t agent = 0; agent < m_agents; ++agent)
            {
                const auto& [choice, level] = m_last[g * m_agents + agent];
                const bool right = choice == static_cast<int32_t>(m_paidChoice);
                const float reward = (right ? 1.0F : 0.0F) - std::abs(level - m_paidLevel);
                observation.groups[g].Reward(agent) = reward;
                m_rewardSum += reward;
                m_rightCount += right;
            }
        }
        const auto count = static_cast<double>(tick) * m_groups * m_agents;
        observation.Metric(0) = m_rewardSum / count;
        observation.Metric(1) = static_cast<double>(m_rightCount) / count;
    }

    void Act(uint64_t /* tick */, const Action& action) override
    {
        for (uint32_t g = 0; g < m_groups; ++g)
        {
            for (uint32_t agent = 0; agent < m_agents; ++agent)
            {
                m_last[g * m_agents + agent] = {action.groups[g].Discrete(agent, 0),
                                                action.groups[g].Continuous(agent, 0)};
            }
        }
    }

    void Decide(uint64_t /* tick */, const Observation& observation, Action& action) override
    {
        for (uint32_t g = 0; g < m_groups; ++g)
        {
            for (uint32_t agent = 0; agent < m_agents; ++agent)
            {
                action.groups[g].Discrete(agent, 0) =
                    static_cast<int32_t>(observation.groups[g].Features(agent)[WANTED_CHOICE]);
                action.groups[g].Continuous(agent, 0) = observation.groups[g].Features(agent)[WANTED_LEVEL];
            }
        }
    }

  private:
    using Type = ns3::marl::Column::Type;

    struct Deed
    {
        int32_t choice;
        float level;
    };

    Group MakeGroup(uint32_t index) const
    {
        Group group;
        group.name = m_groups == 1 ? "agents" : "agents-" + std::to_string(index);
        for (uint32_t agent = 0; agent < m_agents; ++agent)
        {
            group.agents.push_back((m_groups == 1 ? "agent_" : "agent_" + std::to_string(index) + "_") +
                                   std::to_string(agent));
        }
        group.features = {{"wanted_choice", "1", 0, m_choices - 1.0, false, "The choice that is paid for"},
                          {"wanted_level", "1", 0, 1, false, "The level that is paid for"},
                          {"last_choice", "1", 0, m_choices - 1.0, false, "What this agent chose last"},
                          {"last_level", "1", 0, 1, false, "The level this agent gave last"}};
        for (uint32_t i = FIXED_COLUMNS; i < m_features; ++i)
        {
            group.features.push_back({"filler_" + std::to_string(i), "1", 0, 1, true, ""});
        }
        std::vector<std::string> choices;
        for (uint32_t i = 0; i < m_choices; ++i)
        {
            choices.push_back("choice-" + std::to_string(i));
        }
        for (uint32_t i = 0; i < m_discreteHeads; ++i)
        {
            group.discreteHeads.push_back(
                {i == 0 ? "choice" : "choice_" + std::to_string(i), choices, 0, std::nullopt, ""});
        }
        for (uint32_t i = 0; i < m_continuousHeads; ++i)
        {
            group.continuousHeads.push_back(
                {i == 0 ? "level" : "level_" + std::to_string(i), "1", 0, 1, 0, std::nullopt, ""});
        }
        return group;
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
        else
        {
            throw Error(FaultKind::CONFIG,
                        "argument '--failure': '" + m_failure +
                            "' is none of none, crash, exit, hang, throw, nan and bounds");
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
    uint64_t m_terminateTick{0};
    std::string m_failure{"none"};
    uint64_t m_failureTick{5};
    Time m_buildTime{0};

    Ptr<UniformRandomVariable> m_random;
    std::vector<float> m_filler; ///< random numbers that fill the rest of the features
    std::vector<Deed> m_last;
    uint32_t m_wantedChoice{0};
    float m_wantedLevel{0};
    uint32_t m_paidChoice{0};
    float m_paidLevel{0};
    double m_rewardSum{0};
    uint64_t m_rightCount{0};
};

} // namespace

int
main(int argc, char* argv[])
{
    return RunScenario<Echo>(argc, argv, "echo");
}
