// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_HEADS_H
#define NS3MARL_SCENARIOS_AIOT_MEC_HEADS_H

#include "bridge/action.h"
#include "bridge/spec.h"
#include "models/task.h"

#include "scenarios/aiot-mec/device.h"

namespace ns3::marl::aiot_mec
{

/// What a device chooses for the task that arrived at this tick.
struct Heads
{
    void Describe(Group& devices);

    /// \return the device's choices, with its slot's server
    OffloadingDecision Read(const Action& action, const Device& device) const;

    DiscreteHeadHandle mode; ///< choices are OffloadingMode
    DiscreteHeadHandle server;
    DiscreteHeadHandle channel;
    ContinuousHeadHandle power;
    ContinuousHeadHandle ratio;
};

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_HEADS_H
