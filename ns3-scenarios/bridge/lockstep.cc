// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/lockstep.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>
#include <sstream>
#include <utility>

namespace ns3::marl
{

namespace
{

/// Continuous actions outside their bounds by at most this share of the range are clipped (rounding of float32).
constexpr float CLIP_TOLERANCE = 1e-5F;

int64_t
ReadClockNs(clockid_t clock)
{
    timespec now{};
    clock_gettime(clock, &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

template <typename T>
std::string
ToText(T value)
{
    std::ostringstream text;
    text << value;
    return text.str();
}

[[noreturn]] void
Violate(uint64_t tick, const std::string& message)
{
    throw Error(FaultKind::SPEC_VIOLATION, "tick " + std::to_string(tick) + ": " + message);
}

[[noreturn]] void
ViolateBounds(uint64_t tick, const std::string& where, const std::string& name, const Feature& feature, float value)
{
    Violate(tick,
            where + " '" + name + "', feature '" + feature.name + "' [" + feature.unit + "]: " + ToText(value) +
                " is outside [" + ToText(feature.low) + ", " + ToText(feature.high) +
                "]; widen the bounds in Describe(), declare the feature saturating, or mend its value");
}

/// Whether all values are within their bounds; NaN is not.
bool
IsInside(const float* values, const float* low, const float* high, std::size_t count)
{
    uint32_t outside = 0;
    for (std::size_t i = 0; i < count; ++i)
    {
        outside += static_cast<uint32_t>(!(values[i] >= low[i])) | static_cast<uint32_t>(!(values[i] <= high[i]));
    }
    return outside == 0;
}

bool
IsHeadActive(const std::optional<Condition>& condition, const Action& action, uint32_t agent)
{
    return !condition ||
           std::ranges::find(condition->choices, static_cast<uint32_t>(action.Get(condition->head, agent))) !=
               condition->choices.end();
}

} // namespace

Lockstep::Lockstep(Scenario& scenario, const Spec& spec, bool withBuiltin, Exchange exchange)
    : m_scenario(scenario),
      m_spec(spec),
      m_withBuiltin(withBuiltin),
      m_exchange(std::move(exchange)),
      m_observation(m_spec),
      m_rewards(m_spec),
      m_action(m_spec),
      m_builtin(m_spec),
      m_tables(m_spec.tables.begin(), m_spec.tables.end())
{
    for (const auto& group : m_spec.groups)
    {
        m_groupBounds.push_back(MakeBounds(group.features));
        m_wasPresent.emplace_back(group.agents.size());
    }
    for (const auto& block : m_spec.state)
    {
        m_stateBounds.push_back(MakeBounds(block.features));
    }
    m_stamp.tables = m_tables;
    m_scenario.m_lockstep = this;
}

Lockstep::~Lockstep()
{
    m_scenario.m_lockstep = nullptr;
}

Lockstep::Bounds
Lockstep::MakeBounds(const std::vector<Feature>& features)
{
    Bounds bounds;
    for (const auto& feature : features)
    {
        bounds.low.push_back(static_cast<float>(feature.low));
        bounds.high.push_back(static_cast<float>(feature.high));
    }
    return bounds;
}

uint64_t
Lockstep::GetTick() const
{
    return m_tick;
}

void
Lockstep::Run()
{
    m_wallNs = ReadClockNs(CLOCK_MONOTONIC);
    m_cpuNs = ReadClockNs(CLOCK_THREAD_CPUTIME_ID);
    m_scenario.Build();
    Simulator::Schedule(m_scenario.GetStart(), &Lockstep::ReachRegular, this);
    Simulator::Run();
    if (!m_isOver)
    {
        std::ostringstream time;
        time << Simulator::Now().As(Time::S);
        throw Error(FaultKind::SIMULATION,
                    "the simulation ended at " + time.str() +
                        " of simulated time, before the episode did; do not call Simulator::Stop(), call Finish() "
                        "where the task has ended");
    }
    Simulator::Destroy();
}

void
Lockstep::RequestDecision()
{
    const bool isServed = m_isInBoundary || m_exchangeTime == Simulator::Now() || m_requested.IsPending();
    if (m_exchangeTime.IsStrictlyNegative() || m_isOver || isServed)
    {
        return;
    }
    m_requested = Simulator::ScheduleNow(&Lockstep::ReachRequested, this);
}

void
Lockstep::Finish()
{
    m_isFinished = true;
    if (!m_exchangeTime.IsStrictlyNegative() && !m_isInBoundary && !m_requested.IsPending())
    {
        m_requested = Simulator::ScheduleNow(&Lockstep::ReachRequested, this);
    }
}

TableRows&
Lockstep::Rows(const TableHandle& table)
{
    if (table.spec != m_spec.id || table.table >= m_tables.size())
    {
        Refuse(m_spec, table);
    }
    return m_tables[table.table];
}

uint64_t
Lockstep::CheckRow(std::span<float> values,
                   const Bounds& bounds,
                   const std::vector<Feature>& features,
                   const std::string& where,
                   const std::string& name) const
{
    if (IsInside(values.data(), bounds.low.data(), bounds.high.data(), values.size()))
    {
        return 0;
    }
    uint64_t saturated = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
    {
        if (values[i] >= bounds.low[i] && values[i] <= bounds.high[i])
        {
            continue;
        }
        if (!features[i].saturating || std::isnan(values[i]))
        {
            ViolateBounds(m_tick, where, name, features[i], values[i]);
        }
        values[i] = std::clamp(values[i], bounds.low[i], bounds.high[i]);
        ++saturated;
    }
    return saturated;
}

uint64_t
Lockstep::CheckObservation()
{
    uint64_t saturated = 0;
    for (std::size_t g = 0; g < m_spec.groups.size(); ++g)
    {
        const auto& group = m_spec.groups[g];
        const auto& arrays = m_observation.m_groups[g];
        for (uint32_t agent = 0; agent < arrays.agents; ++agent)
        {
            if (!arrays.present[agent])
            {
                continue;
            }
            const auto values = arrays.features.subspan(std::size_t{agent} * arrays.width, arrays.width);
            saturated += CheckRow(values, m_groupBounds[g], group.features, "agent", group.agents[agent]);
            const auto masks = arrays.masks.subspan(std::size_t{agent} * arrays.maskWidth, arrays.maskWidth);
            for (std::size_t h = 0; arrays.active[agent] && h < group.discreteHeads.size(); ++h)
            {
                const auto first = arrays.maskOffsets[h];
                if (std::ranges::count(masks.subspan(first, arrays.maskOffsets[h + 1] - first), 1) == 0)
                {
                    Violate(m_tick,
                            "agent '" + group.agents[agent] + "', head '" + group.discreteHeads[h].name +
                                "': the mask of an active agent must allow at least one choice");
                }
            }
        }
    }
    for (std::size_t b = 0; b < m_spec.state.size(); ++b)
    {
        const auto& block = m_spec.state[b];
        const auto& array = m_observation.m_state[b];
        for (uint32_t row = 0; row < array.rows; ++row)
        {
            const auto values = array.values.subspan(std::size_t{row} * array.width, array.width);
            saturated +=
                CheckRow(values, m_stateBounds[b], block.features, "state '" + block.name + "' row", block.rows[row]);
        }
    }
    for (std::size_t i = 0; i < m_spec.metrics.size(); ++i)
    {
        if (std::isinf(m_observation.m_metrics[i]))
        {
            Violate(m_tick,
                    "metric '" + m_spec.metrics[i].name +
                        "' is infinite; leave it NaN when there is nothing to measure");
        }
    }
    return saturated;
}

void
Lockstep::CheckChoices(const Group& group, uint32_t agent, const Action& action, const std::string& whose) const
{
    const auto& arrays = m_observation.m_groups[group.handle.group];
    const auto heads = group.discreteHeads.size();
    const auto choices = action.GetDiscrete(group.handle).subspan(agent * heads, heads);
    const auto masks = arrays.masks.subspan(std::size_t{agent} * arrays.maskWidth, arrays.maskWidth);
    for (std::size_t h = 0; h < heads; ++h)
    {
        const auto& head = group.discreteHeads[h];
        const auto choice = choices[h];
        if (choice < 0 || static_cast<std::size_t>(choice) >= head.choices.size())
        {
            Violate(m_tick,
                    whose + "action of agent '" + group.agents[agent] + "', head '" + head.name +
                        "': " + std::to_string(choice) + " is not one of the choices 0 to " +
                        std::to_string(head.choices.size() - 1));
        }
        if (masks[arrays.maskOffsets[h] + choice] == 0 && IsHeadActive(head.activeIf, action, agent))
        {
            Violate(m_tick,
                    whose + "action of agent '" + group.agents[agent] + "', head '" + head.name + "': choice " +
                        std::to_string(choice) + " ('" + head.choices[choice] +
                        "') is masked at this tick; choose where the mask is 1");
        }
    }
}

void
Lockstep::CheckLevels(const Group& group, uint32_t agent, Action& action, const std::string& whose) const
{
    const auto heads = group.continuousHeads.size();
    const auto values = action.GetContinuous(group.handle).subspan(agent * heads, heads);
    for (std::size_t h = 0; h < heads; ++h)
    {
        const auto& head = group.continuousHeads[h];
        const auto low = static_cast<float>(head.low);
        const auto high = static_cast<float>(head.high);
        const auto slack = CLIP_TOLERANCE * (high - low);
        if (!(values[h] >= low - slack && values[h] <= high + slack)) // NaN is neither
        {
            Violate(m_tick,
                    whose + "action of agent '" + group.agents[agent] + "', head '" + head.name + "' [" + head.unit +
                        "]: " + ToText(values[h]) + " is outside [" + ToText(head.low) + ", " + ToText(head.high) +
                        "]");
        }
        values[h] = std::clamp(values[h], low, high);
    }
}

void
Lockstep::CheckAction(Action& action, const std::string& whose) const
{
    for (const auto& group : m_spec.groups)
    {
        const auto& arrays = m_observation.m_groups[group.handle.group];
        for (uint32_t agent = 0; agent < arrays.agents; ++agent)
        {
            if (arrays.active[agent])
            {
                CheckChoices(group, agent, action, whose);
                CheckLevels(group, agent, action, whose);
            }
            else
            {
                action.SetDefaults(group.handle, agent);
            }
        }
    }
}

void
Lockstep::ReachRegular()
{
    m_requested.Cancel(); // this boundary serves it
    m_boundary.isRegular = true;
    m_boundary.tick += m_boundary.number > 0 ? 1 : 0;
    m_boundary.isLast = m_boundary.tick == std::max<uint64_t>(m_spec.ticks, 1);
    PassBoundary();
}

void
Lockstep::ReachRequested()
{
    m_boundary.isRegular = false;
    PassBoundary();
}

void
Lockstep::PassBoundary()
{
    m_isInBoundary = true;
    m_observation.Reset();
    if (m_boundary.number > 0)
    {
        m_boundary.length = Simulator::Now() - m_boundaryTime;
        m_scenario.CloseInterval(m_boundary);
        m_scenario.Reward(m_rewards);
    }
    m_boundaryTime = Simulator::Now();
    for (std::size_t i = 0; i < m_spec.metrics.size(); ++i)
    {
        if (m_spec.metrics[i].value)
        {
            m_observation.m_metrics[i] = m_spec.metrics[i].value();
        }
    }
    m_scenario.OpenInterval(m_boundary);
    m_scenario.Observe(m_observation);
    m_isInBoundary = false;

    ClearAbsent();
    const bool isEnd = m_boundary.number == 0 || m_boundary.isLast || m_isFinished;
    if (isEnd || m_spec.idleTicks || IsSomebodyActive())
    {
        if (!MakeExchange())
        {
            m_isOver = true;
            Simulator::Stop();
            return;
        }
    }
    else
    {
        m_action.SetDefaults();
    }
    if (m_boundary.isRegular)
    {
        Simulator::Schedule(m_spec.ticks > 0 ? m_spec.tick : m_spec.duration, &Lockstep::ReachRegular, this);
    }
    ++m_boundary.number;
    m_scenario.Act(m_action);
}

bool
Lockstep::IsSomebodyActive() const
{
    return std::ranges::any_of(m_observation.m_groups, [](const auto& group) {
        return std::ranges::any_of(group.active, [](uint8_t active) { return active != 0; });
    });
}

void
Lockstep::ClearAbsent()
{
    for (auto& group : m_observation.m_groups)
    {
        for (uint32_t agent = 0; agent < group.agents; ++agent)
        {
            if (!group.present[agent])
            {
                group.active[agent] = 0;
                std::ranges::fill(group.features.subspan(std::size_t{agent} * group.width, group.width), 0.0F);
                std::ranges::fill(group.masks.subspan(std::size_t{agent} * group.maskWidth, group.maskWidth),
                                  uint8_t{1});
            }
        }
    }
}

void
Lockstep::FillRewards()
{
    double paid = 0;
    uint32_t payees = 0;
    for (std::size_t g = 0; g < m_spec.groups.size(); ++g)
    {
        const auto& group = m_spec.groups[g];
        const auto rewards = m_rewards.Get(group.handle);
        const auto& arrays = m_observation.m_groups[g];
        for (uint32_t agent = 0; agent < arrays.agents; ++agent)
        {
            const bool isPaid = arrays.present[agent] || m_wasPresent[g][agent];
            m_observation.SetReward(group.handle, agent, isPaid ? rewards[agent] : 0);
            paid += m_wasPresent[g][agent] ? arrays.rewards[agent] : 0;
            payees += m_wasPresent[g][agent];
            if (!std::isfinite(arrays.rewards[agent]))
            {
                Violate(m_tick,
                        "agent '" + group.agents[agent] + "': the reward is " + ToText(rewards[agent]) +
                            "; it must be finite");
            }
        }
        std::ranges::copy(arrays.present, m_wasPresent[g].begin());
    }
    m_stamp.teamReward = payees > 0 ? paid / payees : 0;
    m_rewards.Reset();
}

bool
Lockstep::MakeExchange()
{
    FillRewards();
    m_stamp.saturated = CheckObservation();
    m_stamp.tick = m_tick;
    m_exchangeTime = Simulator::Now();
    m_stamp.simTimeNs = m_exchangeTime.GetNanoSeconds();
    m_stamp.terminated = m_isFinished;
    m_stamp.truncated = m_boundary.isLast && !m_isFinished;
    const bool isLast = m_stamp.truncated || m_stamp.terminated;
    m_stamp.builtin = nullptr;
    if (m_withBuiltin && !isLast)
    {
        m_builtin.SetDefaults();
        m_scenario.Decide(m_observation, m_builtin);
        CheckAction(m_builtin, "the scenario's own policy: ");
        m_stamp.builtin = &m_builtin;
    }
    const auto spentNs = ReadClockNs(CLOCK_MONOTONIC) - m_wallNs;
    m_stamp.tickCpuNs = ReadClockNs(CLOCK_THREAD_CPUTIME_ID) - m_cpuNs;
    m_stamp.tickWallNs = spentNs;
    if (m_tick == 0)
    {
        m_stamp.buildWallNs = spentNs;
    }

    const bool goesOn = m_exchange(m_observation, m_stamp, isLast ? nullptr : &m_action);
    m_wallNs = ReadClockNs(CLOCK_MONOTONIC);
    m_cpuNs = ReadClockNs(CLOCK_THREAD_CPUTIME_ID);
    for (auto& table : m_tables)
    {
        table.Reset();
    }
    if (isLast || !goesOn)
    {
        return false;
    }
    CheckAction(m_action, "");
    ++m_tick;
    return true;
}

void
ReadAction(const ActionRequest& request, const Spec& spec, Action& action)
{
    if (request.groups.size() != spec.groups.size())
    {
        Violate(request.tick,
                "the action has " + std::to_string(request.groups.size()) + " groups, the spec has " +
                    std::to_string(spec.groups.size()));
    }
    for (std::size_t g = 0; g < spec.groups.size(); ++g)
    {
        const auto& bytes = request.groups[g];
        const auto discrete = action.GetDiscrete(spec.groups[g].handle);
        const auto continuous = action.GetContinuous(spec.groups[g].handle);
        const auto discreteBytes = discrete.size_bytes();
        const auto continuousBytes = continuous.size_bytes();
        if (bytes.discrete.size() != discreteBytes || bytes.continuous.size() != continuousBytes)
        {
            Violate(request.tick,
                    "the action of group '" + spec.groups[g].name + "' came with " +
                        std::to_string(bytes.discrete.size()) + " + " + std::to_string(bytes.continuous.size()) +
                        " bytes, expected " + std::to_string(discreteBytes) + " (int32 [A,D]) + " +
                        std::to_string(continuousBytes) + " (float32 [A,R])");
        }
        std::memcpy(discrete.data(), bytes.discrete.data(), discreteBytes);
        std::memcpy(continuous.data(), bytes.continuous.data(), continuousBytes);
    }
}

} // namespace ns3::marl
