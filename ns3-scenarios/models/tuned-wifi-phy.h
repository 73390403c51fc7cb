// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TUNED_WIFI_PHY_H
#define NS3MARL_MODELS_TUNED_WIFI_PHY_H

#include "models/tuned-interference.h"
#include "models/tuned-phy-entity.h"
#include "models/tuned-wifi-channel.h"

#include "ns3/preamble-detection-model.h"
#include "ns3/yans-wifi-helper.h"
#include "ns3/yans-wifi-phy.h"

#include <map>
#include <memory>

namespace ns3::marl
{

/// A radio on a TunedWifiChannel. Muted, it hears nothing, not even for carrier sensing; a frame that it is receiving at
/// that moment is received to its end.
class TunedWifiPhy : public YansWifiPhy
{
    template <class Entity>
    friend class TunedPhyEntity;

  public:
    static TypeId GetTypeId();

    void SetMuted(bool muted);
    bool IsMuted() const;

    void SetDevice(const Ptr<WifiNetDevice> device) override; ///< also joins the channel
    void ConfigureStandard(WifiStandard standard) override;
    void StartTx(Ptr<const WifiPpdu> ppdu) override;

    /// A signal arrives.
    void Hear(const std::shared_ptr<const Transmission>& transmission, dBm_u power);

    const TunedInterference& GetInterference() const;

  private:
    void DoInitialize() override;
    void DoDispose() override;

    template <class Entity>
    void ReceiveBy(WifiModulationClass modulation);

    /// \return whether the channel has 20 MHz, and no model takes part in receptions but those of interference and preamble
    /// detection
    bool IsPlain() const;
    bool IsDetected(dBm_u power, double snr, MHz_u width) const;

    Ptr<TunedWifiChannel> m_air;
    std::map<WifiModulationClass, LoneReceiver*> m_receivers; ///< owned by the radio, as its PhyEntities
    Ptr<PreambleDetectionModel> m_detection;
    Time m_silence; ///< when the last signal in the air ends
    bool m_isMuted{false};
    bool m_isPlain{false};
};

/// Makes TunedWifiPhys; give it a TunedWifiChannel.
class TunedWifiPhyHelper : public YansWifiPhyHelper
{
  public:
    TunedWifiPhyHelper();
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TUNED_WIFI_PHY_H
