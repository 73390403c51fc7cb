// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_EXCHANGE_H
#define NS3MARL_BRIDGE_EXCHANGE_H

#include "bridge/spec.h"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ns3::marl
{

/// What one group of agents sees, laid out as the spec says: spans into the block that travels. Set anew at every tick.
class GroupObservation
{
  public:
    explicit GroupObservation(const Group& group);

    std::span<float> Features(uint32_t agent); ///< [F] in the units of the spec
    std::span<const float> Features(uint32_t agent) const;
    std::span<uint8_t> Mask(uint32_t agent, uint32_t discreteHead); ///< [n] 1: the choice is allowed (default)
    std::span<const uint8_t> Mask(uint32_t agent, uint32_t discreteHead) const;
    float& Reward(uint32_t agent);    ///< of the interval that just ended
    uint8_t& Decides(uint32_t agent); ///< 1: the agent is asked to act at this tick (default)
    uint8_t Decides(uint32_t agent) const;
    uint32_t GetMaskWidth() const; ///< sum of n over the discrete heads

    std::span<float> features;  ///< [A,F]
    std::span<float> rewards;   ///< [A]
    std::span<uint8_t> decides; ///< [A]
    std::span<uint8_t> masks;   ///< [A, sum n]

  private:
    uint32_t m_featureCount;
    uint32_t m_maskCount;
    std::vector<uint32_t> m_maskOffsets; ///< [D+1]
};

/// Rows of a table that were finished in the interval.
class TableRows
{
  public:
    using Value = std::variant<double, int64_t>;

    explicit TableRows(const Table& table);

    /// \throws Error (SPEC_VIOLATION) when the number or the types of the values are not those of the columns
    void Add(std::initializer_list<Value> row);
    void Reset();

    uint64_t rows{0};
    std::vector<std::string> columns; ///< little-endian bytes, one string per column

  private:
    Table m_table;
};

/// Everything that travels to the learner at one tick. All arrays lie in one block, in the order that the wire says.
class Observation
{
  public:
    explicit Observation(const Spec& spec);
    Observation(const Observation&) = delete;
    Observation& operator=(const Observation&) = delete;

    std::span<float> State(uint32_t block, uint32_t row); ///< [F] of a row of a state block
    double& Metric(uint32_t index);                       ///< of the episode so far; NaN: nothing to measure yet
    std::string_view GetArrays() const;                   ///< the block as bytes
    void Reset(); ///< features, state and rewards 0, masks and decides 1, metrics NaN, no table rows

    std::vector<GroupObservation> groups;
    std::vector<std::span<float>> state; ///< per block [S,F]
    std::span<double> metrics;           ///< [M]
    std::vector<TableRows> tables;
    bool terminated{false}; ///< the task itself ended: no action follows

  private:
    std::vector<uint32_t> m_stateWidths;
    std::vector<double> m_arrays; ///< the block; doubles, so that every array is aligned
    std::span<float> m_floats;    ///< all observations, state and rewards
    std::span<uint8_t> m_flags;   ///< all decides and masks
};

/// What one group of agents does, in the units of the spec. Checked against the spec before the scenario sees it.
class GroupAction
{
  public:
    explicit GroupAction(const Group& group);

    int32_t& Discrete(uint32_t agent, uint32_t head);
    int32_t Discrete(uint32_t agent, uint32_t head) const;
    float& Continuous(uint32_t agent, uint32_t head);
    float Continuous(uint32_t agent, uint32_t head) const;
    void SetDefault(uint32_t agent, const Group& group);

    std::vector<int32_t> discrete; ///< [A,D]
    std::vector<float> continuous; ///< [A,R]

  private:
    uint32_t m_discreteCount;
    uint32_t m_continuousCount;
};

/// The joint action of all groups; starts as the spec's defaults.
struct Action
{
    explicit Action(const Spec& spec);

    std::vector<GroupAction> groups;
};

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_EXCHANGE_H
