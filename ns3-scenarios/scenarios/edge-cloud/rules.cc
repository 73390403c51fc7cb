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
const double EXPECTED = Tune("T_EXP", 0.3);
const double LINK_TASKS = Tune("T_LINK", 1.0);
const double BIAS = Tune("T_BIAS", 1.0);
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
    const double edgeHz = m_settings.edgeRateMaxHz;
    const double backlogCycles =
        observation.Get(m_features.backlogCycles, gateway) + EXPECTED * observation.Get(m_features.arrivedCycles, gateway);
    const double linkBps = static_cast<double>(m_settings.backhaul.rate.GetBitRate());
    const double taskBits = 4.0 * (m_settings.tasks.sizeMinBytes + m_settings.tasks.sizeMaxBytes);
    const double cloudS = (observation.Get(m_features.backhaulQueueBits, gateway) + LINK_TASKS * taskBits) / linkBps +
                          2 * m_settings.backhaul.delay.GetSeconds() + observation.Get(m_features.cloudWaitS, gateway);
    const double leadCycles = (BIAS * cloudS - backlogCycles / edgeHz) / (1 / edgeHz - 1 / m_settings.cloudRateHz);
    action.Set(m_gatewayHeads.placement, gateway, GatewayHeads::BY_WORK);
    action.Set(m_gatewayHeads.threshold, gateway, std::clamp(leadCycles, 0.0, m_settings.GetMaximumCycles()));
    const double loadHz = observation.Get(m_features.backlogCycles, gateway) / m_settings.tick.GetSeconds();
    action.Set(m_gatewayHeads.cpuRate,
               gateway,
               std::clamp(FLOOR * edgeHz + SPEED * loadHz, m_settings.edgeRateMinHz, edgeHz));
}

} // namespace ns3::marl::edge_cloud
