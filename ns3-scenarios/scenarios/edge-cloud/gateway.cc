// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/edge-cloud/gateway.h"

#include <cmath>

namespace ns3::marl::edge_cloud
{

GatewayCounts
GatewayCounts::operator-(const GatewayCounts& before) const
{
    return {arrived - before.arrived,
            arrivedCycles - before.arrivedCycles,
            arrivedBits - before.arrivedBits,
            forwarded - before.forwarded,
            returned - before.returned,
            backhaulBusy - before.backhaulBusy,
            energyJ - before.energyJ};
}

double
Gateway::GetEnergyJ(double kappa) const
{
    const double busyS = (computer->GetBusyTime() - m_chargedBusy).GetSeconds();
    return m_chargedJ + kappa * std::pow(computer->GetRateHz(), 3) * busyS;
}

void
Gateway::SetRate(double rateHz, double kappa)
{
    m_chargedJ = GetEnergyJ(kappa);
    m_chargedBusy = computer->GetBusyTime();
    computer->SetRate(rateHz);
}

} // namespace ns3::marl::edge_cloud
