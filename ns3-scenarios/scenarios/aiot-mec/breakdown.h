// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_BREAKDOWN_H
#define NS3MARL_SCENARIOS_AIOT_MEC_BREAKDOWN_H

#include "bridge/spec.h"
#include "models/fragment-watch.h"
#include "models/task-statistics.h"

#include <array>
#include <cstdint>

#include "scenarios/aiot-mec/world.h"

namespace ns3::marl::aiot_mec
{

/// Metrics that tell the main ones apart: by cause, service level, access category and fate of the fragments; with
/// outage, batteries and failures.
class Breakdown
{
  public:
    Breakdown(const Settings& settings, const World& world, const TaskStatistics& statistics);

    /// Declares the metrics.
    void Describe(Spec& spec);

    /// Samples ages and outage at a boundary.
    void Sample();

  private:
    bool IsInOutage(uint32_t device) const;
    double GetMean(double sum) const; ///< over devices and ticks
    uint64_t GetEnded(TaskOutcome outcome) const;
    FragmentWatch::Counts GetCounts(AcIndex category) const; ///< of all devices
    uint64_t GetDropped() const;
    uint32_t GetAlive() const;
    double GetFirstDeathS() const;

    const Settings& m_settings;
    const World& m_world;
    const TaskStatistics& m_statistics;
    uint64_t m_samples{0}; ///< devices and ticks
    uint64_t m_outages{0};
    double m_receiptAgeTicks{0};             ///< sums over the samples
    std::array<double, 2> m_classAgeTicks{}; ///< standard, premium
};

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_BREAKDOWN_H
