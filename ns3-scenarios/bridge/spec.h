// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_SPEC_H
#define NS3MARL_BRIDGE_SPEC_H

#include "bridge/handles.h"

#include "ns3/nstime.h"

#include <concepts>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ns3::marl
{

/// A bool that takes nothing but a bool: a text in its place does not compile.
class Flag
{
  public:
    template <std::same_as<bool> T>
    constexpr Flag(T value) // NOLINT(google-explicit-constructor): it stands for a bool
        : m_value(value)
    {
    }

    constexpr operator bool() const // NOLINT(google-explicit-constructor)
    {
        return m_value;
    }

  private:
    bool m_value;
};

/// One observed quantity. Bounds are inclusive and finite.
struct Feature
{
    std::string name;
    std::string unit; ///< "1" for a dimensionless quantity
    double low{0};
    double high{1};
    Flag saturating{false}; ///< true: the bridge clips to the bounds and counts; false: outside is a fault
    std::string description{};
    std::optional<Describes> describes{}; ///< the choice it is about: `server.Choice(0, "snr_db")`; only in groups
};

/// An action that is one of n named choices.
struct DiscreteHead
{
    std::string name;
    std::vector<std::string> choices;
    uint32_t defaultChoice{0};           ///< sent for agents that are not active
    std::optional<Condition> activeIf{}; ///< `mode.Is(PARTIAL, FULL)`; none: always
    std::string description{};
};

/// An action that is a number in [low, high].
struct ContinuousHead
{
    std::string name;
    std::string unit;
    double low{0};
    double high{1};
    double defaultValue{0};              ///< sent for agents that are not active
    std::optional<Condition> activeIf{}; ///< `mode.Is(PARTIAL, FULL)`; none: always
    std::string description{};
};

/// Agents that share one layout of observation and action. Made by Spec::AddGroup.
struct Group
{
    GroupHandle handle;
    std::string name;
    std::vector<std::string> agents;
    std::vector<Feature> features{};
    std::vector<DiscreteHead> discreteHeads{};
    std::vector<ContinuousHead> continuousHeads{};

    FeatureHandle AddFeature(const Feature& feature);
    DiscreteHeadHandle AddDiscreteHead(const DiscreteHead& head);
    ContinuousHeadHandle AddContinuousHead(const ContinuousHead& head);
};

/// The rows of a state block are choices of a discrete head, for all agents of its group alike.
struct ChoicesOf
{
    DiscreteHeadHandle head;
    std::vector<uint32_t> choices; ///< [S] which choice each row is
};

/// A table of the global state: rows of features. Made by Spec::AddState.
struct StateBlock
{
    uint32_t spec;
    uint32_t block;
    std::string name;
    std::vector<std::string> rows;
    std::optional<GroupHandle> agentsOf{}; ///< the group whose agents the rows are, in their order
    std::vector<Feature> features{};
    std::vector<ChoicesOf> choicesOf{};

    StateFeatureHandle AddFeature(const Feature& feature);

    /// Says that row i is choice `choices[i]` of the head; without choices: choice i.
    void AddChoicesOf(const DiscreteHeadHandle& head, const std::vector<uint32_t>& choices = {});
};

/// A figure of the episode so far.
struct Metric
{
    std::string name;
    std::string unit;
    std::string description{};
    Flag higherIsBetter{true};
    /// Its value, asked for at every boundary when the interval is closed; NaN: nothing to measure yet. Without it Observe sets
    /// the value.
    std::function<double()> value{};
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

/// Rows that come up as the simulation runs (a task, a packet).
struct Table
{
    std::string name;
    std::vector<Column> columns;
    bool isReported{true}; ///< set by the bridge: `--tables` asks for it
};

/// Everything a learner needs to know of a scenario under one set of arguments. Scenario::Describe fills it.
struct Spec
{
    Spec();

    /// Regular boundaries every `tick`; a full episode has `ticks` intervals.
    void SetTicks(Time tick, uint64_t ticks);

    /// No regular boundaries: the scenario requests every decision after the first. A full episode takes `duration`.
    void SetDuration(Time duration);

    /// \return the group, to add features and heads to; the reference stays valid as long as the spec
    Group& AddGroup(const std::string& name, const std::vector<std::string>& agents);

    /// \return the block, to add features to; the reference stays valid as long as the spec
    StateBlock& AddState(const std::string& name, const std::vector<std::string>& rows);

    /// A state block with a row for each agent of the group.
    StateBlock& AddState(const std::string& name, const Group& agentsOf);

    MetricHandle AddMetric(const Metric& metric);
    TableHandle AddTable(const Table& table);

    /// \throws Error (SPEC_VIOLATION) that names the first entry that breaks a rule of the wire, and the rule
    void Check() const;

    std::string scenario;   ///< set by the bridge
    Time tick;              ///< simulated time between two regular boundaries; 0: there are none
    uint64_t ticks{0};      ///< regular intervals in a full episode; 0: there are none
    Time duration;          ///< simulated time of a full episode
    bool idleTicks{false};  ///< exchange also at boundaries at which no agent is active
    bool hasBuiltin{false}; ///< set by the bridge: the scenario has a Decide
    std::deque<Group> groups;
    std::deque<StateBlock> state;
    std::vector<Metric> metrics;
    std::vector<Table> tables;
    uint32_t id; ///< that of its handles; copies of a spec share it
};

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_SPEC_H
