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
    const auto agents = group.agents.size();
    features.resize(agents * m_featureCount);
    rewards.resize(agents);
    decides.resize(agents);
    masks.resize(agents * m_maskCount);
    Reset();
}

std::span<float>
GroupObservation::Features(uint32_t agent)
{
    return std::span(features).subspan(agent * m_featureCount, m_featureCount);
}

std::span<const float>
GroupObservation::Features(uint32_t agent) const
{
    return std::span(features).subspan(agent * m_featureCount, m_featureCount);
}

std::span<uint8_t>
GroupObservation::Mask(uint32_t agent, uint32_t discreteHead)
{
    const auto first = m_maskOffsets.at(discreteHead);
    return std::span(masks).subspan(agent * m_maskCount + first, m_maskOffsets.at(discreteHead + 1) - first);
}

std::span<const uint8_t>
GroupObservation::Mask(uint32_t agent, uint32_t discreteHead) const
{
    const auto first = m_maskOffsets.at(discreteHead);
    return std::span(masks).subspan(agent * m_maskCount + first, m_maskOffsets.at(discreteHead + 1) - first);
}

float&
GroupObservation::Reward(uint32_t agent)
{
    return rewards.at(agent);
}

uint8_t&
GroupObservation::Decides(uint32_t agent)
{
    return decides.at(agent);
}

uint8_t
GroupObservation::Decides(uint32_t agent) const
{
    return decides.at(agent);
}

void
GroupObservation::Reset()
{
    std::ranges::fill(features, 0.0F);
    std::ranges::fill(rewards, 0.0F);
    std::ranges::fill(decides, uint8_t{1});
    std::ranges::fill(masks, uint8_t{1});
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
                    "table '" + m_table.name + "' has " + std::to_string(columns.size()) + " columns, a row came with " +
                        std::to_string(row.size()) + " values");
    }
    std::size_t i = 0;
    for (const auto& value : row)
    {
        if (std::holds_alternative<double>(value) != (m_table.columns[i].type == Column::Type::FLOAT64))
        {
            throw Error(FaultKind::SPEC_VIOLATION,
                        "table '" + m_table.name + "' column '" + m_table.columns[i].name + "' got a value of another type than declared");
        }
        std::visit([&](auto number) { columns[i].append(reinterpret_cast<const char*>(&number), sizeof number); }, value);
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
      metrics(spec.metrics.size()),
      tables(spec.tables.begin(), spec.tables.end())
{
    for (const auto& block : spec.state)
    {
        m_stateWidths.push_back(block.features.size());
        state.emplace_back(block.rows.size() * block.features.size());
    }
    Reset();
}

std::span<float>
Observation::State(uint32_t block, uint32_t row)
{
    const auto width = m_stateWidths.at(block);
    return std::span(state[block]).subspan(row * width, width);
}

double&
Observation::Metric(uint32_t index)
{
    return metrics.at(index);
}

void
Observation::Reset()
{
    for (auto& group : groups)
    {
        group.Reset();
    }
    for (auto& block : state)
    {
        std::ranges::fill(block, 0.0F);
    }
    for (auto& table : tables)
    {
        table.Reset();
    }
    std::ranges::fill(metrics, std::numeric_limits<double>::quiet_NaN());
    terminated = false;
}

GroupAction::GroupAction(const Group& group)
    : m_discreteCount(group.discreteHeads.size()),
      m_continuousCount(group.continuousHeads.size())
{
    for (std::size_t agent = 0; agent < group.agents.size(); ++agent)
    {
        for (const auto& head : group.discreteHeads)
        {
            discrete.push_back(static_cast<int32_t>(head.defaultChoice));
        }
        for (const auto& head : group.continuousHeads)
        {
            continuous.push_back(static_cast<float>(head.defaultValue));
        }
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
