// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/spec.h"

#include "bridge/error.h"
#include "bridge/utf8.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
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
    Require(IsUtf8(name), where + " '" + name + "'", "has a name that is no UTF-8");
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
        Require(IsUtf8(feature.unit + feature.description),
                where + " feature '" + feature.name + "'",
                "has a unit or a description that is no UTF-8");
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
    const auto& head = condition->head;
    Require(head.spec == group.handle.spec && head.group == group.handle.group,
            where,
            "depends on a head that its group did not declare; use what AddDiscreteHead() of the group gives");
    Require(head.head < before, where, "depends on a discrete head that does not stand before it");
    Require(!condition->choices.empty(), where, "has a condition without choices");
    for (const auto choice : condition->choices)
    {
        Require(
            choice < group.discreteHeads[head.head].choices.size(), where, "depends on a choice that does not exist");
    }
}

/// Every choice of a described head has the same quantities, each once.
void
CheckDescriptions(const Group& group)
{
    const auto where = "group '" + group.name + "' ";
    std::map<uint32_t, std::map<uint32_t, std::set<std::string>>> quantities; // of each choice of each head
    for (const auto& feature : group.features)
    {
        if (!feature.describes)
        {
            continue;
        }
        const auto& [head, choice, quantity] = *feature.describes;
        const auto name = where + "feature '" + feature.name + "'";
        Require(head.spec == group.handle.spec && head.group == group.handle.group &&
                    head.head < group.discreteHeads.size(),
                name,
                "describes a choice of a head that its group did not declare; declare heads first and use what "
                "AddDiscreteHead() of the group gives");
        Require(choice < group.discreteHeads[head.head].choices.size(), name, "describes a choice that does not exist");
        Require(!quantity.empty(), name, "describes a choice by a quantity without a name");
        Require(quantities[head.head][choice].insert(quantity).second,
                name,
                "describes a choice by the quantity '" + quantity +
                    "', which another feature of the choice does already");
    }
    for (const auto& [head, ofChoices] : quantities)
    {
        const auto& declared = group.discreteHeads[head];
        const auto& first = ofChoices.begin()->second;
        Require(ofChoices.size() == declared.choices.size() &&
                    std::ranges::all_of(ofChoices, [&](const auto& entry) { return entry.second == first; }),
                where + "head '" + declared.name + "'",
                "is described for some choices only; features must describe every choice of it by the same quantities");
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
        CheckCondition(head.activeIf, group, i, name);
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
        CheckCondition(head.activeIf, group, group.discreteHeads.size(), name);
    }
    CheckDescriptions(group);
}

void
CheckState(const StateBlock& block, const Spec& spec)
{
    const auto where = "state block '" + block.name + "'";
    Require(!block.rows.empty(), where, "has no rows");
    CheckFeatures(block.features, where);
    for (const auto& feature : block.features)
    {
        Require(!feature.describes,
                where + " feature '" + feature.name + "'",
                "describes a choice; only features of groups do, state blocks have AddChoicesOf()");
    }
    if (block.agentsOf)
    {
        Require(block.agentsOf->spec == spec.id && block.agentsOf->group < spec.groups.size(),
                where,
                "has the agents of an undeclared group as rows");
        Require(block.rows.size() == spec.groups[block.agentsOf->group].agents.size(),
                where,
                "needs one row for each agent of group '" + spec.groups[block.agentsOf->group].name + "'");
    }
    for (const auto& [head, choices] : block.choicesOf)
    {
        Require(head.spec == spec.id && head.group < spec.groups.size() &&
                    head.head < spec.groups[head.group].discreteHeads.size(),
                where,
                "has choices of an undeclared head as rows");
        const auto& declared = spec.groups[head.group].discreteHeads[head.head];
        const auto what = where + " as choices of head '" + declared.name + "'";
        Require(choices.size() == block.rows.size(), what, "needs one choice for each row");
        Require(std::ranges::all_of(choices, [&](uint32_t choice) { return choice < declared.choices.size(); }),
                what,
                "names a choice that does not exist");
        Require(std::set(choices.begin(), choices.end()).size() == choices.size(), what, "names a choice twice");
    }
}

/// Identities of specs; 0 belongs to handles that were not declared.
std::atomic<uint32_t> g_lastSpecId{0};

} // namespace

FeatureHandle
Group::AddFeature(const Feature& feature)
{
    features.push_back(feature);
    return {handle.spec, handle.group, static_cast<uint32_t>(features.size() - 1)};
}

DiscreteHeadHandle
Group::AddDiscreteHead(const DiscreteHead& head)
{
    discreteHeads.push_back(head);
    return {handle.spec, handle.group, static_cast<uint32_t>(discreteHeads.size() - 1)};
}

ContinuousHeadHandle
Group::AddContinuousHead(const ContinuousHead& head)
{
    continuousHeads.push_back(head);
    return {handle.spec, handle.group, static_cast<uint32_t>(continuousHeads.size() - 1)};
}

StateFeatureHandle
StateBlock::AddFeature(const Feature& feature)
{
    features.push_back(feature);
    return {spec, block, static_cast<uint32_t>(features.size() - 1)};
}

void
StateBlock::AddChoicesOf(const DiscreteHeadHandle& head, const std::vector<uint32_t>& choices)
{
    auto& relation = choicesOf.emplace_back(head, choices);
    if (choices.empty())
    {
        relation.choices.resize(rows.size());
        std::iota(relation.choices.begin(), relation.choices.end(), 0U);
    }
}

Spec::Spec()
    : id(++g_lastSpecId)
{
}

void
Spec::SetTicks(Time length, uint64_t count)
{
    tick = length;
    ticks = count;
    constexpr int64_t HALF = std::numeric_limits<int64_t>::max() / 2; // the other half is for what comes before
    const bool isLong = tick.IsStrictlyPositive() && count > static_cast<uint64_t>(HALF / tick.GetTimeStep());
    Require(!isLong, "the episode", "is longer than ns-3 counts time; give fewer or shorter ticks");
    duration = tick * static_cast<int64_t>(count);
}

void
Spec::SetDuration(Time length)
{
    tick = Time(0);
    ticks = 0;
    duration = length;
}

Group&
Spec::AddGroup(const std::string& name, const std::vector<std::string>& agents)
{
    const GroupHandle handle{id, static_cast<uint32_t>(groups.size())};
    return groups.emplace_back(Group{.handle = handle, .name = name, .agents = agents});
}

StateBlock&
Spec::AddState(const std::string& name, const std::vector<std::string>& rows)
{
    const auto block = static_cast<uint32_t>(state.size());
    return state.emplace_back(StateBlock{.spec = id, .block = block, .name = name, .rows = rows});
}

StateBlock&
Spec::AddState(const std::string& name, const Group& agentsOf)
{
    auto& block = AddState(name, agentsOf.agents);
    block.agentsOf = agentsOf.handle;
    return block;
}

MetricHandle
Spec::AddMetric(const Metric& metric)
{
    metrics.push_back(metric);
    return {id, static_cast<uint32_t>(metrics.size() - 1)};
}

TableHandle
Spec::AddTable(const Table& table)
{
    tables.push_back(table);
    return {id, static_cast<uint32_t>(tables.size() - 1)};
}

void
Spec::Check() const
{
    Require(!scenario.empty(), "the scenario", "has no name");
    Require(
        duration.IsStrictlyPositive(),
        "the episode",
        "has no length; call SetTicks() with a tick above 0 and at least 1 tick, or SetDuration() with a time above 0");
    Require((tick.IsStrictlyPositive() && ticks > 0 && duration == tick * static_cast<int64_t>(ticks)) ||
                (tick.IsZero() && ticks == 0),
            "ticks",
            "must be a tick above 0 and at least 1 tick, as SetTicks() says, or none at all, as SetDuration() does");
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
        CheckState(block, *this);
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
