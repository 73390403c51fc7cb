// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_EDGE_CLOUD_HEADS_H
#define NS3MARL_SCENARIOS_EDGE_CLOUD_HEADS_H

#include "bridge/action.h"
#include "bridge/spec.h"
#include "models/task.h"

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/edge-cloud/settings.h"
#include "scenarios/edge-cloud/world.h"

namespace ns3::marl::edge_cloud
{

/// What a device chooses for the task that arrived at this tick.
struct DeviceHeads
{
    enum Mode
    {
        LOCAL = 0,
        OFFLOAD = 1,
    };

    /// \param gateways names of the gateways
    void Describe(Group& devices, const std::vector<std::string>& gateways);

    OffloadingDecision Read(const Action& action, uint32_t device, const std::vector<Gateway>& gateways) const;

    DiscreteHeadHandle mode;
    DiscreteHeadHandle gateway;
    ContinuousHeadHandle power;
};

/// What a gateway chooses until the next tick.
struct GatewayHeads
{
    enum PlacementKind
    {
        EDGE = 0,
        CLOUD = 1,
        BY_WORK = 2,
    };

    void Describe(Group& gateways, const Settings& settings);

    GatewayDecision Read(const Action& action, uint32_t gateway) const;

    DiscreteHeadHandle placement;
    ContinuousHeadHandle threshold; ///< [cycles]
    ContinuousHeadHandle cpuRate;   ///< [Hz]
};

} // namespace ns3::marl::edge_cloud

#endif // NS3MARL_SCENARIOS_EDGE_CLOUD_HEADS_H
