// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_SETTINGS_H
#define NS3MARL_SCENARIOS_AIOT_MEC_SETTINGS_H

#include "bridge/arguments.h"
#include "bridge/preset.h"
#include "models/access-category.h"
#include "models/edge-server.h"
#include "models/energy-meter.h"
#include "models/placement.h"
#include "models/priority.h"
#include "models/radio-network.h"
#include "models/task-source.h"

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/aiot-mec/faults.h"
#include "scenarios/aiot-mec/radio-arguments.h"

namespace ns3::marl::aiot_mec
{

/// Reward of a tick: weights of its terms, and what they are measured by.
struct RewardWeights
{
    double completion{0.4};
    double energy{0.3};
    double age{0.3};
    double latency{0};
    double utilisation{0};
    double energyReferenceJ{0.02}; ///< E0
    double ageReferenceTicks{10};
};

/// All that the command line says, and what follows from it.
class Settings
{
  public:
    static constexpr uint32_t SERVER_SLOTS = 18;
    static constexpr uint32_t CHANNEL_SLOTS = RadioNetwork::MAXIMUM_CHANNELS;
    static constexpr double RATIO_LOW = 0.05;
    static constexpr double RATIO_HIGH = 0.95;
    static constexpr double RATIO_DEFAULT = 0.5;
    static constexpr uint8_t VIDEO_TID = 5;

    void AddArguments(Arguments& arguments);

    /// Applies the preset and fills the structures below. \throws Error (CONFIG) that names argument, value and remedy
    void Resolve();

    uint32_t devices{50};
    uint32_t servers{9};
    uint64_t ticks{1000};
    bool mute{true};

    Time tick;
    TaskRanges tasks;
    Placement placement;
    RadioSettings radio;
    RadioArguments radioArguments;
    PriorityWeights priority;
    Discipline discipline{Discipline::DEADLINE};
    Edca edca{Edca::NONE};
    ModemPower modem;
    RewardWeights reward;
    bool isGenie{false};
    bool isTeamReward{true};
    bool allowsPartial{true};
    bool allowsFull{true};

    double deviceRateMinHz{0};
    double deviceRateMaxHz{0};
    double serverRateMinHz{0};
    double serverRateMaxHz{0};
    std::vector<double> serverRatesHz; ///< [server]; empty: spread evenly between the two
    std::vector<ServerFailure> serverFailures;
    double batteryJ{0};        ///< of each device; 0: unlimited
    double outageSnrDb{7};     ///< below it a link is in outage
    double outagePowerDbm{30}; ///< at this power
    double kappa{0};           ///< of device CPUs [J / (Hz^2 cycle)]

    std::string exogenousOut; ///< where the exogenous world is written; empty: nowhere
    std::string exogenousIn;  ///< where it comes from; empty: drawn

  private:
    void ApplyPreset();
    void Check() const;
    void CheckHighest() const;
    void ReadWords();

    std::string m_preset{"default"};
    std::string m_csi{"measured"};
    std::string m_rewardKind{"team"};
    std::string m_discipline{"deadline"};
    std::string m_edca{"none"};
    std::string m_offloading{"any"};
    std::string m_serverRates;
    std::string m_serverFailures;
    Preset<Time> m_tick{MilliSeconds(100)};
    Preset<double> m_densityMin{500};
    Preset<double> m_densityMax{1500};
    Preset<Time> m_deadlineMin{MilliSeconds(20)};
    Preset<Time> m_deadlineMax{MilliSeconds(100)};
    Preset<uint32_t> m_channels{4};
    Preset<double> m_area{120};
    Preset<double> m_arrivalProbability{0.3};
    Preset<double> m_sizeMinKb{8};
    Preset<double> m_sizeMaxKb{30};
    Preset<double> m_deviceCpuMinGhz{0.8};
    Preset<double> m_deviceCpuMaxGhz{1.2};
    Preset<double> m_kappa{1e-27};
    Preset<double> m_serverCpuMinGhz{10};
    Preset<double> m_serverCpuMaxGhz{30};
};

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_SETTINGS_H
