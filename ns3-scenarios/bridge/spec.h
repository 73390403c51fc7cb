// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_SPEC_H
#define NS3MARL_BRIDGE_SPEC_H

#include "ns3/nstime.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ns3::marl
{

/// One observed quantity. Bounds are inclusive and finite.
struct Feature
{
    std::string name;
    std::string unit; ///< "1" for a dimensionless quantity
    double low{0};
    double high{1};
    bool saturating{false}; ///< true: the bridge clips to the bounds and counts; false: outside is a fault
    std::string description;
};

/// The head counts only when the discrete head of this index (an earlier one) took one of these choices.
struct Condition
{
    uint32_t head{0};
    std::vector<uint32_t> choices;
};

/// An action that is one of n named choices.
struct DiscreteHead
{
    std::string name;
    std::vector<std::string> choices;
    uint32_t defaultChoice{0}; ///< sent for agents that are not asked to act
    std::optional<Condition> countsWhen;
    std::string description;
};

/// An action that is a number in [low, high].
struct ContinuousHead
{
    std::string name;
    std::string unit;
    double low{0};
    double high{1};
    double defaultValue{0}; ///< sent for agents that are not asked to act
    std::optional<Condition> countsWhen;
    std::string description;
};

/// Agents that share one layout of observation and action.
struct Group
{
    std::string name;
    std::vector<std::string> agents;
    std::vector<Feature> features;
    std::vector<DiscreteHead> discreteHeads;
    std::vector<ContinuousHead> continuousHeads;
};

/// A table of the global state: rows of features.
struct StateBlock
{
    std::string name;
    std::vector<std::string> rows;
    std::vector<Feature> features;
};

/// A figure of the episode so far.
struct Metric
{
    std::string name;
    std::string unit;
    std::string description;
    bool higherIsBetter{true};
};

/// A column of a table.
struct Column
{
    enum class Type
    {
        FLOAT64 = 1,
        INT64 = 2,
    };
    std::string name;
    std::string unit;
    Type type{Type::FLOAT64};
    std::vector<std::string> categories{}; ///< of an INT64 column: names of the values 0, 1, ...; empty: plain numbers
};

/// Rows that were finished in an interval (a task, a packet).
struct Table
{
    std::string name;
    std::vector<Column> columns;
};

/// Everything a learner needs to know of a scenario under one set of arguments.
struct Spec
{
    std::string scenario;
    Time tick;         ///< simulated time between two observations, > 0
    uint64_t ticks{0}; ///< actions in a full episode, > 0
    std::vector<Group> groups;
    std::vector<StateBlock> state;
    std::vector<Metric> metrics;
    std::vector<Table> tables;

    /// \throws Error (SPEC_VIOLATION) that names the first entry that breaks a rule of the wire, and the rule
    void Check() const;
};

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_SPEC_H
