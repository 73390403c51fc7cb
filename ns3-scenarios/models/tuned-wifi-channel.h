// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TUNED_WIFI_CHANNEL_H
#define NS3MARL_MODELS_TUNED_WIFI_CHANNEL_H

#include "models/transmission.h"

#include "ns3/nstime.h"
#include "ns3/propagation-delay-model.h"
#include "ns3/propagation-loss-model.h"
#include "ns3/wifi-ppdu.h"
#include "ns3/yans-wifi-channel.h"

#include <deque>
#include <memory>
#include <vector>

namespace ns3::marl
{

class TunedWifiPhy;

/// The air of one channel among TunedWifiPhys that all stay on it. They receive what they would from a YansWifiChannel, at
/// the same times and powers, but only signals that a radio can take note of become events: none for muted radios, and none
/// below the sensitivity of a radio. Nothing is random here.
class TunedWifiChannel : public YansWifiChannel
{
  public:
    static TypeId GetTypeId();

    TunedWifiChannel(Ptr<PropagationLossModel> loss, Ptr<PropagationDelayModel> delay);

    /// The order matters: radios that a signal reaches at the same moment receive it in this order.
    void Join(Ptr<TunedWifiPhy> phy);

    void Transmit(Ptr<TunedWifiPhy> sender, Ptr<const WifiPpdu> ppdu, dBm_u power);

    /// A radio that is no longer muted receives what is flying towards it, too.
    void Unmute(Ptr<TunedWifiPhy> phy);

  private:
    void Propagate(const std::shared_ptr<const Transmission>& transmission, const Ptr<TunedWifiPhy>& phy) const;

    Ptr<PropagationLossModel> m_loss;
    Ptr<PropagationDelayModel> m_delay;
    std::vector<Ptr<TunedWifiPhy>> m_phys;
    std::deque<std::shared_ptr<const Transmission>> m_recent; ///< those that may still be flying
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TUNED_WIFI_CHANNEL_H
