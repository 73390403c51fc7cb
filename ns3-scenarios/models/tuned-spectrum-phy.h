// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TUNED_SPECTRUM_PHY_H
#define NS3MARL_MODELS_TUNED_SPECTRUM_PHY_H

#include "ns3/propagation-delay-model.h"
#include "ns3/propagation-loss-model.h"
#include "ns3/spectrum-transmit-filter.h"
#include "ns3/spectrum-wifi-helper.h"
#include "ns3/spectrum-wifi-phy.h"
#include "ns3/wifi-bandwidth-filter.h"

#include <deque>

namespace ns3::marl
{

class TunedSpectrumPhy;

/// Keeps signals from TunedSpectrumPhys that are muted, and remembers those that are in the air. The last filter of a
/// channel comes first: add it after others.
class MutedFilter : public SpectrumTransmitFilter
{
  public:
    /// A signal in the air.
    struct Signal
    {
        Time start;
        Ptr<const SpectrumSignalParameters> parameters;
    };

    static TypeId GetTypeId();

    MutedFilter(Ptr<PropagationLossModel> loss, Ptr<PropagationDelayModel> delay);

    /// Lets a radio that is muted no longer hear what is in the air.
    void Unmute(TunedSpectrumPhy& phy);

  private:
    bool DoFilter(Ptr<const SpectrumSignalParameters> signal, Ptr<const SpectrumPhy> receiver) override;
    int64_t DoAssignStreams(int64_t stream) override;

    Ptr<PropagationLossModel> m_loss;
    Ptr<PropagationDelayModel> m_delay;
    Ptr<WifiBandwidthFilter> m_bandwidth; ///< tells which channels a signal reaches
    std::deque<Signal> m_recent;          ///< those that may still be in the air
};

/// A SpectrumWifiPhy whose signals cost less. Muted, it can receive nothing, and signals become no events; when it is muted
/// no longer, what is in the air becomes interference, as it would have been from the beginning. It keeps accounts of
/// the power in its channel alone, not in the resource units of multi-user frames, which it cannot receive.
class TunedSpectrumPhy : public SpectrumWifiPhy
{
  public:
    static TypeId GetTypeId();

    void SetMuted(bool muted);
    bool IsMuted() const;

  private:
    void DoInitialize() override;
    void DoDispose() override;

    Ptr<MutedFilter> m_filter;
    double m_sensitivityDbm{0}; ///< of a radio that is muted
    bool m_isMuted{false};
};

/// Makes TunedSpectrumPhys.
class TunedSpectrumPhyHelper : public SpectrumWifiPhyHelper
{
  public:
    TunedSpectrumPhyHelper();
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TUNED_SPECTRUM_PHY_H
