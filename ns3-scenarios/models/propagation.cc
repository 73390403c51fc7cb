// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/propagation.h"

#include "models/power-level.h"

#include "ns3/double.h"
#include "ns3/object-factory.h"

#include <cmath>

namespace ns3::marl
{

namespace
{

constexpr double BANDWIDTH_HZ = 20e6;
constexpr double THERMAL_NOISE_W_PER_HZ = 1.3803e-23 * 290; ///< as ns-3's InterferenceHelper has it

Ptr<PropagationLossModel>
MakePathLoss(const PropagationSettings& settings)
{
    return CreateObjectWithAttributes<LogDistancePropagationLossModel>(
        "Exponent", DoubleValue(settings.pathLossExponent), "ReferenceLoss", DoubleValue(settings.referenceLossDb));
}

} // namespace

Propagation::Propagation(const PropagationSettings& settings,
                         const std::vector<Ptr<MobilityModel>>& devices,
                         const std::vector<Ptr<MobilityModel>>& servers)
    : m_devices(devices),
      m_servers(servers),
      m_noiseDbm(10 * std::log10(THERMAL_NOISE_W_PER_HZ * BANDWIDTH_HZ * 1000) + settings.noiseFigureDb),
      m_pathLoss(MakePathLoss(settings)),
      m_loss(MakePathLoss(settings)),
      m_shadowing(CreateObject<Shadowing>()),
      m_fading(CreateObject<GaussMarkovFading>())
{
    m_shadowing->SetEndpoints(devices, servers, settings.shadowingDb, settings.shadowingDistanceM);
    m_fading->SetEndpoints(devices, servers, settings.fadingRho);
    m_loss->SetNext(m_fading);
    if (settings.shadowingDb > 0 || settings.isShadowingGiven)
    {
        m_fading->SetNext(m_shadowing);
    }
}

Ptr<PropagationLossModel>
Propagation::GetLoss() const
{
    return m_loss;
}

Ptr<GaussMarkovFading>
Propagation::GetFading() const
{
    return m_fading;
}

Ptr<Shadowing>
Propagation::GetShadowing() const
{
    return m_shadowing;
}

double
Propagation::GetSnrDb(uint32_t device, uint32_t server) const
{
    return GetMeanSnrDb(device, server) + m_fading->GetGainDb(device, server);
}

double
Propagation::GetMeanSnrDb(uint32_t device, uint32_t server) const
{
    return GetPathSnrDb(m_devices.at(device), m_servers.at(server)) + m_shadowing->GetGainDb(device, server);
}

double
Propagation::GetPathSnrDb(const Ptr<MobilityModel>& a, const Ptr<MobilityModel>& b) const
{
    return m_pathLoss->CalcRxPower(MAXIMUM_POWER_DBM, a, b) - m_noiseDbm;
}

} // namespace ns3::marl
