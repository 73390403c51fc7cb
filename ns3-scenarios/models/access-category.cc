// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/access-category.h"

namespace ns3::marl
{

bool
IsVideo(Edca mode, const TaskParameters& task, const TaskRanges& ranges, const PriorityWeights& weights)
{
    switch (mode)
    {
    case Edca::NONE:
        return false;
    case Edca::DEADLINE:
        return task.deadline + task.deadline < ranges.deadlineMin + ranges.deadlineMax;
    case Edca::RESOURCE:
        return task.GetCycles() > 0.5 * weights.maximumCycles;
    case Edca::SLA:
        return task.premium;
    case Edca::COMBINED:
        // a new task has used nothing of its deadline, so its priority reaches up to beta + gamma
        return weights.Get(task.deadline, task.deadline, task.GetCycles(), task.premium) >
               0.5 * (weights.beta + weights.gamma);
    }
    return false;
}

} // namespace ns3::marl
