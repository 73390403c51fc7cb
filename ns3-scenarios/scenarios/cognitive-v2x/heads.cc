// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/cognitive-v2x/heads.h"

#include <string>
#include <vector>

namespace ns3::marl::cognitive_v2x
{

void
Heads::Describe(const Settings& settings, Group& pairs)
{
    std::vector<std::string> choices{"silent"};
    std::vector<uint32_t> sends;
    for (uint32_t i = 0; i < settings.channels; i++)
    {
        choices.push_back("channel-" + std::to_string(i));
        sends.push_back(GetChoice(i));
    }
    channel = pairs.AddDiscreteHead({.name = "channel",
                                     .choices = choices,
                                     .defaultChoice = SILENT,
                                     .description = "Where the update of this tick is sent"});
    power = pairs.AddContinuousHead({.name = "power",
                                     .unit = "dBm",
                                     .low = Settings::POWER_LOW_DBM,
                                     .high = settings.powerMaxDbm,
                                     .defaultValue = settings.powerMaxDbm,
                                     .activeIf = Condition{channel, sends},
                                     .description = "Of the update and of what acknowledges it"});
}

std::optional<uint32_t>
Heads::ReadChannel(const Action& action, uint32_t pair) const
{
    const auto choice = static_cast<uint32_t>(action.Get(channel, pair));
    return choice == SILENT ? std::nullopt : std::optional(choice - GetChoice(0));
}

} // namespace ns3::marl::cognitive_v2x
