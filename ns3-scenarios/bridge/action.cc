// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/action.h"

namespace ns3::marl
{

Action::Action(const Spec& spec)
    : m_spec(spec),
      m_specId(spec.id)
{
    for (const auto& group : spec.groups)
    {
        auto& numbers = m_groups.emplace_back();
        numbers.agents = group.agents.size();
        numbers.discreteWidth = group.discreteHeads.size();
        numbers.continuousWidth = group.continuousHeads.size();
        numbers.discrete.resize(group.agents.size() * group.discreteHeads.size());
        numbers.continuous.resize(group.agents.size() * group.continuousHeads.size());
    }
    SetDefaults();
}

const Action::GroupNumbers&
Action::Check(const GroupHandle& group, uint32_t agent) const
{
    if (group.spec != m_specId || agent >= m_groups[group.group].agents)
    {
        Refuse(m_spec, group, agent);
    }
    return m_groups[group.group];
}

void
Action::SetDefaults()
{
    for (const auto& group : m_spec.groups)
    {
        for (uint32_t agent = 0; agent < group.agents.size(); ++agent)
        {
            SetDefaults(group.handle, agent);
        }
    }
}

void
Action::SetDefaults(const GroupHandle& group, uint32_t agent)
{
    Check(group, agent);
    auto& numbers = m_groups[group.group];
    const auto& declared = m_spec.groups[group.group];
    for (uint32_t head = 0; head < numbers.discreteWidth; ++head)
    {
        numbers.discrete[agent * numbers.discreteWidth + head] =
            static_cast<int32_t>(declared.discreteHeads[head].defaultChoice);
    }
    for (uint32_t head = 0; head < numbers.continuousWidth; ++head)
    {
        numbers.continuous[agent * numbers.continuousWidth + head] =
            static_cast<float>(declared.continuousHeads[head].defaultValue);
    }
}

std::span<int32_t>
Action::GetDiscrete(const GroupHandle& group)
{
    Check(group, 0);
    return m_groups[group.group].discrete;
}

std::span<const int32_t>
Action::GetDiscrete(const GroupHandle& group) const
{
    return Check(group, 0).discrete;
}

std::span<float>
Action::GetContinuous(const GroupHandle& group)
{
    Check(group, 0);
    return m_groups[group.group].continuous;
}

std::span<const float>
Action::GetContinuous(const GroupHandle& group) const
{
    return Check(group, 0).continuous;
}

const Spec&
Action::GetSpec() const
{
    return m_spec;
}

void
Action::CopyFrom(const Action& other)
{
    m_groups = other.m_groups;
}

} // namespace ns3::marl
