// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/lockstep.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>
#include <sstream>

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
Counts(const std::optional<Condition>& condition, const GroupAction& action, uint32_t agent)
{
    if (!condition)
    {
        return true;
    }
    const auto choice = static_cast<uint32_t>(action.Discrete(agent, condition->head));
    return std::ranges::find(condition->choices, choice) != condition->choices.end();
}

} // namespace

Lockstep::Lockstep(Scenario& scenario, Spec spec, bool withTables, Exchange exchange)
    : m_scenario(scenario),
      m_spec(std::move(spec)),
      m_withTables(withTables),
      m_exchange(std::move(exchange)),
      m_observation(m_spec),
      m_action(m_spec)
{
    for (const auto& group : m_spec.groups)
    {
        m_groupBounds.push_back(MakeBounds(group.features));
    }
    for (const auto& block : m_spec.state)
    {
        m_stateBounds.push_back(MakeBounds(block.features));
    }
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
    // Nothing to run yet, but from its first run on ns-3 keeps no list of all Time objects: building gets faster.
    Simulator::Run();
    m_scenario.Build();
    Simulator::Schedule(m_scenario.GetStart(), &Lockstep::Tick, this);
    Simulator::Run();
    Simulator::Destroy();
}

uint64_t
Lockstep::CheckRows(std::span<float> rows,
                    const Bounds& bounds,
                    const std::vector<Feature>& features,
                    const std::string& where,
                    const std::vector<std::string>& names) const
{
    const auto width = features.size();
    uint64_t saturated = 0;
    for (std::size_t row = 0; row < names.size(); ++row)
    {
        const auto values = rows.subspan(row * width, width);
        if (IsInside(values.data(), bounds.low.data(), bounds.high.data(), width))
        {
            continue;
        }
        for (std::size_t i = 0; i < width; ++i)
        {
            if (values[i] >= bounds.low[i] && values[i] <= bounds.high[i])
            {
                continue;
            }
            if (!features[i].saturating || std::isnan(values[i]))
            {
                Violate(m_tick,
                        where + " '" + names[row] + "', feature '" + features[i].name + "' [" + features[i].unit +
                            "]: " + ToText(values[i]) + " is outside [" + ToText(features[i].low) + ", " +
                            ToText(features[i].high) +
                            "]; widen the bounds in Describe(), declare the feature saturating, or mend its value");
            }
            values[i] = std::clamp(values[i], bounds.low[i], bounds.high[i]);
            ++saturated;
        }
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
        auto& rows = m_observation.groups[g];
        saturated += CheckRows(rows.features, m_groupBounds[g], group.features, "agent", group.agents);
        for (std::size_t agent = 0; agent < group.agents.size(); ++agent)
        {
            if (!std::isfinite(rows.rewards[agent]))
            {
                Violate(m_tick,
                        "agent '" + group.agents[agent] + "': the reward is " + ToText(rows.rewards[agent]) +
                            "; it must be finite");
            }
            if (!rows.decides[agent])
            {
                continue;
            }
            for (uint32_t head = 0; head < group.discreteHeads.size(); ++head)
            {
                const auto mask = std::as_const(rows).Mask(agent, head);
                if (std::ranges::none_of(mask, [](uint8_t allowed) { return allowed == 1; }) ||
                    std::ranges::any_of(mask, [](uint8_t allowed) { return allowed > 1; }))
                {
                    Violate(m_tick,
                            "agent '" + group.agents[agent] + "', head '" + group.discreteHeads[head].name +
                                "': the mask must be of 0 and 1 and allow at least one choice");
                }
            }
        }
    }
    for (std::size_t b = 0; b < m_spec.state.size(); ++b)
    {
        const auto& block = m_spec.state[b];
        saturated += CheckRows(
            m_observation.state[b], m_stateBounds[b], block.features, "state '" + block.name + "' row", block.rows);
    }
    for (std::size_t i = 0; i < m_spec.metrics.size(); ++i)
    {
        if (std::isinf(m_observation.metrics[i]))
        {
            Violate(m_tick,
                    "metric '" + m_spec.metrics[i].name +
                        "' is infinite; leave it NaN when there is nothing to measure");
        }
    }
    return saturated;
}

void
Lockstep::CheckAction()
{
    for (std::size_t g = 0; g < m_spec.groups.size(); ++g)
    {
        const auto& group = m_spec.groups[g];
        auto& action = m_action.groups[g];
        const auto& observation = m_observation.groups[g];
        for (uint32_t agent = 0; agent < group.agents.size(); ++agent)
        {
            if (!observation.decides[agent])
            {
                action.SetDefault(agent, group);
                continue;
            }
            for (uint32_t h = 0; h < group.discreteHeads.size(); ++h)
            {
                const auto& head = group.discreteHeads[h];
                const auto choice = action.Discrete(agent, h);
                if (choice < 0 || static_cast<std::size_t>(choice) >= head.choices.size())
                {
                    Violate(m_tick,
                            "action of agent '" + group.agents[agent] + "', head '" + head.name +
                                "': " + std::to_string(choice) + " is not one of the choices 0 to " +
                                std::to_string(head.choices.size() - 1));
                }
                if (!observation.Mask(agent, h)[choice] && Counts(head.countsWhen, action, agent))
                {
                    Violate(m_tick,
                            "action of agent '" + group.agents[agent] + "', head '" + head.name + "': choice " +
                                std::to_string(choice) + " ('" + head.choices[choice] +
                                "') is masked at this tick; choose where the mask is 1");
                }
            }
            for (uint32_t h = 0; h < group.continuousHeads.size(); ++h)
            {
                const auto& head = group.continuousHeads[h];
                auto& value = action.Continuous(agent, h);
                const auto low = static_cast<float>(head.low);
                const auto high = static_cast<float>(head.high);
                const auto slack = CLIP_TOLERANCE * (high - low);
                if (!(value >= low - slack && value <= high + slack)) // NaN is neither
                {
                    Violate(m_tick,
                            "action of agent '" + group.agents[agent] + "', head '" + head.name + "' [" + head.unit +
                                "]: " + ToText(value) + " is outside [" + ToText(head.low) + ", " + ToText(head.high) +
                                "]");
                }
                value = std::clamp(value, low, high);
            }
        }
    }
}

void
Lockstep::Tick()
{
    m_observation.Reset();
    m_scenario.Observe(m_tick, m_observation);
    if (m_tick > 0)
    {
        m_scenario.Reward(m_tick, m_observation);
    }
    m_stamp.saturated = CheckObservation();
    m_stamp.tick = m_tick;
    m_stamp.simTimeNs = Simulator::Now().GetNanoSeconds();
    m_stamp.truncated = m_tick == m_spec.ticks && !m_observation.terminated;
    m_stamp.withTables = m_withTables;
    const auto spentNs = ReadClockNs(CLOCK_MONOTONIC) - m_wallNs;
    m_stamp.tickCpuNs = ReadClockNs(CLOCK_THREAD_CPUTIME_ID) - m_cpuNs;
    m_stamp.tickWallNs = spentNs;
    if (m_tick == 0)
    {
        m_stamp.buildWallNs = spentNs;
    }

    const bool last = m_stamp.truncated || m_observation.terminated;
    const bool goesOn = m_exchange(m_observation, m_stamp, last ? nullptr : &m_action);
    m_wallNs = ReadClockNs(CLOCK_MONOTONIC);
    m_cpuNs = ReadClockNs(CLOCK_THREAD_CPUTIME_ID);
    if (last || !goesOn)
    {
        Simulator::Stop();
        return;
    }
    CheckAction();
    Simulator::Schedule(m_spec.tick, &Lockstep::Tick, this);
    m_scenario.Act(m_tick, m_action);
    ++m_tick;
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
        auto& group = action.groups[g];
        const auto discreteBytes = group.discrete.size() * sizeof(int32_t);
        const auto continuousBytes = group.continuous.size() * sizeof(float);
        if (bytes.discrete.size() != discreteBytes || bytes.continuous.size() != continuousBytes)
        {
            Violate(request.tick,
                    "the action of group '" + spec.groups[g].name + "' came with " +
                        std::to_string(bytes.discrete.size()) + " + " + std::to_string(bytes.continuous.size()) +
                        " bytes, expected " + std::to_string(discreteBytes) + " (int32 [A,D]) + " +
                        std::to_string(continuousBytes) + " (float32 [A,R])");
        }
        std::memcpy(group.discrete.data(), bytes.discrete.data(), discreteBytes);
        std::memcpy(group.continuous.data(), bytes.continuous.data(), continuousBytes);
    }
}

} // namespace ns3::marl
