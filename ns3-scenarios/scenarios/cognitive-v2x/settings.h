// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_COGNITIVE_V2X_SETTINGS_H
#define NS3MARL_COGNITIVE_V2X_SETTINGS_H

#include "bridge/arguments.h"
#include "bridge/preset.h"
#include "models/manhattan-route.h"
#include "models/ofdm-air-time.h"

#include "ns3/nstime.h"

#include <cstdint>
#include <string>

namespace ns3::marl::cognitive_v2x
{

/// Reward of a tick: what age, disturbance and power cost.
struct RewardWeights
{
    double age{1};
    double disturbance{1};
    double power{0.1};
    double ageReferenceTicks{10};
};

/// The arguments of `cognitive-v2x`, with their defaults.
class Settings
{
  public:
    static constexpr uint32_t MOST_CHANNELS = 7; ///< of 10 MHz: 172, 174, ... 184
    static constexpr double CHANNEL_HZ = 10e6;
    static constexpr double CARRIER_HZ = 5.9e9; ///< of the path loss
    static constexpr double POWER_LOW_DBM = 0;
    static const Time TUNING; ///< until all radios hear their channel

    void AddArguments(Arguments& arguments);

    /// Applies the preset. \throws Error (CONFIG) for values that make no sense
    void Resolve();

    double GetNoiseDbm() const;          ///< of a receiver, in a channel
    Time GetFrameTime() const;           ///< of an update on the air
    Time GetAcknowledgementTime() const; ///< of what answers it, the gap included

    /// How long an update may wait for the channel, so that all is silent when the sensing begins.
    Time GetLifetime() const;

    static double GetChannelHz(uint32_t channel);      ///< centre of a channel
    static uint8_t GetChannelNumber(uint32_t channel); ///< in the 5.9 GHz band

    uint32_t pairs{0};
    uint32_t channels{4};
    Time tick{MilliSeconds(10)};
    uint64_t ticks{500};

    DrivenStreets streets;
    double speedMinMps{4.2};
    double speedMaxMps{16.7};
    double gapMinM{25};
    double gapMaxM{100};

    Time primaryOn;
    Time primaryOff;
    double primaryPowerDbm{23};
    double primaryDistanceMinM{50};
    double primaryDistanceMaxM{120};
    double protectionDb{-6};

    Time sensing{MilliSeconds(1)};
    double falseAlarm{0.1};
    bool masksSensed{false};

    uint32_t rateMbps{6};
    uint32_t updateBytes{1600};
    Time jitter{MilliSeconds(1)};
    double powerMaxDbm{23};
    double noiseFigureDb{7};
    bool shadowing{true};

    RewardWeights reward;

  private:
    void ApplyPreset();
    void Check() const;

    std::string m_preset{"default"};
    std::string m_mask{"none"};
    Preset<uint32_t> m_pairs{8};
    Preset<Time> m_primaryOn{MilliSeconds(350)};
    Preset<Time> m_primaryOff{MilliSeconds(150)};
};

} // namespace ns3::marl::cognitive_v2x

#endif // NS3MARL_COGNITIVE_V2X_SETTINGS_H
