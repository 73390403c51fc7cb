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
        made.tick = MilliSeconds(100);
        made.ticks = 1;
        made.groups = {{"agents",
                        {"agent_0", "agent_1"},
                        {{"load", "1", 0, 1, false, ""}},
                        {{"mode", {"a", "b"}, 0, std::nullopt, ""}},
                        {{"power", "dBm", 0, 30, 0, std::nullopt, ""}}}};
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
