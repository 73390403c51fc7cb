// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TUNED_WIFI_PHY_H
#define NS3MARL_MODELS_TUNED_WIFI_PHY_H

#include "models/tuned-wifi-channel.h"

#include "ns3/yans-wifi-helper.h"
#include "ns3/yans-wifi-phy.h"

namespace ns3::marl
{

/// A radio on a TunedWifiChannel. Muted, it hears nothing, not even for carrier sensing; a frame that it is receiving at
/// that moment is received to its end.
class TunedWifiPhy : public YansWifiPhy
{
  public:
    static TypeId GetTypeId();

    void SetMuted(bool muted);
    bool IsMuted() const;

    void SetDevice(const Ptr<WifiNetDevice> device) override; ///< also joins the channel
    void ConfigureStandard(WifiStandard standard) override;
    void StartTx(Ptr<const WifiPpdu> ppdu) override;

  private:
    void DoDispose() override;

    Ptr<TunedWifiChannel> m_air;
    bool m_isMuted{false};
};

/// Makes TunedWifiPhys; give it a TunedWifiChannel.
class TunedWifiPhyHelper : public YansWifiPhyHelper
{
  public:
    TunedWifiPhyHelper();
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TUNED_WIFI_PHY_H
