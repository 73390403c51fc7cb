// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_HANDLES_H
#define NS3MARL_BRIDGE_HANDLES_H

#include <cstdint>
#include <string>
#include <vector>

namespace ns3::marl
{

struct Condition;
struct Describes;

/// What declaring something in Scenario::Describe gives, and what every later access to it takes. A handle that was not
/// declared, or was declared in another spec, is refused wherever it is used.
///
/// The members are the bridge's: `spec` is the identity of the spec (0: not declared), the others are positions in it.
struct GroupHandle
{
    uint32_t spec{0};
    uint32_t group{0};
};

/// A feature of a group of agents.
struct FeatureHandle
{
    uint32_t spec{0};
    uint32_t group{0};
    uint32_t column{0};
};

/// A discrete head of a group of agents.
struct DiscreteHeadHandle
{
    uint32_t spec{0};
    uint32_t group{0};
    uint32_t head{0};

    /// \return the condition that the agent took one of these choices (numbers or enumerators), for `activeIf` of a later head
    template <typename... T>
    Condition Is(T... choices) const;

    /// \return the relation that a feature is this quantity of this choice, for `describes` of a feature
    template <typename T>
    Describes Choice(T choice, const std::string& quantity) const;
};

/// A continuous head of a group of agents.
struct ContinuousHeadHandle
{
    uint32_t spec{0};
    uint32_t group{0};
    uint32_t head{0};
};

/// A feature of a block of the global state.
struct StateFeatureHandle
{
    uint32_t spec{0};
    uint32_t block{0};
    uint32_t column{0};
};

struct MetricHandle
{
    uint32_t spec{0};
    uint32_t metric{0};
};

struct TableHandle
{
    uint32_t spec{0};
    uint32_t table{0};
};

/// A head is active only when an earlier discrete head of its group took one of these choices.
struct Condition
{
    DiscreteHeadHandle head;
    std::vector<uint32_t> choices;
};

/// A feature is this quantity (such as "snr_db") of this choice of a discrete head.
struct Describes
{
    DiscreteHeadHandle head;
    uint32_t choice{0};
    std::string quantity;
};

template <typename... T>
Condition
DiscreteHeadHandle::Is(T... choices) const
{
    return {*this, {static_cast<uint32_t>(choices)...}};
}

template <typename T>
Describes
DiscreteHeadHandle::Choice(T choice, const std::string& quantity) const
{
    return {*this, static_cast<uint32_t>(choice), quantity};
}

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_HANDLES_H
