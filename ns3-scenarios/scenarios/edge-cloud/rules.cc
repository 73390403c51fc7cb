// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/edge-cloud/rules.h"

#include "models/power-level.h"

#include <algorithm>
#include <cstdlib>

namespace ns3::marl::edge_cloud
{

namespace
{

double
Tune(const char* name, double value)
{
    const char* text = std::getenv(name);
    return text ? std::atof(text) : value;
}

const double LOCAL_MARGIN = Tune("T_LOCAL", 0.6);
const double TARGET_SNR_DB = Tune("T_SNR", 28);
const double LOAD_DB = Tune("T_LOAD", 0);
const double ALLOWANCE = Tune("T_ALLOW", 0.5);
const double QUEUE_ALLOWANCE = Tune("T_QUEUE", 0.4);
const double SPEED = Tune("T_SPEED", 1.0);
const double FLOOR = Tune("T_FLOOR", 0.5);

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
    if (observation.Get(m_features.localTimeS, device) <= LOCAL_MARGIN * deadlineS)
    {
        action.Set(m_deviceHeads.mode, device, DeviceHeads::LOCAL);
        return;
    }
    uint32_t best = 0;
    double bestDb = -1e9;
    for (uint32_t gateway = 0; gateway < m_settings.gateways; gateway++)
    {
        const auto& of = m_features.gateways[gateway];
        const double scoreDb = observation.Get(of.snrDb, device) - LOAD_DB * observation.Get(of.utilisation, device);
        if (observation.IsAllowed(m_deviceHeads.gateway, device, gateway) && scoreDb > bestDb)
        {
            best = gateway;
            bestDb = scoreDb;
        }
    }
    const double snrDb = observation.Get(m_features.gateways[best].snrDb, device);
    action.Set(m_deviceHeads.mode, device, DeviceHeads::OFFLOAD);
    action.Set(m_deviceHeads.gateway, device, best);
    action.Set(m_deviceHeads.power,
               device,
               std::clamp(MAXIMUM_POWER_DBM - (snrDb - TARGET_SNR_DB), MINIMUM_POWER_DBM, MAXIMUM_POWER_DBM));
}

void
Rules::DecideGateway(const Observation& observation, uint32_t gateway, Action& action) const
{
    const double deadlineS = (m_settings.tasks.deadlineMin + m_settings.tasks.deadlineMax).GetSeconds() / 2;
    const double backlog = observation.Get(m_features.backlogCycles, gateway);
    const double queueS =
        observation.Get(m_features.backhaulQueueBits, gateway) / static_cast<double>(m_settings.backhaul.rate.GetBitRate());
    const double room = std::max(0.0, ALLOWANCE * deadlineS * m_settings.edgeRateMaxHz - backlog);
    const bool isBackhaulFull = queueS > QUEUE_ALLOWANCE * deadlineS;
    if (isBackhaulFull)
    {
        action.Set(m_gatewayHeads.placement, gateway, GatewayHeads::EDGE);
    }
    else
    {
        action.Set(m_gatewayHeads.placement, gateway, GatewayHeads::BY_WORK);
        action.Set(m_gatewayHeads.threshold, gateway, std::min(room, m_settings.GetMaximumCycles()));
    }
    const double load = backlog + observation.Get(m_features.arrivedCycles, gateway);
    const double rateHz = std::max(FLOOR * m_settings.edgeRateMaxHz, SPEED * load / m_settings.tick.GetSeconds());
    action.Set(m_gatewayHeads.cpuRate, gateway, std::clamp(rateHz, m_settings.edgeRateMinHz, m_settings.edgeRateMaxHz));
}

} // namespace ns3::marl::edge_cloud
