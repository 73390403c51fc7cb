// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/edge-cloud/journey.h"

#include "ns3/abort.h"

namespace ns3::marl::edge_cloud
{

const std::vector<std::string>&
GetTaskEndNames()
{
    static const std::vector<std::string> NAMES{"completed",
                                                "local_late",
                                                "uplink_expired",
                                                "uplink_lost",
                                                "edge_queue_expired",
                                                "edge_compute_late",
                                                "backhaul_dropped",
                                                "backhaul_late",
                                                "cloud_queue_expired",
                                                "cloud_compute_late",
                                                "result_late",
                                                "device_off"};
    return NAMES;
}

const std::vector<std::string>&
GetPlaceNames()
{
    static const std::vector<std::string> NAMES{"local", "edge", "cloud", "none"};
    return NAMES;
}

TaskEnd
GetTaskEnd(const Task& task, const Journey& journey)
{
    const bool isAtCloud = journey.place == Place::CLOUD;
    switch (task.outcome)
    {
    case TaskOutcome::COMPLETED:
        return TaskEnd::COMPLETED;
    case TaskOutcome::LOCAL_LATE:
        return TaskEnd::LOCAL_LATE;
    case TaskOutcome::UPLINK_EXPIRED:
        return TaskEnd::UPLINK_EXPIRED;
    case TaskOutcome::UPLINK_LOST:
        return TaskEnd::UPLINK_LOST;
    case TaskOutcome::QUEUE_EXPIRED:
        return !isAtCloud                     ? TaskEnd::EDGE_QUEUE_EXPIRED
               : !journey.atCloud.IsZero()    ? TaskEnd::CLOUD_QUEUE_EXPIRED
               : journey.droppedFragments > 0 ? TaskEnd::BACKHAUL_DROPPED
                                              : TaskEnd::BACKHAUL_LATE;
    case TaskOutcome::COMPUTE_LATE:
        return isAtCloud ? TaskEnd::CLOUD_COMPUTE_LATE : TaskEnd::EDGE_COMPUTE_LATE;
    case TaskOutcome::RESULT_LATE:
        return TaskEnd::RESULT_LATE;
    case TaskOutcome::DEVICE_DEAD:
        return TaskEnd::DEVICE_OFF;
    case TaskOutcome::SERVER_FAILED:
    case TaskOutcome::UNRESOLVED:
        break;
    }
    NS_ABORT_MSG("Task " << task.id << " ended as " << GetName(task.outcome) << ", which this scenario does not have");
    return TaskEnd::DEVICE_OFF;
}

} // namespace ns3::marl::edge_cloud
