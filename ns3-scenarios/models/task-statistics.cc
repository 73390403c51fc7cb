// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/task-statistics.h"

#include "ns3/abort.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ns3::marl
{

namespace
{

constexpr double NOTHING = std::numeric_limits<double>::quiet_NaN();

} // namespace

double
GetJainIndex(const std::vector<double>& values)
{
    if (values.empty())
    {
        return NOTHING;
    }
    double sum = 0;
    double squares = 0;
    for (const double value : values)
    {
        sum += value;
        squares += value * value;
    }
    return squares == 0 ? 1 : sum * sum / (static_cast<double>(values.size()) * squares);
}

double
TaskStatistics::Count::GetRatio() const
{
    return ended == 0 ? NOTHING : static_cast<double>(completed) / static_cast<double>(ended);
}

TaskStatistics::TaskStatistics(uint32_t devices)
    : m_devices(devices)
{
}

void
TaskStatistics::Add(const Task& task)
{
    NS_ABORT_MSG_IF(task.outcome == TaskOutcome::UNRESOLVED, "Task " << task.id << " has not ended");
    const bool completed = task.outcome == TaskOutcome::COMPLETED;
    for (auto* count : {&m_all, &m_classes[task.parameters.premium ? 1 : 0], &m_devices.at(task.device)})
    {
        count->ended++;
        count->completed += completed ? 1 : 0;
    }
    if (completed)
    {
        const double latencyS = (task.end - task.arrival).GetSeconds();
        m_latencySumS += latencyS;
        m_latenciesS.push_back(latencyS);
    }
    else
    {
        const auto cause = std::find(FAILED_OUTCOMES.begin(), FAILED_OUTCOMES.end(), task.outcome);
        m_failures[cause - FAILED_OUTCOMES.begin()]++;
    }
}

uint64_t
TaskStatistics::GetCompleted() const
{
    return m_all.completed;
}

uint64_t
TaskStatistics::GetFailed() const
{
    return m_all.ended - m_all.completed;
}

uint64_t
TaskStatistics::GetFailed(TaskOutcome cause) const
{
    const auto found = std::find(FAILED_OUTCOMES.begin(), FAILED_OUTCOMES.end(), cause);
    NS_ABORT_MSG_IF(found == FAILED_OUTCOMES.end(), GetName(cause) << " is not a failure");
    return m_failures[found - FAILED_OUTCOMES.begin()];
}

double
TaskStatistics::GetCompletionRatio() const
{
    return m_all.GetRatio();
}

double
TaskStatistics::GetCompletionRatio(bool premium) const
{
    return m_classes[premium ? 1 : 0].GetRatio();
}

double
TaskStatistics::GetMeanLatencyS() const
{
    return m_latenciesS.empty() ? NOTHING : m_latencySumS / static_cast<double>(m_latenciesS.size());
}

double
TaskStatistics::GetLatencyQuantileS(double quantile) const
{
    NS_ABORT_MSG_IF(quantile <= 0 || quantile > 1, "A quantile lies in (0, 1], not at " << quantile);
    if (m_latenciesS.empty())
    {
        return NOTHING;
    }
    const auto rank = static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(m_latenciesS.size())));
    const auto nth = m_latenciesS.begin() + (rank - 1);
    std::nth_element(m_latenciesS.begin(), nth, m_latenciesS.end());
    return *nth;
}

std::vector<double>
TaskStatistics::GetDeviceRatios() const
{
    std::vector<double> ratios;
    for (const auto& device : m_devices)
    {
        if (device.ended > 0)
        {
            ratios.push_back(device.GetRatio());
        }
    }
    return ratios;
}

double
TaskStatistics::GetDeviceFairness() const
{
    return GetJainIndex(GetDeviceRatios());
}

double
TaskStatistics::GetDeviceMinMaxRatio() const
{
    const auto ratios = GetDeviceRatios();
    if (ratios.empty())
    {
        return NOTHING;
    }
    const auto [lowest, highest] = std::minmax_element(ratios.begin(), ratios.end());
    return *highest == 0 ? 1 : *lowest / *highest;
}

double
TaskStatistics::GetClassFairness() const
{
    std::vector<double> ratios;
    for (const auto& count : m_classes)
    {
        if (count.ended > 0)
        {
            ratios.push_back(count.GetRatio());
        }
    }
    return GetJainIndex(ratios);
}

} // namespace ns3::marl
