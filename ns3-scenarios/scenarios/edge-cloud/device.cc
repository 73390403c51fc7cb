// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/edge-cloud/device.h"

namespace ns3::marl::edge_cloud
{

double
Device::GetAboveIdleJ() const
{
    return energy->GetTransmitAboveIdleJ() + cpu->GetEnergyJ();
}

void
Device::NoteEnd(const Task& task)
{
    cpu->Abandon(task.id);
    client->Forget(task.id);
    lastOutcome = task.outcome;
    if (task.outcome == TaskOutcome::COMPLETED)
    {
        lastLatency = task.end - task.arrival;
        age.Update(task.arrival, task.end);
    }
}

void
Device::SwitchOff()
{
    isOn = false;
    client->SwitchOff();
}

void
Device::SwitchOn(const Time& now)
{
    isOn = true;
    client->SwitchOn();
    age = AgeTracker(now);
    lastOutcome = TaskOutcome::UNRESOLVED;
    lastLatency = Time(0);
}

} // namespace ns3::marl::edge_cloud
