// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_ACTION_H
#define NS3MARL_BRIDGE_ACTION_H

#include "bridge/access.h"
#include "bridge/spec.h"

#include <cstdint>
#include <span>
#include <vector>

namespace ns3::marl
{

/// The joint action of all groups. Scenario::Act gets it checked against the spec, with the defaults for inactive agents;
/// Scenario::Decide gets the defaults of all agents.
///
/// Every access checks its handle and its row. \throws Error (SPEC_VIOLATION) that names what does not exist
class Action
{
  public:
    /// \param spec that outlives the action
    explicit Action(const Spec& spec);

    int32_t Get(const DiscreteHeadHandle& head, uint32_t agent) const; ///< number of a choice
    float Get(const ContinuousHeadHandle& head, uint32_t agent) const; ///< in the head's unit

    /// \param choice its number, or an enumerator
    template <typename T>
    void Set(const DiscreteHeadHandle& head, uint32_t agent, T choice);
    void Set(const ContinuousHeadHandle& head, uint32_t agent, double value);

    void SetDefaults();
    void SetDefaults(const GroupHandle& group, uint32_t agent);

    std::span<int32_t> GetDiscrete(const GroupHandle& group);             ///< [A,D]
    std::span<const int32_t> GetDiscrete(const GroupHandle& group) const; ///< [A,D]
    std::span<float> GetContinuous(const GroupHandle& group);             ///< [A,R]
    std::span<const float> GetContinuous(const GroupHandle& group) const; ///< [A,R]

    const Spec& GetSpec() const;

    /// Takes over the numbers of another action of the same spec.
    void CopyFrom(const Action& other);

  private:
    struct GroupNumbers
    {
        uint32_t agents;
        uint32_t discreteWidth;   ///< D
        uint32_t continuousWidth; ///< R
        std::vector<int32_t> discrete;
        std::vector<float> continuous;
    };

    std::size_t At(const DiscreteHeadHandle& head, uint32_t agent) const;
    std::size_t At(const ContinuousHeadHandle& head, uint32_t agent) const;
    const GroupNumbers& Check(const GroupHandle& group, uint32_t agent) const;

    const Spec& m_spec;
    uint32_t m_specId;
    std::vector<GroupNumbers> m_groups;
};

inline std::size_t
Action::At(const DiscreteHeadHandle& head, uint32_t agent) const
{
    if (head.spec != m_specId || agent >= m_groups[head.group].agents) [[unlikely]]
    {
        Refuse(m_spec, head, agent);
    }
    return std::size_t{agent} * m_groups[head.group].discreteWidth + head.head;
}

inline std::size_t
Action::At(const ContinuousHeadHandle& head, uint32_t agent) const
{
    if (head.spec != m_specId || agent >= m_groups[head.group].agents) [[unlikely]]
    {
        Refuse(m_spec, head, agent);
    }
    return std::size_t{agent} * m_groups[head.group].continuousWidth + head.head;
}

inline int32_t
Action::Get(const DiscreteHeadHandle& head, uint32_t agent) const
{
    const auto at = At(head, agent);
    return m_groups[head.group].discrete[at];
}

inline float
Action::Get(const ContinuousHeadHandle& head, uint32_t agent) const
{
    const auto at = At(head, agent);
    return m_groups[head.group].continuous[at];
}

template <typename T>
void
Action::Set(const DiscreteHeadHandle& head, uint32_t agent, T choice)
{
    const auto at = At(head, agent);
    m_groups[head.group].discrete[at] = static_cast<int32_t>(choice);
}

inline void
Action::Set(const ContinuousHeadHandle& head, uint32_t agent, double value)
{
    const auto at = At(head, agent);
    m_groups[head.group].continuous[at] = static_cast<float>(value);
}

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_ACTION_H
