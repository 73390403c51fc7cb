// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/exchange.h"

#include "bridge/error.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace ns3::marl
{

static_assert(std::endian::native == std::endian::little, "arrays travel as little-endian bytes");

GroupObservation::GroupObservation(const Group& group)
    : m_featureCount(group.features.size()),
      m_maskCount(0)
{
    m_maskOffsets.push_back(0);
    for (const auto& head : group.discreteHeads)
    {
        m_maskCount += head.choices.size();
        m_maskOffsets.push_back(m_maskCount);
    }
}

uint32_t
GroupObservation::GetMaskWidth() const
{
    return m_maskCount;
}

std::span<float>
GroupObservation::Features(uint32_t agent)
{
    return features.subspan(agent * m_featureCount, m_featureCount);
}

std::span<const float>
GroupObservation::Features(uint32_t agent) const
{
    return features.subspan(agent * m_featureCount, m_featureCount);
}

std::span<uint8_t>
GroupObservation::Mask(uint32_t agent, uint32_t discreteHead)
{
    const auto first = m_maskOffsets.at(discreteHead);
    return masks.subspan(agent * m_maskCount + first, m_maskOffsets.at(discreteHead + 1) - first);
}

std::span<const uint8_t>
GroupObservation::Mask(uint32_t agent, uint32_t discreteHead) const
{
    const auto first = m_maskOffsets.at(discreteHead);
    return masks.subspan(agent * m_maskCount + first, m_maskOffsets.at(discreteHead + 1) - first);
}

float&
GroupObservation::Reward(uint32_t agent)
{
    return rewards[agent];
}

uint8_t&
GroupObservation::Decides(uint32_t agent)
{
    return decides[agent];
}

uint8_t
GroupObservation::Decides(uint32_t agent) const
{
    return decides[agent];
}

TableRows::TableRows(const Table& table)
    : columns(table.columns.size()),
      m_table(table)
{
}

void
TableRows::Add(std::initializer_list<Value> row)
{
    if (row.size() != columns.size())
    {
        throw Error(FaultKind::SPEC_VIOLATION,
                    "table '" + m_table.name + "' has " + std::to_string(columns.size()) +
                        " columns, a row came with " + std::to_string(row.size()) + " values");
    }
    std::size_t i = 0;
    for (const auto& value : row)
    {
        if (std::holds_alternative<double>(value) != (m_table.columns[i].type == Column::Type::FLOAT64))
        {
            throw Error(FaultKind::SPEC_VIOLATION,
                        "table '" + m_table.name + "' column '" + m_table.columns[i].name +
                            "' got a value of another type than declared");
        }
        std::visit([&](auto number) { columns[i].append(reinterpret_cast<const char*>(&number), sizeof number); },
                   value);
        ++i;
    }
    ++rows;
}

void
TableRows::Reset()
{
    rows = 0;
    for (auto& column : columns)
    {
        column.clear();
    }
}

Observation::Observation(const Spec& spec)
    : groups(spec.groups.begin(), spec.groups.end()),
      tables(spec.tables.begin(), spec.tables.end())
{
    std::size_t floatCount = 0;
    std::size_t flagCount = 0;
    for (const auto& group : spec.groups)
    {
        floatCount += group.agents.size() * (group.features.size() + 1);
        flagCount += group.agents.size() * (GroupObservation(group).GetMaskWidth() + 1);
    }
    for (const auto& block : spec.state)
    {
        floatCount += block.rows.size() * block.features.size();
        m_stateWidths.push_back(block.features.size());
    }
    const auto bytes = spec.metrics.size() * sizeof(double) + floatCount * sizeof(float) + flagCount;
    m_arrays.resize((bytes + sizeof(double) - 1) / sizeof(double));
    metrics = std::span(m_arrays).first(spec.metrics.size());
    m_floats = {reinterpret_cast<float*>(m_arrays.data() + metrics.size()), floatCount};
    m_flags = {reinterpret_cast<uint8_t*>(m_floats.data() + floatCount), flagCount};

    auto floats = m_floats;
    auto flags = m_flags;
    const auto take = [](auto& rest, std::size_t count) {
        const auto taken = rest.first(count);
        rest = rest.subspan(count);
        return taken;
    };
    for (std::size_t g = 0; g < groups.size(); ++g)
    {
        groups[g].features = take(floats, spec.groups[g].agents.size() * spec.groups[g].features.size());
    }
    for (const auto& block : spec.state)
    {
        state.push_back(take(floats, block.rows.size() * block.features.size()));
    }
    for (std::size_t g = 0; g < groups.size(); ++g)
    {
        groups[g].rewards = take(floats, spec.groups[g].agents.size());
        groups[g].decides = take(flags, spec.groups[g].agents.size());
    }
    for (std::size_t g = 0; g < groups.size(); ++g)
    {
        groups[g].masks = take(flags, spec.groups[g].agents.size() * groups[g].GetMaskWidth());
    }
    Reset();
}

std::span<float>
Observation::State(uint32_t block, uint32_t row)
{
    const auto width = m_stateWidths.at(block);
    return state[block].subspan(row * width, width);
}

double&
Observation::Metric(uint32_t index)
{
    return metrics[index];
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
    std::ranges::fill(metrics, std::numeric_limits<double>::quiet_NaN());
    for (auto& table : tables)
    {
        table.Reset();
    }
    terminated = false;
}

GroupAction::GroupAction(const Group& group)
    : m_discreteCount(group.discreteHeads.size()),
      m_continuousCount(group.continuousHeads.size())
{
    discrete.resize(group.agents.size() * m_discreteCount);
    continuous.resize(group.agents.size() * m_continuousCount);
    for (uint32_t agent = 0; agent < group.agents.size(); ++agent)
    {
        SetDefault(agent, group);
    }
}

void
GroupAction::SetDefault(uint32_t agent, const Group& group)
{
    for (uint32_t head = 0; head < m_discreteCount; ++head)
    {
        Discrete(agent, head) = static_cast<int32_t>(group.discreteHeads[head].defaultChoice);
    }
    for (uint32_t head = 0; head < m_continuousCount; ++head)
    {
        Continuous(agent, head) = static_cast<float>(group.continuousHeads[head].defaultValue);
    }
}

int32_t&
GroupAction::Discrete(uint32_t agent, uint32_t head)
{
    return discrete.at(agent * m_discreteCount + head);
}

int32_t
GroupAction::Discrete(uint32_t agent, uint32_t head) const
{
    return discrete.at(agent * m_discreteCount + head);
}

float&
GroupAction::Continuous(uint32_t agent, uint32_t head)
{
    return continuous.at(agent * m_continuousCount + head);
}

float
GroupAction::Continuous(uint32_t agent, uint32_t head) const
{
    return continuous.at(agent * m_continuousCount + head);
}

Action::Action(const Spec& spec)
    : groups(spec.groups.begin(), spec.groups.end())
{
}

} // namespace ns3::marl
