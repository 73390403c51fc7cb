// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_EDGE_CLOUD_SETTINGS_H
#define NS3MARL_SCENARIOS_EDGE_CLOUD_SETTINGS_H

#include "bridge/arguments.h"
#include "models/placement.h"
#include "models/radio-network.h"
#include "models/task-source.h"

#include <cstdint>
#include <string>

#include "scenarios/edge-cloud/backhaul.h"

namespace ns3::marl::edge_cloud
{

/// What a completed task is worth, and what energy costs. A completed task counts
///
///   1 - latency weight * latency / deadline
///
/// a failed one 0, and the energy beyond idling costs energy weight * E / energyReferenceJ.
struct RewardWeights
{
    double latency{0.2};
    double energy{0.3};
    double energyReferenceJ{0.1};
};

/// The arguments, with their defaults.
struct Settings
{
    static constexpr uint32_t MOST_GATEWAYS = 64;

    void AddArguments(Arguments& arguments);

    /// Checks the arguments together and fills the structures below. \throws Error (CONFIG) that names argument, value and remedy
    void Resolve();

    /// \return tasks of all devices that arrive in a tick on average while all are on
    double GetTasksPerTick() const;

    double GetMaximumCycles() const; ///< of a task

    uint32_t devices{8};
    uint32_t gateways{2};
    uint64_t ticks{500};
    Time tick{MilliSeconds(100)};
    double churn{0};

    TaskRanges tasks{.arrivalProbability = 0.7,
                     .densityMin = 500,
                     .densityMax = 2500,
                     .deadlineMin = MilliSeconds(100),
                     .deadlineMax = MilliSeconds(400),
                     .premiumShare = 0};
    Placement placement;
    RadioSettings radio{.channels = 2, .propagation = {}};
    BackhaulSettings backhaul;
    RewardWeights reward;
    bool isTeamReward{true};

    double deviceRateMinHz{0};
    double deviceRateMaxHz{0};
    double deviceKappa{2e-28}; ///< [J / (Hz^2 cycle)]
    double edgeRateMinHz{0};
    double edgeRateMaxHz{0};
    double edgeKappa{5e-29}; ///< [J / (Hz^2 cycle)]
    double cloudRateHz{0};

  private:
    void Check() const;
    void CheckHighest() const;

    std::string m_rewardKind{"team"};
    double m_sizeMinKb{5};
    double m_sizeMaxKb{30};
    double m_deviceCpuMinGhz{0.8};
    double m_deviceCpuMaxGhz{1.2};
    double m_edgeCpuMinGhz{1};
    double m_edgeCpuMaxGhz{3};
    double m_cloudCpuGhz{8};
    double m_backhaulMbps{3};
};

} // namespace ns3::marl::edge_cloud

#endif // NS3MARL_SCENARIOS_EDGE_CLOUD_SETTINGS_H
