// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/tuned-wifi-phy.h"

#include "models/overhearing-he-phy.h"

#include "ns3/abort.h"
#include "ns3/wifi-net-device.h"
#include "ns3/wifi-ppdu.h"

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
    if (m_phyEntities.erase(WIFI_MOD_CLASS_HE) > 0)
    {
        AddPhyEntity(WIFI_MOD_CLASS_HE, Create<OverhearingHePhy>(m_interference));
    }
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
TunedWifiPhy::DoDispose()
{
    m_air = nullptr;
    YansWifiPhy::DoDispose();
}

TunedWifiPhyHelper::TunedWifiPhyHelper()
{
    m_phys.front().SetTypeId(TunedWifiPhy::GetTypeId());
}

} // namespace ns3::marl
