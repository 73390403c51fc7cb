// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/cognitive-v2x/pair.h"

#include "ns3/simulator.h"
#include "ns3/wifi-mac-header.h"
#include "ns3/wifi-mac.h"
#include "ns3/wifi-mpdu.h"
#include "ns3/wifi-phy-state-helper.h"
#include "ns3/wifi-psdu.h"

#include <algorithm>
#include <utility>

#include "scenarios/cognitive-v2x/update-header.h"

namespace ns3::marl::cognitive_v2x
{

namespace
{

constexpr uint16_t PROTOCOL = 0x88dc; ///< WAVE short messages (IEEE 1609.3)

} // namespace

Pair::Pair(const Ptr<WifiNetDevice>& transmitter,
           const Ptr<WifiNetDevice>& receiver,
           uint32_t updateBytes,
           const Time& start)
    : m_transmitter(transmitter),
      m_receiver(receiver),
      m_updateBytes(updateBytes),
      m_age(start),
      m_knownAge(start)
{
    const auto phy = m_transmitter->GetPhy();
    phy->GetState()->TraceConnectWithoutContext("State", MakeCallback(&BusyMeter::NotifyState, &m_busy));
    for (const bool isTransmitter : {true, false})
    {
        (isTransmitter ? m_transmitter : m_receiver)
            ->GetPhy()
            ->TraceConnectWithoutContext(
                "PhyTxPsduBegin",
                Callback<void, WifiConstPsduMap, WifiTxVector, double>(
                    [this, isTransmitter](const WifiConstPsduMap& psdus, const WifiTxVector& vector, double powerW) {
                        NoteEmitted(isTransmitter, psdus, vector, powerW);
                    }));
    }
    phy->TraceConnectWithoutContext(
        "MonitorSnifferRx",
        Callback<void, Ptr<const Packet>, uint16_t, WifiTxVector, MpduInfo, SignalNoiseDbm, uint16_t>(
            [this](
                Ptr<const Packet> frame, uint16_t, const WifiTxVector&, MpduInfo, SignalNoiseDbm strength, uint16_t) {
                NoteHeard(*frame, strength.signal);
            }));
    m_transmitter->GetMac()->TraceConnectWithoutContext(
        "AckedMpdu", Callback<void, Ptr<const WifiMpdu>>([this](Ptr<const WifiMpdu>) {
            m_interval.acknowledged = true;
            m_knownAge.Update(m_generation, Simulator::Now());
        }));
    m_receiver->SetReceiveCallback(Callback<bool, Ptr<NetDevice>, Ptr<const Packet>, uint16_t, const Address&>(
        [this](Ptr<NetDevice>, Ptr<const Packet> update, uint16_t, const Address&) {
            NoteReceived(*update);
            return true;
        }));
}

void
Pair::Send(uint32_t channel, const Time& delay)
{
    m_interval.channel = channel;
    m_generation = Simulator::Now();
    const auto update = Create<Packet>(m_updateBytes - UpdateHeader::BYTES);
    update->AddHeader(UpdateHeader(m_generation));
    Simulator::Schedule(delay, &Pair::Enqueue, this, update);
}

void
Pair::Enqueue(Ptr<Packet> update)
{
    m_transmitter->Send(update, m_receiver->GetAddress(), PROTOCOL);
}

Pair::Interval
Pair::TakeInterval()
{
    m_interval.busyRatio = m_busy.TakeInterval(Simulator::Now());
    return std::exchange(m_interval, {});
}

Mac48Address
Pair::GetAddress() const
{
    return Mac48Address::ConvertFrom(m_transmitter->GetAddress());
}

const AgeTracker&
Pair::GetAge() const
{
    return m_age;
}

const AgeTracker&
Pair::GetKnownAge() const
{
    return m_knownAge;
}

void
Pair::NoteEmitted(bool isTransmitter, const WifiConstPsduMap& psdus, const WifiTxVector& vector, double powerW)
{
    m_interval.transmitted = m_interval.transmitted || isTransmitter;
    m_interval.energyJ += powerW * WifiPhy::CalculateTxDuration(psdus, vector, WIFI_PHY_BAND_5GHZ).GetSeconds();
}

void
Pair::NoteHeard(const Packet& frame, double signalDbm)
{
    WifiMacHeader header;
    frame.PeekHeader(header);
    auto& overheard = m_interval.overheard;
    if (header.IsData() && std::ranges::find(overheard, header.GetAddr2()) == overheard.end())
    {
        overheard.push_back(header.GetAddr2());
    }
    else if (header.IsAck() && header.GetAddr1() == GetAddress())
    {
        m_interval.signalDbm = signalDbm;
    }
}

void
Pair::NoteReceived(const Packet& update)
{
    UpdateHeader header;
    update.PeekHeader(header);
    m_interval.received = true;
    m_age.Update(header.GetGeneration(), Simulator::Now());
}

} // namespace ns3::marl::cognitive_v2x
