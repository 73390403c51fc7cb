// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/rewards.h"

#include "bridge/error.h"

#include <algorithm>
#include <cmath>

namespace ns3::marl
{

Rewards::Rewards(const Spec& spec)
    : m_spec(spec)
{
    for (const auto& group : spec.groups)
    {
        m_groups.emplace_back(group.agents.size());
    }
}

void
Rewards::Add(const GroupHandle& group, uint32_t agent, double value)
{
    if (group.spec != m_spec.id || agent >= m_groups[group.group].size())
    {
        Refuse(m_spec, group, agent);
    }
    if (!std::isfinite(value))
    {
        throw Error(FaultKind::SPEC_VIOLATION,
                    GetName(m_spec, group, agent) + ": the reward is " + std::to_string(value) + "; it must be finite");
    }
    m_groups[group.group][agent] += value;
}

void
Rewards::Add(const GroupHandle& group, double value)
{
    const auto agents = Get(group).size();
    for (uint32_t agent = 0; agent < agents; ++agent)
    {
        Add(group, agent, value);
    }
}

std::span<const double>
Rewards::Get(const GroupHandle& group) const
{
    if (group.spec != m_spec.id)
    {
        Refuse(m_spec, group, 0);
    }
    return m_groups[group.group];
}

void
Rewards::Reset()
{
    for (auto& group : m_groups)
    {
        std::ranges::fill(group, 0.0);
    }
}

} // namespace ns3::marl
