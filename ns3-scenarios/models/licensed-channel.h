// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_LICENSED_CHANNEL_H
#define NS3MARL_MODELS_LICENSED_CHANNEL_H

#include "models/primary-user.h"

#include "ns3/mobility-model.h"
#include "ns3/multi-model-spectrum-channel.h"
#include "ns3/node.h"
#include "ns3/nstime.h"
#include "ns3/spectrum-phy.h"
#include "ns3/spectrum-value.h"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace ns3::marl
{

/// What a primary receiver hears of one frame on its channel.
struct HeardFrame
{
    Time begin;
    Time end;
    double powerW;   ///< in the licensed channel
    uint32_t sender; ///< number of the node
};

/// One side of a primary link on the spectrum that it shares with others: a flat power spectral density over its channel.
class LicensedPhy : public SpectrumPhy
{
  public:
    static TypeId GetTypeId();

    /// Puts the node on the channel. \param centreHz, widthHz of the licensed channel
    void Join(Ptr<MultiModelSpectrumChannel> channel, Ptr<Node> node, double centreHz, double widthHz);

    /// Transmits from now on. \param powerW in the licensed channel
    void Transmit(double powerW, const Time& duration);

    /// Keeps what it hears, of nodes other than \p ignored, from now on.
    void Listen(std::vector<uint32_t> ignored);

    /// \return the frames that it began to hear since the last call
    std::vector<HeardFrame> TakeHeard();

    // of SpectrumPhy
    void SetDevice(Ptr<NetDevice> device) override;
    Ptr<NetDevice> GetDevice() const override;
    void SetMobility(Ptr<MobilityModel> mobility) override;
    Ptr<MobilityModel> GetMobility() const override;
    void SetChannel(Ptr<SpectrumChannel> channel) override;
    Ptr<const SpectrumModel> GetRxSpectrumModel() const override;
    Ptr<Object> GetAntenna() const override;
    void StartRx(Ptr<SpectrumSignalParameters> signal) override;

  private:
    void DoDispose() override;

    Ptr<NetDevice> m_device;
    Ptr<MobilityModel> m_mobility;
    Ptr<SpectrumChannel> m_channel;
    Ptr<const SpectrumModel> m_band; ///< one, as wide as the licensed channel
    double m_widthHz{0};
    bool m_listens{false};
    std::vector<uint32_t> m_ignored;
    std::vector<HeardFrame> m_heard;
};

/// The link of a primary user: a transmitter that follows the user's on/off process and a receiver that must be protected.
class PrimaryLink
{
  public:
    /// \param powerDbm of the transmitter
    PrimaryLink(PrimaryUser user,
                const Ptr<LicensedPhy>& transmitter,
                const Ptr<LicensedPhy>& receiver,
                double powerDbm);

    /// Radiates whenever the user is on, from now until \p end. Between calls nothing is radiated, so that a simulator
    /// need not carry what nobody receives.
    void Radiate(const Time& end);

    PrimaryUser& GetUser();
    const PrimaryUser& GetUser() const;
    LicensedPhy& GetReceiver();

  private:
    PrimaryUser m_user;
    Ptr<LicensedPhy> m_transmitter;
    Ptr<LicensedPhy> m_receiver;
    double m_powerW;
};

/// When interference at a primary receiver was too strong, and whose it was.
struct Disturbance
{
    Time duration;
    std::vector<std::pair<uint32_t, Time>> charged; ///< part of the duration by sender, in order of the senders
};

/// The receiver is disturbed while its user transmits and the frames on the air together exceed a threshold. Each moment
/// of it is charged to the senders on the air, in proportion to their power.
///
/// \param frames what the receiver heard \param thresholdW in the licensed channel
/// \param onTime for how much of an interval the primary user transmits
Disturbance GetDisturbance(const std::vector<HeardFrame>& frames,
                           double thresholdW,
                           const std::function<Time(const Time& from, const Time& to)>& onTime);

} // namespace ns3::marl

#endif // NS3MARL_MODELS_LICENSED_CHANNEL_H
