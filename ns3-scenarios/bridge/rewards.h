// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_REWARDS_H
#define NS3MARL_BRIDGE_REWARDS_H

#include "bridge/access.h"
#include "bridge/spec.h"

#include <cstdint>
#include <span>
#include <vector>

namespace ns3::marl
{

/// Rewards of all agents since the previous exchange, 0 at first. What is added adds up, over the terms of a reward and over the
/// intervals of boundaries at which nobody was asked.
class Rewards
{
  public:
    /// \param spec that outlives the rewards
    explicit Rewards(const Spec& spec);

    /// \throws Error (SPEC_VIOLATION) for a group or agent that does not exist, and a value that is not finite
    void Add(const GroupHandle& group, uint32_t agent, double value);

    /// Adds the value to every agent of the group.
    void Add(const GroupHandle& group, double value);

    std::span<const double> Get(const GroupHandle& group) const; ///< [A]
    void Reset();

  private:
    const Spec& m_spec;
    std::vector<std::vector<double>> m_groups; ///< [A] per group
};

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_REWARDS_H
