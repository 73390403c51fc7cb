// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/priority.h"

#include "ns3/abort.h"

#include <algorithm>

namespace ns3::marl
{

double
PriorityWeights::Get(const Time& remaining, const Time& deadline, double cycles, bool premium) const
{
    NS_ABORT_MSG_IF(!deadline.IsStrictlyPositive(), "A task needs a deadline > 0, not " << deadline.As(Time::MS));
    const double remainingShare = std::clamp(remaining.GetSeconds() / deadline.GetSeconds(), 0.0, 1.0);
    return alpha * (1 - remainingShare) + beta * std::min(1.0, cycles / maximumCycles) + (premium ? gamma : 0);
}

} // namespace ns3::marl
