// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_OVERHEARING_HE_PHY_H
#define NS3MARL_MODELS_OVERHEARING_HE_PHY_H

#include "ns3/he-phy.h"
#include "ns3/interference-helper.h"

#include <vector>

namespace ns3::marl
{

/// Receives what HePhy receives, with less work for A-MPDUs that are addressed to other stations, which are most of what a
/// radio hears. Of those the MAC wants to know only whether any MPDU was received, for its network allocation vector, so
/// the outcome of all MPDUs is found at the end of the payload, at once where nothing can fail. Each MPDU takes its random
/// number in the same order as in HePhy, so outcomes are the same as long as no reception is cut off within its payload;
/// that takes a change of channel, sleep or a frame capture model. MACs in promiscuous mode hear no MPDUs of others.
class OverhearingHePhy : public HePhy
{
  public:
    explicit OverhearingHePhy(Ptr<InterferenceHelper> interference);

  protected:
    Time DoStartReceivePayload(Ptr<Event> event) override;

  private:
    /// \return when each MPDU ends, after the beginning of the payload
    static std::vector<Time> GetMpduEnds(const WifiPpdu& ppdu, WifiPhyBand band, const Time& payload);

    bool IsForThisStation(const WifiPsdu& psdu) const;
    void EndPayload(Ptr<Event> event, const Time& payload);

    Ptr<InterferenceHelper> m_interference;
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_OVERHEARING_HE_PHY_H
