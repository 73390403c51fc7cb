// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_AIR_H
#define NS3MARL_MODELS_AIR_H

#include "models/tuned-spectrum-phy.h"
#include "models/tuned-wifi-channel.h"

#include "ns3/multi-model-spectrum-channel.h"
#include "ns3/propagation-loss-model.h"
#include "ns3/wifi-helper.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace ns3::marl
{

/// Which of ns-3's physical layers the radios have.
enum class PhyKind
{
    YANS,     ///< one TunedWifiChannel for each channel: channels do not hear each other
    SPECTRUM, ///< one spectrum for all channels: each leaks into its neighbours by the transmit mask
};

/// The channels that radios hear each other on: 20 MHz each, side by side from channel 36 on.
class Air
{
  public:
    static constexpr uint32_t MAXIMUM_CHANNELS = 8;

    Air(PhyKind kind, uint32_t channels, Ptr<PropagationLossModel> loss);

    /// \return a helper whose radios hear this channel
    std::unique_ptr<WifiPhyHelper> MakePhy(uint32_t channel) const;

  private:
    std::vector<Ptr<TunedWifiChannel>> m_channels; ///< of YANS
    Ptr<MultiModelSpectrumChannel> m_spectrum;     ///< of SPECTRUM
    Ptr<MutedFilter> m_filter;                     ///< of SPECTRUM
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_AIR_H
