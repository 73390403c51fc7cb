// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_BOUNDARY_H
#define NS3MARL_BRIDGE_BOUNDARY_H

#include "ns3/nstime.h"

#include <cstdint>

namespace ns3::marl
{

/// The end of one interval and the begin of the next.
struct Boundary
{
    uint64_t number{0};   ///< 0, 1, 2, ...: of all boundaries, also those that make no exchange
    uint64_t tick{0};     ///< regular boundaries so far, 0 .. T; equal to `number` where nothing is requested
    bool isRegular{true}; ///< false: there was a RequestDecision() or a Finish()
    bool isLast{false};   ///< the episode is at its full duration: no action follows
    Time length;          ///< simulated time since the boundary before; 0 at the first
};

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_BOUNDARY_H
