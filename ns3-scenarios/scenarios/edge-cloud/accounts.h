// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_EDGE_CLOUD_ACCOUNTS_H
#define NS3MARL_SCENARIOS_EDGE_CLOUD_ACCOUNTS_H

#include "bridge/rewards.h"
#include "bridge/spec.h"
#include "models/task-statistics.h"

#include <array>
#include <cstdint>
#include <vector>

#include "scenarios/edge-cloud/journey.h"
#include "scenarios/edge-cloud/settings.h"
#include "scenarios/edge-cloud/world.h"

namespace ns3::marl::edge_cloud
{

/// Rewards of the intervals and metrics of the episode, taken from the world at the boundaries.
class Accounts
{
  public:
    Accounts(const Settings& settings, const World& world);

    /// Declares the metrics.
    void Describe(Spec& spec);

    /// For every task that completes or fails.
    void NoteEnd(const Task& task, const Journey& journey);

    /// Ends the interval before a boundary. World::CloseInterval went before.
    void CloseInterval();

    /// Adds the rewards of the last interval.
    void Reward(Rewards& rewards, const GroupHandle& devices, const GroupHandle& gateways) const;

    uint64_t GetEnded(TaskEnd end) const;

  private:
    void DescribeTasks(Spec& spec);
    void DescribePlaces(Spec& spec);

    double GetValue(const Task& task) const; ///< what it is worth, in [0, 1]
    double GetPrice(double energyJ) const;   ///< what energy costs, in completed tasks
    double GetShare(Place place) const;      ///< of the tasks that ended
    double GetPerTick(double sum) const;
    double GetElapsedS() const;
    double GetDeviceJ() const; ///< since the beginning, as the next one
    double GetGatewayJ() const;
    void CheckConservation() const; ///< aborts unless these figures agree with the ledger

    const Settings& m_settings;
    const World& m_world;
    TaskStatistics m_statistics;
    std::array<uint64_t, TASK_ENDS> m_ends{};
    std::array<uint64_t, 4> m_places{}; ///< [Place] tasks that ended

    std::vector<double> m_deviceValues;  ///< [device] of tasks that ended in this interval
    std::vector<double> m_gatewayValues; ///< [gateway] likewise, of tasks that were sent to it
    std::vector<double> m_deviceMarksJ;  ///< [device] Device::GetAboveIdleJ at the last boundary

    double m_teamReward{0};               ///< of the last interval
    std::vector<double> m_deviceRewards;  ///< [device] of the last interval, its own
    std::vector<double> m_gatewayRewards; ///< [gateway] likewise

    uint64_t m_ticks{0};
    double m_rewardSum{0};  ///< over ticks
    double m_valueSum{0};   ///< over tasks
    double m_ageSumS{0};    ///< over ticks, of the mean over devices that are on
    uint64_t m_ageTicks{0}; ///< ticks at which a device was on
    double m_onSum{0};      ///< over ticks, of the share of devices that are on
    double m_rateSumHz{0};  ///< over ticks, of the mean over gateways
};

} // namespace ns3::marl::edge_cloud

#endif // NS3MARL_SCENARIOS_EDGE_CLOUD_ACCOUNTS_H
