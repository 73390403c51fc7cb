// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_ACCOUNTS_H
#define NS3MARL_SCENARIOS_AIOT_MEC_ACCOUNTS_H

#include "bridge/spec.h"
#include "models/task-statistics.h"

#include <cstdint>
#include <vector>

#include "scenarios/aiot-mec/breakdown.h"
#include "scenarios/aiot-mec/world.h"

namespace ns3::marl::aiot_mec
{

/// Rewards of the intervals and metrics of the episode, taken from the world at the boundaries.
class Accounts
{
  public:
    explicit Accounts(const Settings& settings);

    /// What GetMetrics fills, in its order.
    static std::vector<Metric> DescribeMetrics();

    /// For every task that completes or fails.
    void NoteEnd(const Task& task);

    /// Ends the interval before a boundary: rewards, and samples of the ages.
    void CloseInterval(const World& world);

    /// \return reward of the last interval, for the team or for each device [device]
    const std::vector<double>& GetRewards() const;

    /// \return transmit and compute energy beyond idling in the last interval [J] [device]
    const std::vector<double>& GetAboveIdleJ() const;

    std::vector<double> GetMetrics(const World& world) const;

  private:
    struct DeviceInterval
    {
        double energyMarkJ{0}; ///< Device::GetAboveIdleJ at the interval's start
        int32_t completed{0};
        int32_t failed{0};
    };

    void CheckConservation(const World& world) const; ///< aborts unless these figures agree with the ledger
    double GetTeamReward(double energyJ, double meanAgeTicks);

    const Settings& m_settings;
    TaskStatistics m_statistics;
    Breakdown m_breakdown;
    std::vector<DeviceInterval> m_intervals; ///< [device]
    std::vector<double> m_rewards;           ///< [device]
    std::vector<double> m_aboveIdleJ;        ///< [device]

    double m_completionTerm{1}; ///< of the last tick with a task that ended
    double m_energyTerm{1};
    double m_unchargedJ{0};        ///< spent since then
    double m_completionTermSum{0}; ///< over ticks, as the next two
    double m_energyTermSum{0};
    double m_ageTermSum{0};
    double m_rewardSum{0};   ///< over ticks, of the mean over devices
    double m_ageSumTicks{0}; ///< over ticks, of the mean over devices
    uint64_t m_ticks{0};
};

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_ACCOUNTS_H
