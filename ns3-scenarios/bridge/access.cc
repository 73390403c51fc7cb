// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/access.h"

#include "bridge/error.h"

namespace ns3::marl
{

namespace
{

[[noreturn]] void
Violate(const std::string& message)
{
    throw Error(FaultKind::SPEC_VIOLATION, message);
}

/// Throws when the handle is not one of this spec.
void
CheckOwner(const Spec& spec, uint32_t owner, const std::string& what, const std::string& declare)
{
    if (owner != spec.id)
    {
        Violate("a " + what + " was used that " +
                (owner == 0 ? "Describe() did not declare" : "another spec declared") + "; keep what " + declare +
                " gives in a member and use that");
    }
}

[[noreturn]] void
RefuseRow(const std::string& what, const std::string& rows, uint32_t row, std::size_t count)
{
    Violate(what + ": " + rows + " " + std::to_string(row) + " does not exist, there are 0 to " +
            std::to_string(count - 1));
}

} // namespace

std::string
GetName(const Spec& spec, const GroupHandle& group, uint32_t agent)
{
    return "agent '" + spec.groups[group.group].agents[agent] + "'";
}

void
Refuse(const Spec& spec, const GroupHandle& group, uint32_t agent)
{
    CheckOwner(spec, group.spec, "group", "AddGroup()");
    const auto& declared = spec.groups.at(group.group);
    RefuseRow("group '" + declared.name + "'", "agent", agent, declared.agents.size());
}

void
Refuse(const Spec& spec, const FeatureHandle& feature, uint32_t agent)
{
    CheckOwner(spec, feature.spec, "feature", "AddFeature()");
    const auto& group = spec.groups.at(feature.group);
    RefuseRow("group '" + group.name + "', feature '" + group.features.at(feature.column).name + "'",
              "agent",
              agent,
              group.agents.size());
}

void
Refuse(const Spec& spec, const DiscreteHeadHandle& head, uint32_t agent)
{
    CheckOwner(spec, head.spec, "discrete head", "AddDiscreteHead()");
    const auto& group = spec.groups.at(head.group);
    RefuseRow("group '" + group.name + "', head '" + group.discreteHeads.at(head.head).name + "'",
              "agent",
              agent,
              group.agents.size());
}

void
Refuse(const Spec& spec, const ContinuousHeadHandle& head, uint32_t agent)
{
    CheckOwner(spec, head.spec, "continuous head", "AddContinuousHead()");
    const auto& group = spec.groups.at(head.group);
    RefuseRow("group '" + group.name + "', head '" + group.continuousHeads.at(head.head).name + "'",
              "agent",
              agent,
              group.agents.size());
}

void
Refuse(const Spec& spec, const StateFeatureHandle& feature, uint32_t row)
{
    CheckOwner(spec, feature.spec, "feature of the state", "AddFeature()");
    const auto& block = spec.state.at(feature.block);
    RefuseRow("state '" + block.name + "', feature '" + block.features.at(feature.column).name + "'",
              "row",
              row,
              block.rows.size());
}

void
Refuse(const Spec& spec, const MetricHandle& metric)
{
    CheckOwner(spec, metric.spec, "metric", "AddMetric()");
    Violate("the metric was declared after the episode began; declare it in Describe()");
}

void
Refuse(const Spec& spec, const TableHandle& table)
{
    CheckOwner(spec, table.spec, "table", "AddTable()");
    Violate("the table was declared after the episode began; declare it in Describe()");
}

void
RefuseChoice(const Spec& spec, const DiscreteHeadHandle& head, uint32_t agent, int64_t choice)
{
    const auto& declared = spec.groups[head.group].discreteHeads[head.head];
    Violate(GetName(spec, {head.spec, head.group}, agent) + ", head '" + declared.name + "': " +
            std::to_string(choice) + " is not one of the choices 0 to " + std::to_string(declared.choices.size() - 1));
}

void
RefuseCount(const Spec& spec, const FeatureHandle& first, uint32_t agent, std::size_t count)
{
    const auto& group = spec.groups[first.group];
    Violate(GetName(spec, {first.spec, first.group}, agent) + ": " + std::to_string(count) +
            " values were set from feature '" + group.features[first.column].name + "' on, there are " +
            std::to_string(group.features.size() - first.column));
}

} // namespace ns3::marl
