// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TUNED_PHY_ENTITY_H
#define NS3MARL_MODELS_TUNED_PHY_ENTITY_H

#include "models/transmission.h"

#include "ns3/he-phy.h"
#include "ns3/interference-helper.h"
#include "ns3/ofdm-phy.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace ns3::marl
{

class TunedWifiPhy;

/// What a TunedWifiPhy asks of its TunedPhyEntity.
class LoneReceiver
{
  public:
    virtual ~LoneReceiver() = default;

    /// Receives a frame that begins while nothing else is in the air.
    /// \return false if it must be received like any other, by StartReceivePreamble
    virtual bool ReceiveAlone(const std::shared_ptr<const Transmission>& transmission,
                              RxPowerWattPerChannelBand& powers) = 0;

    /// The frame is no longer alone: another signal arrives now.
    virtual void NoticeAnother() = 0;
};

/// Receives what \p Entity receives, with less work for most frames: those that are alone in the air.
///
/// Their ratio of signal to noise is constant, so where it is high enough headers and payloads cannot fail, and no error rate is computed. When
/// another signal arrives meanwhile, \p Entity goes on. The outcome of a payload is found at its end, for all MPDUs at once,
/// but for A-MPDUs for this station, of which the MAC wants each MPDU as it ends.
///
/// Every field and MPDU takes its random number in the same order as in \p Entity, so outcomes are the same, as long as no
/// reception is cut off within its payload; that takes a change of channel, sleep or a frame capture model. It
/// knows neither multi-user frames nor spatial reuse nor MACs in promiscuous mode.
template <class Entity>
class TunedPhyEntity : public Entity, public LoneReceiver
{
  public:
    explicit TunedPhyEntity(TunedWifiPhy& phy);

    bool ReceiveAlone(const std::shared_ptr<const Transmission>& transmission,
                      RxPowerWattPerChannelBand& powers) override;
    void NoticeAnother() override;

  protected:
    Time DoStartReceivePayload(Ptr<Event> event) override;

  private:
    /// \return when each MPDU ends, after the beginning of the payload
    static std::vector<Time> GetMpduEnds(const WifiPpdu& ppdu, WifiPhyBand band, const Time& payload);

    bool IsForThisStation(const WifiPsdu& psdu) const;
    bool IsUsual(const Ptr<const WifiPpdu>& ppdu) const;

    void EndDetection(const Ptr<Event>& event);
    void ContinueHeader(const Time& elapsed); ///< receives the next field, of which some has elapsed
    void EndField(const Transmission::Field& field);
    void EndMpdu(const Ptr<Event>& event, std::size_t index, const Time& start, const Time& duration);
    void EndPayload(const Ptr<Event>& event, const Time& payload);
    void EndLonePayload(const Time& payload);
    std::vector<bool> DrawOutcomes(const Time& payload) const;
    void Draw(std::size_t numbers) const;

    TunedWifiPhy& m_phy;
    std::shared_ptr<const Transmission> m_alone; ///< what is received, while nothing else is in the air
    Ptr<Event> m_event;                          ///< its
    double m_snr{0};                             ///< its, linear
    bool m_isCertain{false};                     ///< its payload cannot have an error
    std::size_t m_fields{0};                     ///< of its headers that were received or are being received
};

extern template class TunedPhyEntity<OfdmPhy>;
extern template class TunedPhyEntity<HePhy>;

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TUNED_PHY_ENTITY_H
