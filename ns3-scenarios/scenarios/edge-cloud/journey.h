// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_EDGE_CLOUD_JOURNEY_H
#define NS3MARL_SCENARIOS_EDGE_CLOUD_JOURNEY_H

#include "models/task.h"

#include "ns3/nstime.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ns3::marl::edge_cloud
{

/// What a task's device and its gateway decided, together.
enum class Place
{
    LOCAL = 0,
    EDGE = 1,
    CLOUD = 2,
    NONE = 3, ///< offloaded, but never complete at a gateway
};

/// How a task ended: in exactly one of these ways.
enum class TaskEnd
{
    COMPLETED = 0,
    LOCAL_LATE = 1,          ///< the device's CPU was not done by the deadline
    UPLINK_EXPIRED = 2,      ///< no missing fragment was ever on the air
    UPLINK_LOST = 3,         ///< a missing fragment was on the air, and did not get to the gateway by the deadline
    EDGE_QUEUE_EXPIRED = 4,  ///< the gateway's computer did not begin by the deadline
    EDGE_COMPUTE_LATE = 5,   ///< it was still computing at the deadline
    BACKHAUL_DROPPED = 6,    ///< the gateway's queue to the cloud was full
    BACKHAUL_LATE = 7,       ///< not complete at the cloud by the deadline
    CLOUD_QUEUE_EXPIRED = 8, ///< the cloud did not begin by the deadline
    CLOUD_COMPUTE_LATE = 9,  ///< it was still computing at the deadline
    RESULT_LATE = 10,        ///< computed, but the device had no result by the deadline
    DEVICE_OFF = 11,         ///< the device switched off before the task ended
};

constexpr uint32_t TASK_ENDS = 12;

/// \return "completed", "local_late", ...: the names of the values, in their order
const std::vector<std::string>& GetTaskEndNames();

/// \return "local", "edge", "cloud", "none"
const std::vector<std::string>& GetPlaceNames();

/// What happened to an offloaded task behind the radio. Stages that were not reached stay at Time(0).
struct Journey
{
    Place place{Place::NONE};
    Time forwarded;               ///< handed to the backhaul
    Time atCloud;                 ///< complete there
    uint32_t droppedFragments{0}; ///< that found the backhaul's queue full
};

/// \param task that ended \param journey of it, however far it came
TaskEnd GetTaskEnd(const Task& task, const Journey& journey);

} // namespace ns3::marl::edge_cloud

#endif // NS3MARL_SCENARIOS_EDGE_CLOUD_JOURNEY_H
