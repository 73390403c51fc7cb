// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/observation.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

namespace ns3::marl
{

static_assert(std::endian::native == std::endian::little, "arrays travel as little-endian bytes");

Observation::Observation(const Spec& spec)
    : m_spec(spec),
      m_specId(spec.id)
{
    std::size_t floatCount = 0;
    std::size_t flagCount = 0;
    for (const auto& group : spec.groups)
    {
        auto& arrays = m_groups.emplace_back();
        arrays.agents = group.agents.size();
        arrays.width = group.features.size();
        arrays.maskWidth = 0;
        arrays.maskOffsets = {0};
        for (const auto& head : group.discreteHeads)
        {
            arrays.maskWidth += head.choices.size();
            arrays.maskOffsets.push_back(arrays.maskWidth);
        }
        floatCount += std::size_t{arrays.agents} * (arrays.width + 1);
        flagCount += std::size_t{arrays.agents} * (arrays.maskWidth + 2);
    }
    for (const auto& block : spec.state)
    {
        auto& array = m_state.emplace_back();
        array.rows = block.rows.size();
        array.width = block.features.size();
        floatCount += std::size_t{array.rows} * array.width;
    }
    const auto bytes = spec.metrics.size() * sizeof(double) + floatCount * sizeof(float) + flagCount;
    m_arrays.resize((bytes + sizeof(double) - 1) / sizeof(double));
    m_metrics = std::span(m_arrays).first(spec.metrics.size());
    m_floats = {reinterpret_cast<float*>(m_arrays.data() + m_metrics.size()), floatCount};
    m_flags = {reinterpret_cast<uint8_t*>(m_floats.data() + floatCount), flagCount};

    auto floats = m_floats;
    auto flags = m_flags;
    const auto take = [](auto& rest, std::size_t count) {
        const auto taken = rest.first(count);
        rest = rest.subspan(count);
        return taken;
    };
    for (auto& group : m_groups)
    {
        group.features = take(floats, std::size_t{group.agents} * group.width);
    }
    for (auto& block : m_state)
    {
        block.values = take(floats, std::size_t{block.rows} * block.width);
    }
    for (auto& group : m_groups)
    {
        group.rewards = take(floats, group.agents);
        group.present = take(flags, group.agents);
    }
    for (auto& group : m_groups)
    {
        group.active = take(flags, group.agents);
    }
    for (auto& group : m_groups)
    {
        group.masks = take(flags, std::size_t{group.agents} * group.maskWidth);
    }
    Reset();
}

void
Observation::Set(const MetricHandle& metric, double value)
{
    if (metric.spec != m_specId || metric.metric >= m_metrics.size())
    {
        Refuse(m_spec, metric);
    }
    m_metrics[metric.metric] = value;
}

void
Observation::SetFrom(const FeatureHandle& first, uint32_t agent, std::span<const float> values)
{
    const auto at = At(first, agent);
    auto& group = m_groups[first.group];
    if (values.size() > group.width - first.column)
    {
        RefuseCount(m_spec, first, agent, values.size());
    }
    std::copy_n(values.data(), values.size(), group.features.data() + at);
}

void
Observation::SetActive(const GroupHandle& group, uint32_t agent, bool isActive)
{
    Check(group, agent).active[agent] = isActive ? 1 : 0;
}

void
Observation::SetPresent(const GroupHandle& group, uint32_t agent, bool isPresent)
{
    Check(group, agent).present[agent] = isPresent ? 1 : 0;
}

void
Observation::SetReward(const GroupHandle& group, uint32_t agent, double value)
{
    Check(group, agent).rewards[agent] = static_cast<float>(value);
}

double
Observation::Get(const MetricHandle& metric) const
{
    if (metric.spec != m_specId || metric.metric >= m_metrics.size())
    {
        Refuse(m_spec, metric);
    }
    return m_metrics[metric.metric];
}

bool
Observation::IsPresent(const GroupHandle& group, uint32_t agent) const
{
    return Check(group, agent).present[agent] != 0;
}

std::span<const float>
Observation::GetFeatures(const GroupHandle& group, uint32_t agent) const
{
    const auto& arrays = Check(group, agent);
    return arrays.features.subspan(std::size_t{agent} * arrays.width, arrays.width);
}

std::span<const uint8_t>
Observation::GetMask(const DiscreteHeadHandle& head, uint32_t agent) const
{
    const auto first = At(head, agent, 0);
    const auto& group = m_groups[head.group];
    return group.masks.subspan(first, group.maskOffsets[head.head + 1] - group.maskOffsets[head.head]);
}

std::span<const float>
Observation::GetFeatures() const
{
    std::size_t count = 0; // the features of all groups lie side by side
    for (const auto& group : m_groups)
    {
        count += group.features.size();
    }
    return m_floats.first(count);
}

std::span<const float>
Observation::GetRewards(const GroupHandle& group) const
{
    return Check(group, 0).rewards;
}

std::span<const double>
Observation::GetMetrics() const
{
    return m_metrics;
}

std::string_view
Observation::GetArrays() const
{
    return {reinterpret_cast<const char*>(m_arrays.data()), m_arrays.size() * sizeof(double)};
}

void
Observation::Reset()
{
    std::ranges::fill(m_floats, 0.0F);
    std::ranges::fill(m_flags, uint8_t{1});
    std::ranges::fill(m_metrics, std::numeric_limits<double>::quiet_NaN());
}

} // namespace ns3::marl
