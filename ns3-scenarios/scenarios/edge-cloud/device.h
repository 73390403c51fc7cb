// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_EDGE_CLOUD_DEVICE_H
#define NS3MARL_SCENARIOS_EDGE_CLOUD_DEVICE_H

#include "models/age-tracker.h"
#include "models/compute-node.h"
#include "models/energy-meter.h"
#include "models/offload-client.h"
#include "models/status-board.h"
#include "models/task-source.h"
#include "models/task.h"

#include "ns3/random-variable-stream.h"
#include "ns3/vector.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace ns3::marl::edge_cloud
{

/// A device: its models and what it remembers.
struct Device
{
    uint32_t index{0};
    Vector place;
    std::unique_ptr<TaskSource> source;
    Ptr<UniformRandomVariable> churn;
    Ptr<ComputeNode> cpu;
    std::unique_ptr<OffloadClient> client;
    Ptr<EnergyMeter> energy;
    std::unique_ptr<StatusBoard> board;
    AgeTracker age;
    bool isOn{true};

    std::optional<TaskParameters> arrival; ///< the task of this tick
    std::optional<uint32_t> arrivalId;     ///< its id, unless it arrived at the last observation
    Time jitter;                           ///< of this tick
    TaskOutcome lastOutcome{TaskOutcome::UNRESOLVED};
    Time lastLatency; ///< of the last completed task

    double GetAboveIdleJ() const; ///< transmit and compute energy beyond idling, since the beginning

    /// A task of the device ended: what is left of it stops, and the device remembers it.
    void NoteEnd(const Task& task);

    /// Its tasks have ended.
    void SwitchOff();
    void SwitchOn(const Time& now);
};

} // namespace ns3::marl::edge_cloud

#endif // NS3MARL_SCENARIOS_EDGE_CLOUD_DEVICE_H
