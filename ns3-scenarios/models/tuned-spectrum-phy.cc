// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/tuned-spectrum-phy.h"

#include "models/transmission.h"

#include "ns3/double.h"
#include "ns3/interference-helper.h"
#include "ns3/mobility-model.h"
#include "ns3/pointer.h"
#include "ns3/simulator.h"
#include "ns3/spectrum-channel.h"
#include "ns3/spectrum-converter.h"
#include "ns3/spectrum-value.h"
#include "ns3/wifi-spectrum-phy-interface.h"
#include "ns3/wifi-spectrum-signal-parameters.h"
#include "ns3/wifi-utils.h"

#include <cmath>
#include <utility>
#include <vector>

namespace ns3::marl
{

namespace
{

/// Nothing is strong enough to be received.
constexpr double MUTED_SENSITIVITY_DBM = 200;

} // namespace

NS_OBJECT_ENSURE_REGISTERED(MutedFilter);
NS_OBJECT_ENSURE_REGISTERED(TunedSpectrumPhy);

TypeId
MutedFilter::GetTypeId()
{
    static TypeId tid = TypeId("ns3::marl::MutedFilter").SetParent<SpectrumTransmitFilter>().SetGroupName("Wifi");
    return tid;
}

MutedFilter::MutedFilter(Ptr<PropagationLossModel> loss, Ptr<PropagationDelayModel> delay)
    : m_loss(loss),
      m_delay(delay),
      m_bandwidth(CreateObject<WifiBandwidthFilter>())
{
}

bool
MutedFilter::DoFilter(Ptr<const SpectrumSignalParameters> signal, Ptr<const SpectrumPhy> receiver)
{
    const Time now = Simulator::Now();
    if (m_recent.empty() || m_recent.back().parameters != signal)
    {
        while (!m_recent.empty() && m_recent.front().start + m_recent.front().parameters->duration + FLIGHT < now)
        {
            m_recent.pop_front();
        }
        m_recent.push_back({now, signal});
    }
    const auto* const interface = dynamic_cast<const WifiSpectrumPhyInterface*>(PeekPointer(receiver));
    const auto phy = interface ? DynamicCast<const TunedSpectrumPhy>(interface->GetSpectrumWifiPhy()) : nullptr;
    return phy && phy->IsMuted();
}

int64_t
MutedFilter::DoAssignStreams(int64_t /* stream */)
{
    return 0;
}

void
MutedFilter::Unmute(TunedSpectrumPhy& phy)
{
    const auto interface = phy.GetCurrentInterface();
    const auto to = phy.GetMobility();
    for (const auto& [start, signal] : m_recent)
    {
        const auto from = signal->txPhy->GetMobility();
        const Time left = start + m_delay->GetDelay(from, to) + signal->duration - Simulator::Now();
        if (from == to || !left.IsStrictlyPositive() || m_bandwidth->Filter(signal, interface))
        {
            continue;
        }
        const auto heard = signal->Copy();
        const SpectrumConverter convert(signal->psd->GetSpectrumModel(), interface->GetRxSpectrumModel());
        heard->psd = signal->psd->GetSpectrumModelUid() == interface->GetRxSpectrumModel()->GetUid()
                         ? Copy<SpectrumValue>(signal->psd)
                         : convert.Convert(signal->psd);
        *heard->psd *= std::pow(10, m_loss->CalcRxPower(0, from, to) / 10);
        heard->duration = Min(left, signal->duration);
        const auto hear = [&phy, heard, interface] { phy.StartRx(heard, interface); };
        if (left > signal->duration) // it still flies towards the radio, which will receive it
        {
            Simulator::Schedule(left - signal->duration, hear);
        }
        else
        {
            hear();
        }
    }
}

TypeId
TunedSpectrumPhy::GetTypeId()
{
    static TypeId tid = TypeId("ns3::marl::TunedSpectrumPhy")
                            .SetParent<SpectrumWifiPhy>()
                            .SetGroupName("Wifi")
                            .AddConstructor<TunedSpectrumPhy>()
                            .AddAttribute("Filter",
                                          "Keeps signals from the radio while it is muted",
                                          PointerValue(),
                                          MakePointerAccessor(&TunedSpectrumPhy::m_filter),
                                          MakePointerChecker<MutedFilter>());
    return tid;
}

void
TunedSpectrumPhy::DoInitialize()
{
    SpectrumWifiPhy::DoInitialize();
    const auto& interface = *m_currentSpectrumPhyInterface;
    if (const auto units = interface.GetHeRuBands(); !units.empty())
    {
        std::vector<WifiSpectrumBandInfo> bands = interface.GetBands();
        bands.push_back(units.begin()->first); // ns-3 insists on one
        m_currentSpectrumPhyInterface->SetHeRuBands({*units.begin()});
        m_interference->UpdateBands(bands, interface.GetFrequencyRange());
    }
}

void
TunedSpectrumPhy::DoDispose()
{
    m_filter = nullptr;
    SpectrumWifiPhy::DoDispose();
}

void
TunedSpectrumPhy::SetMuted(bool muted)
{
    if (std::exchange(m_isMuted, muted) == muted)
    {
        return;
    }
    if (muted)
    {
        m_sensitivityDbm = GetRxSensitivity();
        SetRxSensitivity(MUTED_SENSITIVITY_DBM);
    }
    else
    {
        m_filter->Unmute(*this); // before the radio can receive: these signals it has missed
        SetRxSensitivity(m_sensitivityDbm);
    }
}

bool
TunedSpectrumPhy::IsMuted() const
{
    return m_isMuted;
}

TunedSpectrumPhyHelper::TunedSpectrumPhyHelper()
{
    m_phys.front().SetTypeId(TunedSpectrumPhy::GetTypeId());
}

} // namespace ns3::marl
