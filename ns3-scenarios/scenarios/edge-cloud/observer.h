// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_EDGE_CLOUD_OBSERVER_H
#define NS3MARL_SCENARIOS_EDGE_CLOUD_OBSERVER_H

#include "bridge/computed-features.h"
#include "bridge/observation.h"
#include "bridge/spec.h"

#include <cstdint>
#include <vector>

#include "scenarios/edge-cloud/heads.h"
#include "scenarios/edge-cloud/settings.h"
#include "scenarios/edge-cloud/world.h"

namespace ns3::marl::edge_cloud
{

/// Features that the built-in rules read.
struct RuleFeatures
{
    FeatureHandle deadlineS;                 ///< of devices
    FeatureHandle localTimeS;                ///< of devices
    std::vector<FeatureHandle> gatewaySnrDb; ///< of devices [gateway]

    FeatureHandle backlogCycles; ///< of gateways, as the others
    FeatureHandle arrivedCycles;
    FeatureHandle backhaulQueueBits;
    FeatureHandle cloudWaitS;
};

/// Declares and fills what devices and gateways observe, what devices may choose, and the global state.
class Observer
{
  public:
    static constexpr double SNR_LOW_DB = -10;
    static constexpr double SNR_HIGH_DB = 60;

    Observer(const Settings& settings, const World& world);

    /// Declares features and state of the groups, which have their heads.
    void Describe(Spec& spec,
                  Group& devices,
                  const DeviceHeads& deviceHeads,
                  Group& gateways,
                  const GatewayHeads& gatewayHeads);

    /// Fills what Describe declared, and the masks; at a boundary, after the tasks of the tick arrived.
    void Observe(Observation& observation) const;

    const RuleFeatures& GetRuleFeatures() const;

  private:
    void DescribeDevices(Group& devices, StateBlock& state);
    void DescribeGatewaysOfDevices(Group& devices);
    void DescribeGateways(Group& gateways, StateBlock& state);
    void DescribeCloud(StateBlock& state);
    double GetAgeTicks(const Time& then) const;

    const Settings& m_settings;
    const World& m_world;
    GroupHandle m_deviceGroup;
    DeviceHeads m_deviceHeads;
    RuleFeatures m_ruleFeatures;

    ComputedFeatures<Group, const Device&> m_devices;
    std::vector<ComputedFeatures<Group, const Device&>> m_gatewaysOfDevices; ///< [gateway]
    ComputedFeatures<Group, const Gateway&> m_gateways;
    ComputedFeatures<StateBlock, const Device&> m_deviceState;
    ComputedFeatures<StateBlock, const Gateway&> m_gatewayState;
    ComputedFeatures<StateBlock> m_cloudState;
};

} // namespace ns3::marl::edge_cloud

#endif // NS3MARL_SCENARIOS_EDGE_CLOUD_OBSERVER_H
