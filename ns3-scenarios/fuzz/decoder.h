// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_FUZZ_DECODER_H
#define NS3MARL_FUZZ_DECODER_H

#include "bridge/error.h"
#include "bridge/lockstep.h"
#include "bridge/wire.h"

#include <optional>
#include <string_view>

namespace ns3::marl
{

/// Decodes whatever came as a simulator does, arrays of actions included.
/// \return the kind of the error that refused it; nothing when it was a message
inline std::optional<FaultKind>
DecodeAnything(std::string_view frame)
{
    static const Spec spec = [] {
        Spec made;
        made.scenario = "fuzz";
        made.SetTicks(MilliSeconds(100), 1);
        auto& agents = made.AddGroup("agents", {"agent_0", "agent_1"});
        agents.AddDiscreteHead({.name = "mode", .choices = {"a", "b"}});
        agents.AddContinuousHead({.name = "power", .unit = "dBm", .low = 0, .high = 30});
        agents.AddFeature({.name = "load", .unit = "1"});
        return made;
    }();
    static Wire wire;
    Action action(spec);
    try
    {
        const auto request = wire.Decode(frame);
        if (const auto* given = std::get_if<ActionRequest>(&request))
        {
            ReadAction(*given, spec, action);
        }
    }
    catch (const Error& error)
    {
        return error.GetKind();
    }
    return std::nullopt;
}

} // namespace ns3::marl

#endif // NS3MARL_FUZZ_DECODER_H
