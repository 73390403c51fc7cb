// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_ACCOUNTS_H
#define NS3MARL_SCENARIOS_AIOT_MEC_ACCOUNTS_H

#include "bridge/spec.h"
#include "models/task-statistics.h"

#include "ns3/nstime.h"

#include <cstdint>
#include <vector>

#include "scenarios/aiot-mec/breakdown.h"
#include "scenarios/aiot-mec/world.h"

namespace ns3::marl::aiot_mec
{

/// What a device did in an interval.
struct DeviceInterval
{
    double aboveIdleJ{0}; ///< transmit and compute energy beyond idling
    Time busy;            ///< its tuned radio was
    double reward{0};     ///< of the device, or of the team
};

/// Rewards of the intervals and metrics of the episode, taken from the world at the boundaries.
class Accounts
{
  public:
    Accounts(const Settings& settings, const World& world);

    /// Declares the metrics.
    void Describe(Spec& spec);

    /// For every task that completes or fails.
    void NoteEnd(const Task& task);

    /// Ends the interval before a boundary: rewards, and samples of the ages.
    void CloseInterval();

    /// \return what the device did in the last interval
    const DeviceInterval& GetInterval(uint32_t device) const;

  private:
    /// Since the last boundary, and what stood there.
    struct DeviceCount
    {
        double energyMarkJ{0}; ///< Device::GetAboveIdleJ
        double unchargedJ{0};  ///< spent since the last interval in which some device's task ended
        double ageTicks{0};    ///< at the boundary
        Time busyMark;         ///< EnergyMeter::GetBusyTime
        int32_t completed{0};
        int32_t ended{0};
        double shareLeft{0}; ///< of their deadlines, sum over completed tasks
    };

    /// What the reward adds up, see docs/aiot-mec.md.
    struct Terms
    {
        double completion{0};
        double energy{0};
        double age{0};
        double latency{0};
        double utilisation{0};
    };

    void DescribeMain(Spec& spec);
    void DescribeReward(Spec& spec);
    void DescribeTasks(Spec& spec);
    void DescribeEnergy(Spec& spec);

    void CloseInterval(const Device& device);
    void CheckConservation() const; ///< aborts unless these figures agree with the ledger
    DeviceCount GetTotal() const;   ///< of all devices, but for what is of one device
    double CloseServers();          ///< \return utilisation in the interval, mean over servers

    /// \param total of the interval
    void CloseTerms(const DeviceCount& total);

    /// \return a device's shares of the terms, whose mean over devices they are
    Terms GetShares(const DeviceCount& own, const DeviceCount& total) const;

    double Weigh(const Terms& terms) const; ///< \return the reward

    template <typename Quantity>
    double Sum(const Quantity& quantity) const; ///< over the devices

    double GetTransmitJ() const; ///< of all devices, as the next three
    double GetReceiveJ() const;
    double GetIdleJ() const;
    double GetComputeJ() const;
    double GetMeanPeakTicks() const;
    Time GetServerBusyTime() const; ///< of all servers
    double GetServerUtilisation() const;
    double GetMeanOverTicks(double sum) const;
    uint64_t GetFailed(TaskOutcome outcome) const;

    const Settings& m_settings;
    const World& m_world;
    TaskStatistics m_statistics;
    Breakdown m_breakdown;
    std::vector<DeviceCount> m_counts;       ///< [device]
    std::vector<DeviceInterval> m_intervals; ///< [device]

    Terms m_terms{.completion = 1,
                  .energy = 1,
                  .latency = 1}; ///< some are those of the last tick with a task that ended
    Terms m_termSums;            ///< over ticks
    double m_unchargedJ{0};      ///< of all devices, since that tick
    Time m_serverBusyMark;       ///< GetServerBusyTime at the last boundary
    double m_rewardSum{0};       ///< over ticks, of the mean over devices
    double m_ageSumTicks{0};     ///< over ticks, of the mean over devices
    uint64_t m_ticks{0};
};

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_ACCOUNTS_H
