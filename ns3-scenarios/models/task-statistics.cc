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

double
TaskStatistics::Count::GetMeanLatencyS() const
{
    return completed == 0 ? NOTHING : latencySumS / static_cast<double>(completed);
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
    const double latencyS = (task.end - task.arrival).GetSeconds();
    for (auto* count : {&m_all, &m_classes[task.parameters.premium ? 1 : 0], &m_devices.at(task.device)})
    {
        count->ended++;
        count->completed += completed ? 1 : 0;
        count->latencySumS += completed ? latencyS : 0;
    }
    if (completed)
    {
        m_latenciesS.push_back(latencyS);
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
    return m_all.GetMeanLatencyS();
}

double
TaskStatistics::GetMeanLatencyS(bool premium) const
{
    return m_classes[premium ? 1 : 0].GetMeanLatencyS();
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
