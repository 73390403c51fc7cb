// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/overhearing-he-phy.h"

#include "ns3/simulator.h"
#include "ns3/wifi-mac.h"
#include "ns3/wifi-net-device.h"
#include "ns3/wifi-phy.h"
#include "ns3/wifi-psdu.h"
#include "ns3/wifi-utils.h"

namespace ns3::marl
{

OverhearingHePhy::OverhearingHePhy(Ptr<InterferenceHelper> interference)
    : m_interference(interference)
{
}

bool
OverhearingHePhy::IsForThisStation(const WifiPsdu& psdu) const
{
    const Mac48Address to = psdu.GetAddr1();
    return to.IsGroup() || to == m_wifiPhy->GetDevice()->GetMac()->GetAddress();
}

std::vector<Time>
OverhearingHePhy::GetMpduEnds(const WifiPpdu& ppdu, WifiPhyBand band, const Time& payload)
{
    const auto& txVector = ppdu.GetTxVector();
    const auto psdu = ppdu.GetPsdu();
    std::vector<Time> ends;
    Time end;
    uint32_t totalSize = 0;
    double totalSymbols = 0;
    for (std::size_t i = 0; i < psdu->GetNMpdus(); i++)
    {
        const bool isLast = i + 1 == psdu->GetNMpdus();
        end += WifiPhy::GetPayloadDuration(psdu->GetAmpduSubframeSize(i),
                                           txVector,
                                           band,
                                           i == 0   ? FIRST_MPDU_IN_AGGREGATE
                                           : isLast ? LAST_MPDU_IN_AGGREGATE
                                                    : MIDDLE_MPDU_IN_AGGREGATE,
                                           true,
                                           totalSize,
                                           totalSymbols,
                                           SU_STA_ID);
        ends.push_back(end);
    }
    if (payload - end < txVector.GetGuardInterval()) // not padding, but what rounding left
    {
        ends.back() = payload;
    }
    return ends;
}

Time
OverhearingHePhy::DoStartReceivePayload(Ptr<Event> event)
{
    const auto ppdu = event->GetPpdu();
    if (ppdu->GetType() != WIFI_PPDU_TYPE_SU || ppdu->GetPsdu()->GetNMpdus() < 2 || IsForThisStation(*ppdu->GetPsdu()))
    {
        return HePhy::DoStartReceivePayload(event);
    }
    const auto& txVector = ppdu->GetTxVector();
    const Time payload = ppdu->GetTxDuration() - CalculatePhyPreambleAndHeaderDuration(txVector);
    const UidStaIdPair key{ppdu->GetUid(), SU_STA_ID};
    m_signalNoiseMap.insert({key, SignalNoiseDbm()});
    m_statusPerMpduMap.insert({key, std::vector<bool>()});
    m_endOfMpduEvents.push_back(Simulator::Schedule(payload, &OverhearingHePhy::EndPayload, this, event, payload));
    NotifyPayloadBegin(txVector, payload);
    m_endRxPayloadEvents.push_back(Simulator::Schedule(payload, &OverhearingHePhy::EndReceivePayload, this, event));
    return payload;
}

void
OverhearingHePhy::EndPayload(Ptr<Event> event, const Time& payload)
{
    const auto ppdu = event->GetPpdu();
    const auto psdu = ppdu->GetPsdu();
    const auto [width, band] = GetChannelWidthAndBand(ppdu->GetTxVector(), SU_STA_ID);
    const auto whole = m_interference->CalculatePayloadSnrPer(event, width, band, SU_STA_ID, {Time(0), payload});
    const UidStaIdPair key{ppdu->GetUid(), SU_STA_ID};
    const auto power = event->GetRxPower(band);
    m_signalNoiseMap.at(key) = {WToDbm(power), WToDbm(power / whole.snr)};
    auto& received = m_statusPerMpduMap.at(key);
    if (whole.per == 0) // nor can any part of it fail
    {
        for (std::size_t i = 0; i < psdu->GetNMpdus(); i++)
        {
            GetRandomValue();
            received.push_back(true);
        }
        return;
    }
    Time start;
    for (const Time& end : GetMpduEnds(*ppdu, m_wifiPhy->GetPhyBand(), payload))
    {
        const auto part = m_interference->CalculatePayloadSnrPer(event, width, band, SU_STA_ID, {start, end});
        received.push_back(GetRandomValue() > part.per);
        start = end;
    }
}

} // namespace ns3::marl
