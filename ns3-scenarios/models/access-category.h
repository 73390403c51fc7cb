// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_ACCESS_CATEGORY_H
#define NS3MARL_MODELS_ACCESS_CATEGORY_H

#include "models/priority.h"
#include "models/task-source.h"
#include "models/task.h"

namespace ns3::marl
{

/// Which tasks go to the video access category of EDCA (IEEE 802.11-2020, 10.2.3.2), with their results; the rest is best
/// effort.
enum class Edca
{
    NONE,
    DEADLINE, ///< tasks with a deadline in the lower half of its range
    RESOURCE, ///< tasks with more than half of the largest work, c / C_max > 0.5
    SLA,      ///< premium tasks
    COMBINED, ///< tasks in the upper half of the priorities P that a new task can have
};

/// \return the task goes to the video category
bool IsVideo(Edca mode, const TaskParameters& task, const TaskRanges& ranges, const PriorityWeights& weights);

} // namespace ns3::marl

#endif // NS3MARL_MODELS_ACCESS_CATEGORY_H
