// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/edge-cloud/heads.h"

#include "models/power-level.h"

namespace ns3::marl::edge_cloud
{

void
DeviceHeads::Describe(Group& devices, const std::vector<std::string>& gateways)
{
    mode = devices.AddDiscreteHead({.name = "mode",
                                    .choices = {"local", "offload"},
                                    .description = "Where the task goes: the own CPU, or a gateway"});
    gateway = devices.AddDiscreteHead(
        {.name = "gateway",
         .choices = gateways,
         .activeIf = mode.Is(OFFLOAD),
         .description =
             "Which gateway gets it; only those on the tuned channel are allowed while an earlier task is under way"});
    power = devices.AddContinuousHead({.name = "power",
                                       .unit = "dBm",
                                       .low = MINIMUM_POWER_DBM,
                                       .high = MAXIMUM_POWER_DBM,
                                       .defaultValue = MAXIMUM_POWER_DBM,
                                       .activeIf = mode.Is(OFFLOAD),
                                       .description = "Transmit power"});
}

OffloadingDecision
DeviceHeads::Read(const Action& action, uint32_t device, const std::vector<Gateway>& gateways) const
{
    OffloadingDecision decision;
    if (action.Get(mode, device) == OFFLOAD)
    {
        decision.mode = OffloadingMode::FULL;
        decision.server = action.Get(gateway, device);
        decision.channel = gateways.at(decision.server).channel;
        decision.powerDbm = action.Get(power, device);
        decision.ratio = 1;
    }
    return decision;
}

void
GatewayHeads::Describe(Group& gateways, const Settings& settings)
{
    placement = gateways.AddDiscreteHead({.name = "placement",
                                          .choices = {"edge", "cloud", "by-work"},
                                          .description = "Where tasks are computed that come in until the next tick"});
    threshold = gateways.AddContinuousHead({.name = "threshold",
                                            .unit = "cycles",
                                            .low = 0,
                                            .high = settings.GetMaximumCycles(),
                                            .defaultValue = settings.GetMaximumCycles() / 2,
                                            .activeIf = placement.Is(BY_WORK),
                                            .description = "Tasks with more work than this go to the cloud"});
    cpuRate = gateways.AddContinuousHead({.name = "cpu_rate",
                                          .unit = "Hz",
                                          .low = settings.edgeRateMinHz,
                                          .high = settings.edgeRateMaxHz,
                                          .defaultValue = settings.edgeRateMaxHz,
                                          .description = "Of the gateway's computer: fast costs energy"});
}

GatewayDecision
GatewayHeads::Read(const Action& action, uint32_t gateway) const
{
    GatewayDecision decision;
    decision.rateHz = action.Get(cpuRate, gateway);
    switch (static_cast<PlacementKind>(action.Get(placement, gateway)))
    {
    case EDGE:
        decision.rule.mostCyclesAtEdge = PlacementRule::EVERYTHING_AT_EDGE;
        break;
    case CLOUD:
        decision.rule.mostCyclesAtEdge = PlacementRule::EVERYTHING_TO_CLOUD;
        break;
    case BY_WORK:
        decision.rule.mostCyclesAtEdge = action.Get(threshold, gateway);
        break;
    }
    return decision;
}

} // namespace ns3::marl::edge_cloud
