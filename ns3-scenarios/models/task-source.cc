// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/task-source.h"

#include <cmath>

namespace ns3::marl
{

TaskSource::TaskSource(const TaskRanges& ranges)
    : m_ranges(ranges)
{
    for (auto* variable : {&m_arrival, &m_size, &m_density, &m_deadline, &m_class, &m_jitter})
    {
        *variable = CreateObject<UniformRandomVariable>();
    }
}

int64_t
TaskSource::AssignStreams(int64_t stream)
{
    int64_t assigned = 0;
    for (const auto& variable : {m_arrival, m_size, m_density, m_deadline, m_class, m_jitter})
    {
        variable->SetStream(stream + assigned++);
    }
    return assigned;
}

TaskSource::Draw
TaskSource::Next()
{
    TaskParameters task;
    const bool arrives = m_arrival->GetValue() < m_ranges.arrivalProbability;
    task.sizeBytes = std::lround(m_size->GetValue(m_ranges.sizeMinBytes, m_ranges.sizeMaxBytes));
    task.densityCyclesPerBit = m_density->GetValue(m_ranges.densityMin, m_ranges.densityMax);
    task.deadline = Seconds(m_deadline->GetValue(m_ranges.deadlineMin.GetSeconds(), m_ranges.deadlineMax.GetSeconds()));
    task.premium = m_class->GetValue() < m_ranges.premiumShare;

    Draw draw;
    draw.jitter = Seconds(m_jitter->GetValue(0, m_ranges.jitterMax.GetSeconds()));
    if (arrives)
    {
        draw.task = task;
    }
    return draw;
}

} // namespace ns3::marl
