// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/spec.h"

#include "bridge/error.h"

#include <cmath>
#include <set>

namespace ns3::marl
{

namespace
{

void
Require(bool holds, const std::string& where, const std::string& rule)
{
    if (!holds)
    {
        throw Error(FaultKind::SPEC_VIOLATION, "spec: " + where + " " + rule);
    }
}

void
CheckName(const std::string& name, std::set<std::string>& seen, const std::string& where)
{
    Require(!name.empty(), where, "has an empty name");
    Require(seen.insert(name).second, where + " '" + name + "'", "appears twice; names must be unique");
}

void
CheckFeatures(const std::vector<Feature>& features, const std::string& where)
{
    Require(!features.empty(), where, "has no features");
    std::set<std::string> seen;
    for (const auto& feature : features)
    {
        CheckName(feature.name, seen, where + " feature");
        Require(
            !feature.unit.empty(), where + " feature '" + feature.name + "'", "has no unit; \"1\" is dimensionless");
        Require(std::isfinite(feature.low) && std::isfinite(feature.high) && feature.low < feature.high,
                where + " feature '" + feature.name + "'",
                "needs finite bounds with low < high");
    }
}

void
CheckCondition(const std::optional<Condition>& condition,
               const Group& group,
               std::size_t before,
               const std::string& where)
{
    if (!condition)
    {
        return;
    }
    Require(condition->head < before, where, "depends on a discrete head that does not stand before it");
    Require(!condition->choices.empty(), where, "has a condition without choices");
    for (const auto choice : condition->choices)
    {
        Require(choice < group.discreteHeads[condition->head].choices.size(),
                where,
                "depends on a choice that does not exist");
    }
}

void
CheckGroup(const Group& group, std::set<std::string>& agents)
{
    const auto where = "group '" + group.name + "'";
    Require(!group.agents.empty(), where, "has no agents");
    for (const auto& agent : group.agents)
    {
        CheckName(agent, agents, where + " agent");
    }
    CheckFeatures(group.features, where);
    Require(!group.discreteHeads.empty() || !group.continuousHeads.empty(), where, "has no heads to act with");
    std::set<std::string> heads;
    for (std::size_t i = 0; i < group.discreteHeads.size(); ++i)
    {
        const auto& head = group.discreteHeads[i];
        const auto name = where + " head '" + head.name + "'";
        CheckName(head.name, heads, where + " head");
        std::set<std::string> choices;
        Require(!head.choices.empty(), name, "has no choices");
        for (const auto& choice : head.choices)
        {
            CheckName(choice, choices, name + " choice");
        }
        Require(head.defaultChoice < head.choices.size(), name, "has a default that is not a choice");
        CheckCondition(head.countsWhen, group, i, name);
    }
    for (const auto& head : group.continuousHeads)
    {
        const auto name = where + " head '" + head.name + "'";
        CheckName(head.name, heads, where + " head");
        Require(!head.unit.empty(), name, "has no unit; \"1\" is dimensionless");
        Require(std::isfinite(head.low) && std::isfinite(head.high) && head.low < head.high,
                name,
                "needs finite bounds with low < high");
        Require(
            head.defaultValue >= head.low && head.defaultValue <= head.high, name, "has a default outside its bounds");
        CheckCondition(head.countsWhen, group, group.discreteHeads.size(), name);
    }
}

} // namespace

void
Spec::Check() const
{
    Require(!scenario.empty(), "the scenario", "has no name");
    Require(tick.IsStrictlyPositive(), "tick", "must be a time above 0");
    Require(ticks > 0, "ticks", "must be at least 1");
    Require(!groups.empty(), "the scenario", "has no group of agents");
    std::set<std::string> names;
    std::set<std::string> agents;
    for (const auto& group : groups)
    {
        CheckName(group.name, names, "group");
        CheckGroup(group, agents);
    }
    names.clear();
    for (const auto& block : state)
    {
        CheckName(block.name, names, "state block");
        Require(!block.rows.empty(), "state block '" + block.name + "'", "has no rows");
        CheckFeatures(block.features, "state block '" + block.name + "'");
    }
    names.clear();
    for (const auto& metric : metrics)
    {
        CheckName(metric.name, names, "metric");
        Require(!metric.unit.empty(), "metric '" + metric.name + "'", "has no unit; \"1\" is dimensionless");
    }
    names.clear();
    for (const auto& table : tables)
    {
        CheckName(table.name, names, "table");
        Require(!table.columns.empty(), "table '" + table.name + "'", "has no columns");
        std::set<std::string> columns;
        for (const auto& column : table.columns)
        {
            const std::string what = "table '" + table.name + "' column";
            CheckName(column.name, columns, what);
            Require(column.categories.empty() || column.type == Column::Type::INT64,
                    what + " '" + column.name + "'",
                    "has categories, so its type must be INT64");
        }
    }
}

} // namespace ns3::marl
