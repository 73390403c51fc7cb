// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_COGNITIVE_V2X_HEADS_H
#define NS3MARL_COGNITIVE_V2X_HEADS_H

#include "bridge/action.h"
#include "bridge/spec.h"

#include <cstdint>
#include <optional>

#include "scenarios/cognitive-v2x/settings.h"

namespace ns3::marl::cognitive_v2x
{

/// What a pair chooses at every tick.
struct Heads
{
    static constexpr uint32_t SILENT = 0; ///< choice of the head `channel`

    void Describe(const Settings& settings, Group& pairs);

    /// \return the choice of the head `channel` that sends on this one
    static constexpr uint32_t GetChoice(uint32_t channel)
    {
        return channel + 1;
    }

    /// \return where the pair sends; none: it is silent
    std::optional<uint32_t> ReadChannel(const Action& action, uint32_t pair) const;

    DiscreteHeadHandle channel;
    ContinuousHeadHandle power;
};

} // namespace ns3::marl::cognitive_v2x

#endif // NS3MARL_COGNITIVE_V2X_HEADS_H
