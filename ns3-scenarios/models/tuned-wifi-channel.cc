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

std::vector<Transmission::Field>
GetFields(const WifiTxVector& txVector)
{
    const auto phy = WifiPhy::GetStaticPhyEntity(txVector.GetModulationClass());
    std::vector<Transmission::Field> fields;
    for (auto field = WIFI_PPDU_FIELD_PREAMBLE; field != WIFI_PPDU_FIELD_DATA;
         field = phy->GetNextField(field, txVector.GetPreambleType()))
    {
        fields.push_back({field,
                          phy->GetDuration(field, txVector),
                          field == WIFI_PPDU_FIELD_NON_HT_HEADER || field == WIFI_PPDU_FIELD_SIG_A});
    }
    return fields;
}

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
    while (!m_recent.empty() && m_recent.front()->start + FLIGHT < now)
    {
        m_recent.pop_front();
    }
    const auto transmission =
        std::make_shared<const Transmission>(Transmission{now,
                                                          sender,
                                                          ppdu,
                                                          power,
                                                          ppdu->GetTxDuration(),
                                                          RatioToDb(ppdu->GetTxChannelWidth() / MHz_u{20}),
                                                          GetFields(ppdu->GetTxVector())});
    m_recent.push_back(transmission);
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
        if (transmission->sender != phy)
        {
            Propagate(transmission, phy);
        }
    }
}

void
TunedWifiChannel::Propagate(const std::shared_ptr<const Transmission>& transmission, const Ptr<TunedWifiPhy>& phy) const
{
    const auto from = transmission->sender->GetMobility();
    const auto to = phy->GetMobility();
    const dBm_u power{m_loss->CalcRxPower(transmission->power, from, to) + phy->GetRxGain()};
    const Time delay = transmission->start + m_delay->GetDelay(from, to) - Simulator::Now();
    if (delay.IsStrictlyNegative() || power < phy->GetRxSensitivity() + transmission->widening)
    {
        return;
    }
    Simulator::ScheduleWithContext(
        phy->GetDevice()->GetNode()->GetId(), delay, &TunedWifiPhy::Hear, phy, transmission, power);
}

} // namespace ns3::marl
