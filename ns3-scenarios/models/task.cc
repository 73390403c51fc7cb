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
    case TaskOutcome::UPLINK_EXPIRED:
        return "uplink_expired";
    case TaskOutcome::QUEUE_EXPIRED:
        return "queue_expired";
    case TaskOutcome::COMPUTE_LATE:
        return "compute_late";
    case TaskOutcome::RESULT_LATE:
        return "result_late";
    case TaskOutcome::UPLINK_LOST:
        return "uplink_lost";
    case TaskOutcome::SERVER_FAILED:
        return "server_failed";
    case TaskOutcome::DEVICE_DEAD:
        return "device_dead";
    }
    return "unknown";
}

std::vector<std::string>
GetOutcomeNames()
{
    std::vector<std::string> names;
    for (uint32_t outcome = 0; outcome < TASK_OUTCOMES; outcome++)
    {
        names.push_back(GetName(static_cast<TaskOutcome>(outcome)));
    }
    return names;
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
    if (serverFailed)
    {
        return TaskOutcome::SERVER_FAILED;
    }
    if (uplinkEnd.IsZero())
    {
        return fragments.GetLost() > 0 ? TaskOutcome::UPLINK_LOST : TaskOutcome::UPLINK_EXPIRED;
    }
    if (computeStart.IsZero())
    {
        return TaskOutcome::QUEUE_EXPIRED;
    }
    return computeEnd.IsZero() ? TaskOutcome::COMPUTE_LATE : TaskOutcome::RESULT_LATE;
}

} // namespace ns3::marl
