// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_PRIORITY_H
#define NS3MARL_MODELS_PRIORITY_H

#include "ns3/nstime.h"

namespace ns3::marl
{

/// How urgent a task is:
///
///   P = alpha (1 - remaining / deadline) + beta min(1, cycles / C_max) + gamma premium
///
/// with each term in [0, 1]. A task that is overdue counts as one with nothing remaining.
struct PriorityWeights
{
    double alpha{0.4};           ///< of the share of the deadline that is used up
    double beta{0.3};            ///< of the size of the work
    double gamma{0.3};           ///< of the premium service level
    double maximumCycles{3.6e8}; ///< C_max: 30 kB at 1500 cycles/bit

    double Get(const Time& remaining, const Time& deadline, double cycles, bool premium) const;
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_PRIORITY_H
