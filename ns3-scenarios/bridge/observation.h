// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_OBSERVATION_H
#define NS3MARL_BRIDGE_OBSERVATION_H

#include "bridge/access.h"
#include "bridge/spec.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ns3::marl
{

/// What agents see at one boundary, and the global state. Scenario::Observe gets it reset: features and state 0, every choice
/// allowed, every agent present and active, metrics without a value of their own NaN.
///
/// Every access checks its handle and its row. \throws Error (SPEC_VIOLATION) that names what does not exist
class Observation
{
  public:
    /// \param spec that outlives the observation
    explicit Observation(const Spec& spec);
    Observation(const Observation&) = delete;
    Observation& operator=(const Observation&) = delete;

    /// \param value in the feature's unit
    void Set(const FeatureHandle& feature, uint32_t agent, double value);
    void Set(const StateFeatureHandle& feature, uint32_t row, double value);

    /// Sets a metric that was declared without `value`; NaN: nothing to measure yet.
    void Set(const MetricHandle& metric, double value);

    /// Sets features that were declared one after the other.
    void SetFrom(const FeatureHandle& first, uint32_t agent, std::span<const float> values);

    /// Masks of discrete heads. An active agent needs at least one allowed choice for each.
    void Allow(const DiscreteHeadHandle& head, uint32_t agent, uint32_t choice, bool isAllowed = true);
    void Forbid(const DiscreteHeadHandle& head, uint32_t agent, uint32_t choice);

    /// Whether the agent chooses an action now. Others get the spec's defaults.
    void SetActive(const GroupHandle& group, uint32_t agent, bool isActive);

    /// Whether the agent takes part now. One that does not is inactive, and all that is set for it is ignored.
    void SetPresent(const GroupHandle& group, uint32_t agent, bool isPresent);

    /// The bridge's: scenarios add rewards in Scenario::Reward.
    void SetReward(const GroupHandle& group, uint32_t agent, double value);

    float Get(const FeatureHandle& feature, uint32_t agent) const;
    float Get(const StateFeatureHandle& feature, uint32_t row) const;
    double Get(const MetricHandle& metric) const;
    bool IsAllowed(const DiscreteHeadHandle& head, uint32_t agent, uint32_t choice) const;
    bool IsActive(const GroupHandle& group, uint32_t agent) const;
    bool IsPresent(const GroupHandle& group, uint32_t agent) const;

    std::span<const float> GetFeatures(const GroupHandle& group, uint32_t agent) const;     ///< [F]
    std::span<const uint8_t> GetMask(const DiscreteHeadHandle& head, uint32_t agent) const; ///< [n] 0 or 1
    std::span<const float> GetFeatures() const;                                             ///< of all agents
    std::span<const float> GetRewards(const GroupHandle& group) const;                      ///< [A]
    std::span<const double> GetMetrics() const;                                             ///< [M]
    std::string_view GetArrays() const; ///< all arrays as bytes, in the order that the wire says

  private:
    friend class Lockstep;

    struct GroupArrays
    {
        uint32_t agents;
        uint32_t width;                    ///< F
        uint32_t maskWidth;                ///< sum of n
        std::vector<uint32_t> maskOffsets; ///< [D+1]
        std::span<float> features;         ///< [A,F]
        std::span<float> rewards;          ///< [A]
        std::span<uint8_t> present;        ///< [A]
        std::span<uint8_t> active;         ///< [A]
        std::span<uint8_t> masks;          ///< [A, sum of n]
    };

    struct StateArray
    {
        uint32_t rows;
        uint32_t width;          ///< F
        std::span<float> values; ///< [S,F]
    };

    const GroupArrays& Check(const GroupHandle& group, uint32_t agent) const;
    std::size_t At(const FeatureHandle& feature, uint32_t agent) const;
    std::size_t At(const StateFeatureHandle& feature, uint32_t row) const;
    std::size_t At(const DiscreteHeadHandle& head, uint32_t agent, uint32_t choice) const;
    void Reset();

    const Spec& m_spec;
    uint32_t m_specId;
    std::vector<GroupArrays> m_groups;
    std::vector<StateArray> m_state;
    std::vector<double> m_arrays; ///< the block that travels; doubles, so that every array is aligned
    std::span<double> m_metrics;  ///< [M]
    std::span<float> m_floats;    ///< all features, state and rewards
    std::span<uint8_t> m_flags;   ///< all that is 0 or 1
};

inline const Observation::GroupArrays&
Observation::Check(const GroupHandle& group, uint32_t agent) const
{
    if (group.spec != m_specId || agent >= m_groups[group.group].agents) [[unlikely]]
    {
        Refuse(m_spec, group, agent);
    }
    return m_groups[group.group];
}

inline std::size_t
Observation::At(const FeatureHandle& feature, uint32_t agent) const
{
    if (feature.spec != m_specId || agent >= m_groups[feature.group].agents) [[unlikely]]
    {
        Refuse(m_spec, feature, agent);
    }
    return std::size_t{agent} * m_groups[feature.group].width + feature.column;
}

inline std::size_t
Observation::At(const StateFeatureHandle& feature, uint32_t row) const
{
    if (feature.spec != m_specId || row >= m_state[feature.block].rows) [[unlikely]]
    {
        Refuse(m_spec, feature, row);
    }
    return std::size_t{row} * m_state[feature.block].width + feature.column;
}

inline std::size_t
Observation::At(const DiscreteHeadHandle& head, uint32_t agent, uint32_t choice) const
{
    if (head.spec != m_specId || agent >= m_groups[head.group].agents) [[unlikely]]
    {
        Refuse(m_spec, head, agent);
    }
    const auto& group = m_groups[head.group];
    if (choice >= group.maskOffsets[head.head + 1] - group.maskOffsets[head.head]) [[unlikely]]
    {
        RefuseChoice(m_spec, head, agent, choice);
    }
    return std::size_t{agent} * group.maskWidth + group.maskOffsets[head.head] + choice;
}

inline void
Observation::Set(const FeatureHandle& feature, uint32_t agent, double value)
{
    const auto at = At(feature, agent);
    m_groups[feature.group].features[at] = static_cast<float>(value);
}

inline void
Observation::Set(const StateFeatureHandle& feature, uint32_t row, double value)
{
    const auto at = At(feature, row);
    m_state[feature.block].values[at] = static_cast<float>(value);
}

inline float
Observation::Get(const FeatureHandle& feature, uint32_t agent) const
{
    const auto at = At(feature, agent);
    return m_groups[feature.group].features[at];
}

inline float
Observation::Get(const StateFeatureHandle& feature, uint32_t row) const
{
    const auto at = At(feature, row);
    return m_state[feature.block].values[at];
}

inline void
Observation::Allow(const DiscreteHeadHandle& head, uint32_t agent, uint32_t choice, bool isAllowed)
{
    const auto at = At(head, agent, choice);
    m_groups[head.group].masks[at] = isAllowed ? 1 : 0;
}

inline void
Observation::Forbid(const DiscreteHeadHandle& head, uint32_t agent, uint32_t choice)
{
    Allow(head, agent, choice, false);
}

inline bool
Observation::IsAllowed(const DiscreteHeadHandle& head, uint32_t agent, uint32_t choice) const
{
    const auto at = At(head, agent, choice);
    return m_groups[head.group].masks[at] != 0;
}

inline bool
Observation::IsActive(const GroupHandle& group, uint32_t agent) const
{
    return Check(group, agent).active[agent] != 0;
}

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_OBSERVATION_H
