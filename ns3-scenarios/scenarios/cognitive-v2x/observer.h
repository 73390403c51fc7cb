// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_COGNITIVE_V2X_OBSERVER_H
#define NS3MARL_COGNITIVE_V2X_OBSERVER_H

#include "bridge/computed-features.h"
#include "bridge/observation.h"
#include "bridge/spec.h"

#include <cstdint>
#include <vector>

#include "scenarios/cognitive-v2x/agent.h"
#include "scenarios/cognitive-v2x/heads.h"
#include "scenarios/cognitive-v2x/network.h"
#include "scenarios/cognitive-v2x/settings.h"

namespace ns3::marl::cognitive_v2x
{

/// Declares and fills what pairs observe, what they may choose, and the global state.
///
/// A pair observes features of its own, then those of each channel.
class Observer
{
  public:
    explicit Observer(const Settings& settings);

    /// Declares features and state. \param pairs the group, with its heads
    void Describe(Spec& spec, Group& pairs, const Heads& heads);

    /// Fills what Describe declared, and the masks.
    void Observe(const Network& network, const std::vector<Agent>& agents, Observation& observation) const;

    /// Features that the built-in policy reads.
    const FeatureHandle& GetLinkSnr() const;
    const FeatureHandle& GetLinkAge() const;
    const FeatureHandle& GetSeemsBusy(uint32_t channel) const;

  private:
    void DescribeOwn(Group& pairs);
    void DescribeChannel(uint32_t channel, Group& pairs);
    void DescribePairState(Spec& spec, const Group& pairs);
    void DescribeChannelState(Spec& spec);

    double InTicks(const Time& time) const;

    const Settings& m_settings;
    Heads m_heads;
    FeatureHandle m_linkSnr;
    FeatureHandle m_linkAge;
    std::vector<FeatureHandle> m_seemsBusy; ///< [channel]
    ComputedFeatures<Group, const Network&, const Agent&> m_pairs;
    ComputedFeatures<StateBlock, const Network&, const Agent&> m_pairState;
    ComputedFeatures<StateBlock, const Network&, uint32_t> m_channelState;
};

} // namespace ns3::marl::cognitive_v2x

#endif // NS3MARL_COGNITIVE_V2X_OBSERVER_H
