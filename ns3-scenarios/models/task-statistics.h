// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TASK_STATISTICS_H
#define NS3MARL_MODELS_TASK_STATISTICS_H

#include "models/task.h"

#include <array>
#include <cstdint>
#include <vector>

namespace ns3::marl
{

/// Jain's fairness index (sum x)^2 / (n sum x^2), in [1/n, 1]; NaN without values, 1 when all are 0.
double GetJainIndex(const std::vector<double>& values);

/// Figures over the tasks that ended, since the beginning. Ratios without a task to measure are NaN.
class TaskStatistics
{
  public:
    explicit TaskStatistics(uint32_t devices);

    void Add(const Task& task);

    uint64_t GetCompleted() const;
    uint64_t GetFailed() const;
    double GetCompletionRatio() const;
    double GetCompletionRatio(bool premium) const;     ///< of a service level
    double GetMeanLatencyS() const;                    ///< of completed tasks
    double GetMeanLatencyS(bool premium) const;        ///< of completed tasks of a service level
    double GetLatencyQuantileS(double quantile) const; ///< of completed tasks, nearest rank
    double GetDeviceFairness() const;                  ///< Jain's index of the devices' completion ratios
    double GetDeviceMinMaxRatio() const;               ///< lowest over highest completion ratio of a device
    double GetClassFairness() const;                   ///< Jain's index of the service levels' completion ratios

  private:
    struct Count
    {
        uint64_t completed{0};
        uint64_t ended{0};
        double latencySumS{0}; ///< over completed tasks

        double GetRatio() const;
        double GetMeanLatencyS() const;
    };

    std::vector<double> GetDeviceRatios() const; ///< of the devices that had a task

    Count m_all;
    std::array<Count, 2> m_classes; ///< standard, premium
    std::vector<Count> m_devices;
    mutable std::vector<double> m_latenciesS; ///< reordered by GetLatencyQuantileS
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TASK_STATISTICS_H
