// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/fragment-watch.h"

#include "ns3/wifi-mac.h"
#include "ns3/wifi-phy.h"

#include <algorithm>
#include <utility>

namespace ns3::marl
{

FragmentWatch::Counts&
FragmentWatch::Counts::operator+=(const Counts& other)
{
    retries += other.retries;
    unanswered += other.unanswered;
    return *this;
}

FragmentWatch::FragmentWatch(OnAirCallback onAir)
    : m_onAir(std::move(onAir))
{
}

void
FragmentWatch::Connect(Ptr<WifiNetDevice> radio)
{
    const auto phy = radio->GetPhy();
    const auto mac = radio->GetMac();
    m_band = phy->GetPhyBand();
    phy->TraceConnectWithoutContext("PhyTxPsduBegin", MakeCallback(&FragmentWatch::NotifyTxBegin, this));
    mac->TraceConnectWithoutContext("MpduResponseTimeout", MakeCallback(&FragmentWatch::NotifyUnansweredMpdu, this));
    mac->TraceConnectWithoutContext("PsduResponseTimeout", MakeCallback(&FragmentWatch::NotifyUnansweredPsdu, this));
}

void
FragmentWatch::Add(uint32_t task, uint64_t packet)
{
    auto& fragments = m_tasks[task];
    fragments.packets.push_back(packet);
    fragments.onAir.push_back(false);
}

void
FragmentWatch::Remove(uint32_t task)
{
    m_tasks.erase(task);
}

const FragmentWatch::Counts&
FragmentWatch::GetCounts(AcIndex category) const
{
    return m_counts.at(category);
}

void
FragmentWatch::NotifyTxBegin(WifiConstPsduMap psdus, WifiTxVector vector, double /* powerW */)
{
    if (m_tasks.empty())
    {
        return;
    }
    for (const auto& [station, psdu] : psdus)
    {
        for (const auto& mpdu : *psdu)
        {
            if (mpdu->GetHeader().IsQosData())
            {
                NotifyMpdu(*mpdu);
            }
        }
    }
    for (auto& [task, fragments] : m_tasks)
    {
        if (fragments.first + fragments.again > 0)
        {
            const Time duration = WifiPhy::CalculateTxDuration(psdus, vector, m_band);
            m_onAir(task, std::exchange(fragments.first, 0), std::exchange(fragments.again, 0), duration);
        }
    }
}

void
FragmentWatch::NotifyMpdu(const WifiMpdu& mpdu)
{
    const uint64_t packet = mpdu.GetPacket()->GetUid();
    for (auto& [task, fragments] : m_tasks)
    {
        const auto& packets = fragments.packets;
        const auto found = std::lower_bound(packets.begin(), packets.end(), packet);
        if (found == packets.end() || *found != packet)
        {
            continue;
        }
        auto onAir = fragments.onAir[found - packets.begin()];
        if (onAir)
        {
            fragments.again++;
            m_counts.at(QosUtilsMapTidToAc(mpdu.GetHeader().GetQosTid())).retries++;
        }
        else
        {
            fragments.first++;
            onAir = true;
        }
        return;
    }
}

void
FragmentWatch::NotifyUnansweredMpdu(uint8_t /* reason */, Ptr<const WifiMpdu> mpdu, const WifiTxVector& /* vector */)
{
    CountUnanswered(mpdu->GetHeader());
}

void
FragmentWatch::NotifyUnansweredPsdu(uint8_t /* reason */, Ptr<const WifiPsdu> psdu, const WifiTxVector& /* vector */)
{
    CountUnanswered(psdu->GetHeader(0));
}

void
FragmentWatch::CountUnanswered(const WifiMacHeader& header)
{
    if (header.IsQosData())
    {
        m_counts.at(QosUtilsMapTidToAc(header.GetQosTid())).unanswered++;
    }
}

} // namespace ns3::marl
