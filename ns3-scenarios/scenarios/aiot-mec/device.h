// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_DEVICE_H
#define NS3MARL_SCENARIOS_AIOT_MEC_DEVICE_H

#include "models/age-tracker.h"
#include "models/compute-node.h"
#include "models/energy-meter.h"
#include "models/offload-client.h"
#include "models/status-board.h"
#include "models/task-source.h"
#include "models/task.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace ns3::marl::aiot_mec
{

/// A device: its models and what it remembers.
struct Device
{
    uint32_t index{0}; ///< its number
    std::unique_ptr<TaskSource> source;
    Ptr<ComputeNode> cpu;
    std::unique_ptr<OffloadClient> client;
    Ptr<EnergyMeter> energy;
    std::unique_ptr<StatusBoard> board;
    AgeTracker age;
    std::array<AgeTracker, 2> classAges; ///< of standard and of premium tasks alone
    std::vector<uint32_t> slotServers;   ///< which server stands in which slot

    std::optional<TaskParameters> arrival; ///< the task of this tick
    std::optional<uint32_t> arrivalId;     ///< its id, unless it arrived at the last observation
    Time jitter;                           ///< of this tick
    double lastPowerDbm{0};
    TaskOutcome lastOutcome{TaskOutcome::UNRESOLVED};
    Time lastLatency;          ///< of the last completed task
    std::optional<Time> death; ///< when the battery was found empty

    double GetAboveIdleJ() const;            ///< transmit and compute energy beyond idling, since the beginning
    double GetTotalJ(const Time& now) const; ///< of modem and CPU, since the beginning

    /// A task of the device ended: what is left of it stops, and the device remembers it.
    void NoteEnd(const Task& task);

    /// The battery is empty and no task under way: the radios fall silent.
    void Die(const Time& now);
};

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_DEVICE_H
