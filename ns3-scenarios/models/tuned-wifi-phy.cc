// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/tuned-wifi-phy.h"

#include "ns3/abort.h"
#include "ns3/boolean.h"
#include "ns3/pointer.h"
#include "ns3/simulator.h"
#include "ns3/wifi-net-device.h"
#include "ns3/wifi-ppdu.h"
#include "ns3/wifi-utils.h"

#include <utility>

namespace ns3::marl
{

NS_OBJECT_ENSURE_REGISTERED(TunedWifiPhy);

TypeId
TunedWifiPhy::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::marl::TunedWifiPhy").SetParent<YansWifiPhy>().SetGroupName("Wifi").AddConstructor<TunedWifiPhy>();
    return tid;
}

void
TunedWifiPhy::SetDevice(const Ptr<WifiNetDevice> device)
{
    YansWifiPhy::SetDevice(device);
    m_air = DynamicCast<TunedWifiChannel>(GetChannel());
    NS_ABORT_MSG_UNLESS(m_air, "A TunedWifiPhy needs a TunedWifiChannel");
    m_air->Join(this);
}

void
TunedWifiPhy::ConfigureStandard(WifiStandard standard)
{
    YansWifiPhy::ConfigureStandard(standard);
    ReceiveBy<OfdmPhy>(WIFI_MOD_CLASS_OFDM);
    ReceiveBy<HePhy>(WIFI_MOD_CLASS_HE);
}

template <class Entity>
void
TunedWifiPhy::ReceiveBy(WifiModulationClass modulation)
{
    if (m_phyEntities.erase(modulation) > 0)
    {
        const auto entity = Create<TunedPhyEntity<Entity>>(*this);
        m_receivers[modulation] = PeekPointer(entity);
        AddPhyEntity(modulation, entity);
    }
}

void
TunedWifiPhy::DoInitialize()
{
    YansWifiPhy::DoInitialize();
    PointerValue capture;
    PointerValue corruption;
    PointerValue detection;
    BooleanValue isEachHeaderTold;
    GetAttribute("FrameCaptureModel", capture);
    GetAttribute("PostReceptionErrorModel", corruption);
    GetAttribute("PreambleDetectionModel", detection);
    GetAttribute("NotifyMacHdrRxEnd", isEachHeaderTold);
    m_detection = detection.Get<PreambleDetectionModel>();
    m_isPlain =
        !capture.GetObject() && !corruption.GetObject() && !isEachHeaderTold.Get() && GetChannelWidth() == MHz_u{20};
}

void
TunedWifiPhy::SetMuted(bool muted)
{
    const bool wasMuted = std::exchange(m_isMuted, muted);
    if (wasMuted && !muted)
    {
        m_air->Unmute(this);
    }
}

bool
TunedWifiPhy::IsMuted() const
{
    return m_isMuted;
}

void
TunedWifiPhy::StartTx(Ptr<const WifiPpdu> ppdu)
{
    m_air->Transmit(this, ppdu, GetTxPowerForTransmission(ppdu) + GetTxGain());
}

void
TunedWifiPhy::Hear(const std::shared_ptr<const Transmission>& transmission, dBm_u power)
{
    if (m_isMuted)
    {
        return;
    }
    const auto& ppdu = transmission->ppdu;
    TraceSignalArrival(ppdu, power, transmission->duration);
    RxPowerWattPerChannelBand powers;
    powers.emplace(GetBand(ppdu->GetTxChannelWidth()), DbmToW(power));
    for (const auto& [modulation, receiver] : m_receivers)
    {
        receiver->NoticeAnother();
    }
    const bool isAlone = Simulator::Now() > m_silence;
    m_silence = Max(m_silence, Simulator::Now() + transmission->duration);
    const auto receiver = m_receivers.find(ppdu->GetModulation());
    if (!isAlone || receiver == m_receivers.end() || !receiver->second->ReceiveAlone(transmission, powers))
    {
        StartReceivePreamble(ppdu, powers, transmission->duration);
    }
}

const TunedInterference&
TunedWifiPhy::GetInterference() const
{
    return static_cast<const TunedInterference&>(*m_interference);
}

bool
TunedWifiPhy::IsPlain() const
{
    return m_isPlain;
}

bool
TunedWifiPhy::IsDetected(dBm_u power, double snr, MHz_u width) const
{
    return !m_detection || m_detection->IsPreambleDetected(power, snr, width);
}

void
TunedWifiPhy::DoDispose()
{
    m_air = nullptr;
    m_receivers.clear();
    m_detection = nullptr;
    YansWifiPhy::DoDispose();
}

TunedWifiPhyHelper::TunedWifiPhyHelper()
{
    m_phys.front().SetTypeId(TunedWifiPhy::GetTypeId());
    SetInterferenceHelper(TunedInterference::GetTypeId().GetName());
}

} // namespace ns3::marl
