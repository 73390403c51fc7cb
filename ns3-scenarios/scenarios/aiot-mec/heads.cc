// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/heads.h"

#include "bridge/names.h"
#include "models/power-level.h"

#include "scenarios/aiot-mec/settings.h"

namespace ns3::marl::aiot_mec
{

void
Heads::Describe(Group& devices)
{
    mode = devices.AddDiscreteHead(
        {.name = "mode", .choices = {"local", "partial", "full"}, .description = "Where the task is computed"});
    const auto offloads = mode.Is(OffloadingMode::PARTIAL, OffloadingMode::FULL);
    server = devices.AddDiscreteHead({.name = "server",
                                      .choices = GetNumberedNames("server-", Settings::SERVER_SLOTS),
                                      .activeIf = offloads,
                                      .description = "Slot of the server that gets the offloaded part"});
    channel = devices.AddDiscreteHead(
        {.name = "channel",
         .choices = GetNumberedNames("channel-", Settings::CHANNEL_SLOTS),
         .activeIf = offloads,
         .description =
             "Channel of the offloaded part; only the tuned one is allowed while an earlier task is under way"});
    power = devices.AddContinuousHead({.name = "power",
                                       .unit = "dBm",
                                       .low = MINIMUM_POWER_DBM,
                                       .high = MAXIMUM_POWER_DBM,
                                       .defaultValue = MAXIMUM_POWER_DBM,
                                       .activeIf = offloads,
                                       .description = "Transmit power"});
    ratio = devices.AddContinuousHead({.name = "ratio",
                                       .unit = "1",
                                       .low = Settings::RATIO_LOW,
                                       .high = Settings::RATIO_HIGH,
                                       .defaultValue = Settings::RATIO_DEFAULT,
                                       .activeIf = mode.Is(OffloadingMode::PARTIAL),
                                       .description = "Offloaded share of the task"});
}

OffloadingDecision
Heads::Read(const Action& action, const Device& device) const
{
    OffloadingDecision decision;
    decision.mode = static_cast<OffloadingMode>(action.Get(mode, device.index));
    if (decision.mode != OffloadingMode::LOCAL)
    {
        decision.server = device.slotServers.at(action.Get(server, device.index));
        decision.channel = action.Get(channel, device.index);
        decision.powerDbm = action.Get(power, device.index);
        decision.ratio = action.Get(ratio, device.index);
    }
    return decision;
}

} // namespace ns3::marl::aiot_mec
