// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/tuned-wifi-channel.h"

#include "models/tuned-wifi-phy.h"

#include "ns3/mobility-model.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/wifi-net-device.h"
#include "ns3/wifi-utils.h"

namespace ns3::marl
{

namespace
{

/// Longer than any signal flies: 300 km.
const Time FLIGHT = MilliSeconds(1);

} // namespace

NS_OBJECT_ENSURE_REGISTERED(TunedWifiChannel);

TypeId
TunedWifiChannel::GetTypeId()
{
    static TypeId tid = TypeId("ns3::marl::TunedWifiChannel").SetParent<YansWifiChannel>().SetGroupName("Wifi");
    return tid;
}

TunedWifiChannel::TunedWifiChannel(Ptr<PropagationLossModel> loss, Ptr<PropagationDelayModel> delay)
    : m_loss(loss),
      m_delay(delay)
{
    SetPropagationLossModel(m_loss);
    SetPropagationDelayModel(m_delay);
}

void
TunedWifiChannel::Join(Ptr<TunedWifiPhy> phy)
{
    m_phys.push_back(phy);
}

void
TunedWifiChannel::Transmit(Ptr<TunedWifiPhy> sender, Ptr<const WifiPpdu> ppdu, dBm_u power)
{
    const Time now = Simulator::Now();
    while (!m_recent.empty() && m_recent.front().start + FLIGHT < now)
    {
        m_recent.pop_front();
    }
    const auto& transmission = m_recent.emplace_back(
        now, sender, ppdu, power, ppdu->GetTxDuration(), RatioToDb(ppdu->GetTxChannelWidth() / MHz_u{20}));
    for (const auto& phy : m_phys)
    {
        if (phy != sender && !phy->IsMuted())
        {
            Propagate(transmission, phy);
        }
    }
}

void
TunedWifiChannel::Unmute(Ptr<TunedWifiPhy> phy)
{
    for (const auto& transmission : m_recent)
    {
        if (transmission.sender != phy)
        {
            Propagate(transmission, phy);
        }
    }
}

void
TunedWifiChannel::Propagate(const Transmission& transmission, Ptr<TunedWifiPhy> phy) const
{
    const auto from = transmission.sender->GetMobility();
    const auto to = phy->GetMobility();
    const dBm_u power{m_loss->CalcRxPower(transmission.power, from, to) + phy->GetRxGain()};
    const Time delay = transmission.start + m_delay->GetDelay(from, to) - Simulator::Now();
    if (delay.IsStrictlyNegative() || power < phy->GetRxSensitivity() + transmission.widening)
    {
        return;
    }
    Simulator::ScheduleWithContext(phy->GetDevice()->GetNode()->GetId(),
                                   delay,
                                   &TunedWifiChannel::Arrive,
                                   phy,
                                   transmission.ppdu,
                                   power,
                                   transmission.duration);
}

void
TunedWifiChannel::Arrive(Ptr<TunedWifiPhy> phy, Ptr<const WifiPpdu> ppdu, dBm_u power, const Time& duration)
{
    if (phy->IsMuted())
    {
        return;
    }
    phy->TraceSignalArrival(ppdu, power, duration);
    RxPowerWattPerChannelBand powers;
    powers.emplace(phy->GetBand(ppdu->GetTxChannelWidth()), DbmToW(power));
    phy->StartReceivePreamble(ppdu, powers, duration);
}

} // namespace ns3::marl
