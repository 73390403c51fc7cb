// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/edge-cloud/rules.h"

#include "models/power-level.h"

#include <algorithm>
#include <optional>

namespace ns3::marl::edge_cloud
{

namespace
{

// Tuned on RngSeeds 1 to 20, run 1, with the default arguments.
constexpr double TARGET_SNR_DB = 22;      // at the gateway
constexpr double EXPECTED_ARRIVALS = 0.1; // of the work that came in the last interval, on top of what waits
constexpr double TASK_SHARE = 0.7;        // of a mean task, for its own time on the link
constexpr double LOWEST_SPEED = 0.7;      // of the highest rate

} // namespace

Rules::Rules(const Settings& settings,
             const RuleFeatures& features,
             const DeviceHeads& deviceHeads,
             const GatewayHeads& gatewayHeads)
    : m_settings(settings),
      m_features(features),
      m_deviceHeads(deviceHeads),
      m_gatewayHeads(gatewayHeads)
{
}

void
Rules::DecideDevice(const Observation& observation, uint32_t device, Action& action) const
{
    const double deadlineS = observation.Get(m_features.deadlineS, device);
    if (observation.Get(m_features.localTimeS, device) < deadlineS)
    {
        action.Set(m_deviceHeads.mode, device, DeviceHeads::LOCAL);
        return;
    }
    const auto getSnrDb = [&](uint32_t gateway) { return observation.Get(m_features.gatewaySnrDb[gateway], device); };
    std::optional<uint32_t> best;
    for (uint32_t gateway = 0; gateway < m_settings.gateways; gateway++)
    {
        const bool isAllowed = observation.IsAllowed(m_deviceHeads.gateway, device, gateway);
        if (isAllowed && (!best || getSnrDb(gateway) > getSnrDb(*best)))
        {
            best = gateway;
        }
    }
    action.Set(m_deviceHeads.mode, device, DeviceHeads::OFFLOAD);
    action.Set(m_deviceHeads.gateway, device, best.value());
    action.Set(m_deviceHeads.power,
               device,
               std::clamp(MAXIMUM_POWER_DBM - (getSnrDb(*best) - TARGET_SNR_DB), MINIMUM_POWER_DBM, MAXIMUM_POWER_DBM));
}

void
Rules::DecideGateway(const Observation& observation, uint32_t gateway, Action& action) const
{
    // A task of c cycles is faster here when (backlog + c) / f_edge < t_cloud + c / f_cloud.
    const double edgeHz = m_settings.edgeRateMaxHz;
    const double waitingCycles = observation.Get(m_features.backlogCycles, gateway);
    const double backlogCycles = waitingCycles + EXPECTED_ARRIVALS * observation.Get(m_features.arrivedCycles, gateway);
    const double meanBits = 8.0 * (m_settings.tasks.sizeMinBytes + m_settings.tasks.sizeMaxBytes) / 2;
    const double linkBits = observation.Get(m_features.backhaulQueueBits, gateway) + TASK_SHARE * meanBits;
    const double cloudS = linkBits / static_cast<double>(m_settings.backhaul.rate.GetBitRate()) +
                          2 * m_settings.backhaul.delay.GetSeconds() + observation.Get(m_features.cloudWaitS, gateway);
    const double gainS = 1 / edgeHz - 1 / m_settings.cloudRateHz; // of the cloud, for each cycle
    const double mostCycles = m_settings.GetMaximumCycles();
    const double threshold = gainS > 0 ? (cloudS - backlogCycles / edgeHz) / gainS : mostCycles;
    action.Set(m_gatewayHeads.placement, gateway, GatewayHeads::BY_WORK);
    action.Set(m_gatewayHeads.threshold, gateway, std::clamp(threshold, 0.0, mostCycles));

    const double rateHz = LOWEST_SPEED * edgeHz + waitingCycles / m_settings.tick.GetSeconds();
    action.Set(m_gatewayHeads.cpuRate, gateway, std::clamp(rateHz, m_settings.edgeRateMinHz, edgeHz));
}

} // namespace ns3::marl::edge_cloud
