// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_COGNITIVE_V2X_AGENT_H
#define NS3MARL_COGNITIVE_V2X_AGENT_H

#include "models/energy-detector.h"

#include "ns3/nstime.h"
#include "ns3/random-variable-stream.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "scenarios/cognitive-v2x/pair.h"

namespace ns3::marl::cognitive_v2x
{

/// What a pair knows of a channel.
struct ChannelKnowledge
{
    double energyDb{0}; ///< over the noise
    bool seemsBusy{false};
    double busyRatio{0};
    double overheard{0};
    std::optional<Time> listened; ///< when the radio was there last
};

/// What a pair's tick came to.
struct PairTick
{
    Pair::Interval interval;
    double powerDbm{0};
    double ageTicks{0}; ///< at the end of the tick
    Time disturbance;   ///< that is charged to it
};

/// A pair, what it uses and what it knows.
struct Agent
{
    uint32_t index; ///< its number
    std::unique_ptr<Pair> pair;
    EnergyDetector detector;
    Ptr<UniformRandomVariable> jitter;
    uint32_t tuned{0};
    double powerDbm{0};
    double linkSnrDb{0}; ///< at full power
    Time linkMeasured{};
    std::vector<ChannelKnowledge> channels{}; ///< [channel]
    PairTick last{};                          ///< tick
};

} // namespace ns3::marl::cognitive_v2x

#endif // NS3MARL_COGNITIVE_V2X_AGENT_H
