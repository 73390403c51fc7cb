// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_EDGE_CLOUD_RULES_H
#define NS3MARL_SCENARIOS_EDGE_CLOUD_RULES_H

#include "bridge/action.h"
#include "bridge/observation.h"

#include <cstdint>

#include "scenarios/edge-cloud/heads.h"
#include "scenarios/edge-cloud/observer.h"
#include "scenarios/edge-cloud/settings.h"

namespace ns3::marl::edge_cloud
{

/// The scenario's own policy: simple rules for both kinds of agents, which look at nothing but an agent's own observation.
///
/// A device computes a task itself if its CPU makes the deadline, and else sends it to the gateway that it hears best, with
/// the power that a fixed SNR takes. A gateway keeps the tasks that its own computer is expected to finish before the cloud would, by its
/// backlog, its queue to the cloud and the cloud's report, and runs its computer faster the more work waits.
class Rules
{
  public:
    Rules(const Settings& settings,
          const RuleFeatures& features,
          const DeviceHeads& deviceHeads,
          const GatewayHeads& gatewayHeads);

    void DecideDevice(const Observation& observation, uint32_t device, Action& action) const;
    void DecideGateway(const Observation& observation, uint32_t gateway, Action& action) const;

  private:
    const Settings& m_settings;
    RuleFeatures m_features;
    DeviceHeads m_deviceHeads;
    GatewayHeads m_gatewayHeads;
};

} // namespace ns3::marl::edge_cloud

#endif // NS3MARL_SCENARIOS_EDGE_CLOUD_RULES_H
