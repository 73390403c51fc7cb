// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/task.h"

#include <algorithm>
#include <cmath>

namespace ns3::marl
{

std::string
GetName(TaskOutcome outcome)
{
    switch (outcome)
    {
    case TaskOutcome::UNRESOLVED:
        return "unresolved";
    case TaskOutcome::COMPLETED:
        return "completed";
    case TaskOutcome::LOCAL_LATE:
        return "local_late";
    case TaskOutcome::UPLINK_LATE:
        return "uplink_late";
    case TaskOutcome::QUEUE_EXPIRED:
        return "queue_expired";
    case TaskOutcome::COMPUTE_LATE:
        return "compute_late";
    case TaskOutcome::RESULT_LATE:
        return "result_late";
    }
    return "unknown";
}

uint32_t
Task::GetOffloadedBytes() const
{
    if (!HasOffloadedPart())
    {
        return 0;
    }
    return std::max<uint32_t>(1, std::lround(decision.ratio * parameters.sizeBytes));
}

bool
Task::IsDone() const
{
    return (!HasLocalPart() || !localEnd.IsZero()) && (!HasOffloadedPart() || !resultTime.IsZero());
}

TaskOutcome
Task::GetFailure() const
{
    if (!HasOffloadedPart() || !resultTime.IsZero())
    {
        return TaskOutcome::LOCAL_LATE;
    }
    if (uplinkEnd.IsZero())
    {
        return TaskOutcome::UPLINK_LATE;
    }
    if (computeStart.IsZero())
    {
        return TaskOutcome::QUEUE_EXPIRED;
    }
    return computeEnd.IsZero() ? TaskOutcome::COMPUTE_LATE : TaskOutcome::RESULT_LATE;
}

} // namespace ns3::marl
