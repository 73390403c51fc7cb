// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/tuned-phy-entity.h"

#include "models/tuned-interference.h"
#include "models/tuned-wifi-phy.h"

#include "ns3/simulator.h"
#include "ns3/wifi-mac.h"
#include "ns3/wifi-net-device.h"
#include "ns3/wifi-psdu.h"
#include "ns3/wifi-utils.h"

#include <algorithm>
#include <type_traits>

namespace ns3::marl
{

template <class Entity>
TunedPhyEntity<Entity>::TunedPhyEntity(TunedWifiPhy& phy)
    : m_phy(phy)
{
}

template <class Entity>
bool
TunedPhyEntity<Entity>::IsForThisStation(const WifiPsdu& psdu) const
{
    const Mac48Address to = psdu.GetAddr1();
    return to.IsGroup() || to == m_phy.GetDevice()->GetMac()->GetAddress();
}

template <class Entity>
bool
TunedPhyEntity<Entity>::IsUsual(const Ptr<const WifiPpdu>& ppdu) const
{
    if (!m_phy.IsPlain() || ppdu->GetType() != WIFI_PPDU_TYPE_SU || ppdu->IsTruncatedTx())
    {
        return false;
    }
    if constexpr (std::is_same_v<Entity, HePhy>)
    {
        const uint8_t theirs = ppdu->GetTxVector().GetBssColor();
        return theirs == 0 && this->IsAllConfigSupported(WIFI_PPDU_FIELD_SIG_A, ppdu);
    }
    else
    {
        return this->IsAllConfigSupported(WIFI_PPDU_FIELD_NON_HT_HEADER, ppdu);
    }
}

template <class Entity>
bool
TunedPhyEntity<Entity>::ReceiveAlone(const std::shared_ptr<const Transmission>& transmission,
                                     RxPowerWattPerChannelBand& powers)
{
    const bool isListening = m_phy.IsStateIdle() || (m_phy.IsStateCcaBusy() && !m_phy.m_currentEvent);
    if (!isListening || !IsUsual(transmission->ppdu))
    {
        return false;
    }
    m_event = this->CreateInterferenceEvent(transmission->ppdu, transmission->duration, powers);
    this->AddPreambleEvent(m_event);
    m_alone = transmission;
    m_phy.m_interference->NotifyRxStart(m_phy.GetCurrentFrequencyRange());
    this->m_endPreambleDetectionEvents.push_back(
        Simulator::Schedule(WifiPhy::GetPreambleDetectionDuration(), &TunedPhyEntity::EndDetection, this, m_event));
    return true;
}

template <class Entity>
void
TunedPhyEntity<Entity>::EndDetection(const Ptr<Event>& event)
{
    const auto& ppdu = event->GetPpdu();
    const auto& txVector = ppdu->GetTxVector();
    if (!m_alone)
    {
        this->EndPreambleDetectionPeriod(event);
        return;
    }
    const auto [width, band] = this->GetChannelWidthAndBand(txVector, SU_STA_ID);
    const auto power = event->GetRxPower(band);
    m_snr = m_phy.GetInterference().GetLoneSnr(power, width);
    const auto& certain = m_phy.GetInterference().GetCertain(txVector);
    m_isCertain = m_snr >= certain.payload;
    if (m_snr < certain.header || !m_phy.IsDetected(WToDbm(power), m_snr, width))
    {
        this->EndPreambleDetectionPeriod(event);
        return;
    }
    this->m_endPreambleDetectionEvents.clear();
    m_phy.m_currentEvent = event;
    m_phy.NotifyRxBegin(ppdu->GetPsdu(), event->GetRxPowerPerBand());
    m_fields = 0;
    ContinueHeader(WifiPhy::GetPreambleDetectionDuration());
}

template <class Entity>
void
TunedPhyEntity<Entity>::ContinueHeader(const Time& elapsed)
{
    const auto& field = m_alone->fields[m_fields++];
    const Time left = field.duration - elapsed;
    this->m_state->SwitchMaybeToCcaBusy(left, WIFI_CHANLIST_PRIMARY, {});
    m_phy.m_endPhyRxEvent = Simulator::Schedule(left, &TunedPhyEntity::EndField, this, field);
}

template <class Entity>
void
TunedPhyEntity<Entity>::EndField(const Transmission::Field& field)
{
    if (!m_alone)
    {
        this->EndReceiveField(field.name, m_event);
        return;
    }
    if (field.isDrawn)
    {
        Draw(1);
    }
    if (m_fields < m_alone->fields.size())
    {
        ContinueHeader(Time());
    }
    else
    {
        this->StartReceivePayload(m_event);
    }
}

template <class Entity>
void
TunedPhyEntity<Entity>::NoticeAnother()
{
    m_alone.reset(); // a field that is being received keeps its event: at one instant, fields end before signals arrive
}

template <class Entity>
Time
TunedPhyEntity<Entity>::DoStartReceivePayload(Ptr<Event> event)
{
    const auto& ppdu = *event->GetPpdu();
    if (!m_phy.IsPlain() || ppdu.GetType() != WIFI_PPDU_TYPE_SU)
    {
        return Entity::DoStartReceivePayload(event);
    }
    const Time payload = event->GetEndTime() - Simulator::Now();
    if (ppdu.GetPsdu()->GetNMpdus() > 1 && IsForThisStation(*ppdu.GetPsdu()))
    {
        const typename Entity::UidStaIdPair key{ppdu.GetUid(), SU_STA_ID};
        this->m_signalNoiseMap[key] = {};
        this->m_statusPerMpduMap[key] = {};
        Time start;
        std::size_t i = 0;
        for (const Time& end : GetMpduEnds(ppdu, m_phy.GetPhyBand(), payload))
        {
            this->m_endOfMpduEvents.push_back(
                Simulator::Schedule(end, &TunedPhyEntity::EndMpdu, this, event, i, start, end - start));
            start = end;
            i++;
        }
        this->m_endRxPayloadEvents.push_back(
            Simulator::Schedule(payload, &TunedPhyEntity::EndReceivePayload, this, event));
    }
    else
    {
        this->m_endRxPayloadEvents.push_back(
            Simulator::Schedule(payload, &TunedPhyEntity::EndPayload, this, event, payload));
    }
    this->NotifyPayloadBegin(ppdu.GetTxVector(), payload);
    return payload;
}

template <class Entity>
void
TunedPhyEntity<Entity>::EndMpdu(const Ptr<Event>& event, std::size_t index, const Time& start, const Time& duration)
{
    const auto psdu = event->GetPpdu()->GetPsdu();
    const auto mpdu = *std::next(psdu->begin(), index);
    if (!m_alone || m_event != event || !m_isCertain)
    {
        this->EndOfMpdu(event, mpdu, index, start, duration);
        return;
    }
    Draw(1);
    const typename Entity::UidStaIdPair key{event->GetPpdu()->GetUid(), SU_STA_ID};
    const SignalNoiseDbm levels{WToDbm(event->GetRxPower()), WToDbm(event->GetRxPower() / m_snr)};
    this->m_signalNoiseMap[key] = levels;
    this->m_statusPerMpduMap[key].push_back(true);
    const RxSignalInfo info{DbToRatio(dB_u{levels.signal - levels.noise}), levels.signal};
    this->m_state->NotifyRxMpdu(Create<const WifiPsdu>(mpdu, false), info, event->GetPpdu()->GetTxVector());
}

template <class Entity>
std::vector<Time>
TunedPhyEntity<Entity>::GetMpduEnds(const WifiPpdu& ppdu, WifiPhyBand band, const Time& payload)
{
    const auto& txVector = ppdu.GetTxVector();
    const auto psdu = ppdu.GetPsdu();
    const std::size_t mpdus = psdu->GetNMpdus();
    if (mpdus == 1)
    {
        return {payload};
    }
    std::vector<Time> ends;
    Time end;
    uint32_t totalSize = 0;
    double totalSymbols = 0;
    for (std::size_t i = 0; i < mpdus; i++)
    {
        end += WifiPhy::GetPayloadDuration(psdu->GetAmpduSubframeSize(i),
                                           txVector,
                                           band,
                                           i == 0           ? FIRST_MPDU_IN_AGGREGATE
                                           : i + 1 == mpdus ? LAST_MPDU_IN_AGGREGATE
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

template <class Entity>
void
TunedPhyEntity<Entity>::EndPayload(const Ptr<Event>& event, const Time& payload)
{
    if (m_alone && m_event == event)
    {
        EndLonePayload(payload);
        return;
    }
    const auto& ppdu = event->GetPpdu();
    const auto mpdus = ppdu->GetPsdu()->GetNMpdus();
    const auto [width, band] = this->GetChannelWidthAndBand(ppdu->GetTxVector(), SU_STA_ID);
    const auto& interference = *m_phy.m_interference;
    const auto whole = interference.CalculatePayloadSnrPer(event, width, band, SU_STA_ID, {Time(0), payload});
    const typename Entity::UidStaIdPair key{ppdu->GetUid(), SU_STA_ID};
    const auto power = event->GetRxPower(band);
    this->m_signalNoiseMap[key] = {WToDbm(power), WToDbm(power / whole.snr)};
    auto& received = this->m_statusPerMpduMap[key];
    if (whole.per == 0) // nor can any part of it fail
    {
        Draw(mpdus);
        received.assign(mpdus, true);
    }
    else
    {
        Time start;
        for (const Time& end : GetMpduEnds(*ppdu, m_phy.GetPhyBand(), payload))
        {
            const auto part = interference.CalculatePayloadSnrPer(event, width, band, SU_STA_ID, {start, end});
            received.push_back(this->GetRandomValue() > part.per);
            start = end;
        }
    }
    this->EndReceivePayload(event);
}

template <class Entity>
void
TunedPhyEntity<Entity>::EndLonePayload(const Time& payload)
{
    const auto ppdu = m_event->GetPpdu();
    const auto& txVector = ppdu->GetTxVector();
    const Ptr<const WifiPsdu> psdu = ppdu->GetPsdu();
    const auto received = DrawOutcomes(payload);
    const bool isReceived = std::find(received.begin(), received.end(), true) != received.end();
    const auto signal = WToDbm(m_event->GetRxPower());
    RxSignalInfo info{m_snr, signal};
    m_phy.NotifyRxEnd(psdu);
    if (isReceived)
    {
        m_phy.NotifyMonitorSniffRx(
            psdu, m_phy.GetFrequency(), txVector, {signal, WToDbm(m_event->GetRxPower() / m_snr)}, received, SU_STA_ID);
        this->RxPayloadSucceeded(psdu, info, txVector, SU_STA_ID, received);
        m_phy.m_previouslyRxPpduUid = ppdu->GetUid();
    }
    else
    {
        this->RxPayloadFailed(psdu, m_snr, txVector);
    }
    this->m_state->NotifyRxPpduOutcome(ppdu, info, txVector, SU_STA_ID, received);
    this->DoEndReceivePayload(ppdu);
    m_alone.reset();
    m_event = nullptr;
    // The MAC comes last, for it may change the state of the radio.
    if (isReceived)
    {
        this->m_state->NotifyRxPsduSucceeded(psdu, info, txVector, SU_STA_ID, received);
    }
    else
    {
        this->m_state->NotifyRxPsduFailed(psdu, info.snr);
    }
}

template <class Entity>
std::vector<bool>
TunedPhyEntity<Entity>::DrawOutcomes(const Time& payload) const
{
    const auto& ppdu = *m_event->GetPpdu();
    std::vector<bool> received(ppdu.GetPsdu()->GetNMpdus(), true);
    if (m_isCertain)
    {
        Draw(received.size());
        return received;
    }
    const auto ends = GetMpduEnds(ppdu, m_phy.GetPhyBand(), payload);
    Time start;
    Time known; // MPDUs of equal length have the same error rate
    double per = 0;
    for (std::size_t i = 0; i < ends.size(); i++)
    {
        const Time duration = Min(ends[i], payload) - start;
        if (duration != known)
        {
            per = m_phy.GetInterference().GetLonePer(m_snr, duration, ppdu.GetTxVector());
            known = duration;
        }
        received[i] = this->GetRandomValue() > per;
        start = ends[i];
    }
    return received;
}

template <class Entity>
void
TunedPhyEntity<Entity>::Draw(std::size_t numbers) const
{
    for (; numbers > 0; numbers--)
    {
        this->GetRandomValue();
    }
}

template class TunedPhyEntity<OfdmPhy>;
template class TunedPhyEntity<HePhy>;

} // namespace ns3::marl
