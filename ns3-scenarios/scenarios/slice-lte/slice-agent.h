// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SLICE_LTE_SLICE_AGENT_H
#define NS3MARL_SLICE_LTE_SLICE_AGENT_H

#include "bridge/action.h"
#include "bridge/computed-features.h"
#include "bridge/observation.h"
#include "bridge/spec.h"

#include <cstdint>

#include "scenarios/slice-lte/settings.h"
#include "scenarios/slice-lte/slice-status.h"

namespace ns3::marl::slice_lte
{

/// A slice as an agent, the only one of its group: declares and fills what it observes, and reads what it asks for.
class SliceAgent
{
  public:
    /// What a slice asks for.
    struct Request
    {
        double radioShare; ///< of the downlink
        double cpuShare;   ///< of the edge CPU
        bool lends;        ///< idle radio resources
    };

    SliceAgent(const Settings& settings, Slice slice);

    void Describe(Spec& spec); ///< declares the group
    void Observe(const SliceStatus& status, Observation& observation) const;
    Request Read(const Action& action) const;

    /// Demand following: asks for half as much again as the interval's jobs and the waiting ones need, and at least 5 %. It looks
    /// at nothing but the slice's own observation and the scenario's arguments.
    void Decide(const Observation& observation, Action& action) const;

    const GroupHandle& GetGroup() const;

  private:
    void DescribeJobs(Group& group);
    void DescribeResources(Group& group);
    void DescribeHeads(Group& group);

    const Settings& m_settings;
    Slice m_slice;
    GroupHandle m_group;
    ComputedFeatures<Group, const SliceStatus&> m_features;
    FeatureHandle m_offered, m_radioLoad, m_cpuBacklog, m_meanCqi; ///< that Decide reads
    DiscreteHeadHandle m_radioPolicy;
    ContinuousHeadHandle m_radioShare, m_cpuShare;
};

} // namespace ns3::marl::slice_lte

#endif // NS3MARL_SLICE_LTE_SLICE_AGENT_H
