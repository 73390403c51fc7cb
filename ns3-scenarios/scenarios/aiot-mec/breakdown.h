// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_BREAKDOWN_H
#define NS3MARL_SCENARIOS_AIOT_MEC_BREAKDOWN_H

#include "bridge/spec.h"
#include "models/task-statistics.h"

#include <array>
#include <cstdint>
#include <vector>

#include "scenarios/aiot-mec/world.h"

namespace ns3::marl::aiot_mec
{

/// Metrics that tell the main ones apart: by cause, service level, access category and fate of the fragments; with
/// outage, batteries and failures.
class Breakdown
{
  public:
    explicit Breakdown(const Settings& settings);

    /// What GetMetrics fills, in its order.
    static std::vector<Metric> DescribeMetrics();

    /// Samples ages and outage at a boundary.
    void Sample(const World& world);

    std::vector<double> GetMetrics(const World& world, const TaskStatistics& statistics) const;

  private:
    bool IsInOutage(const World& world, uint32_t device) const;

    const Settings& m_settings;
    uint64_t m_samples{0}; ///< devices and ticks
    uint64_t m_outages{0};
    double m_receiptAgeTicks{0};             ///< sums over the samples
    std::array<double, 2> m_classAgeTicks{}; ///< standard, premium
};

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_BREAKDOWN_H
