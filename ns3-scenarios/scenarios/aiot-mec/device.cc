// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/device.h"

namespace ns3::marl::aiot_mec
{

double
Device::GetAboveIdleJ() const
{
    return energy->GetTransmitAboveIdleJ() + cpu->GetEnergyJ();
}

double
Device::GetTotalJ(const Time& now) const
{
    return energy->GetTotalJ(now) + cpu->GetEnergyJ();
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
        classAges[task.parameters.premium ? 1 : 0].Update(task.arrival, task.end);
    }
}

void
Device::Die(const Time& now)
{
    death = now;
    client->SwitchOff();
    energy->Stop(now);
}

} // namespace ns3::marl::aiot_mec
