// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "validation/bianchi.h"

#include <algorithm>
#include <cmath>

namespace ns3::marl::validation
{

/// A frame in its stage i waits (W_i - 1)/2 slots on average before the one it is sent in, and reaches the stage with p^i:
/// tau = sum p^i / sum p^i (W_i + 1)/2. Without a limit of attempts this is 2/(1 + W + p W sum_{i<m} (2p)^i).
double
Bianchi::GetAttemptProbability(double collision) const
{
    constexpr uint32_t MANY = 2000; // p^2000 counts for nothing
    double sent = 0;
    double slots = 0;
    double reached = 1;
    double window = windowMin;
    for (uint32_t stage = 0; stage < attempts.value_or(MANY); stage++)
    {
        sent += reached;
        slots += reached * (window + 1) / 2;
        reached *= collision;
        window = std::min<double>(2 * window, windowMax);
    }
    return sent / slots;
}

double
Bianchi::GetThroughputMbps(uint32_t stations) const
{
    const auto getCollision = [stations](double attempt) { return 1 - std::pow(1 - attempt, stations - 1.0); };
    double low = 0;
    double high = 1;
    for (int i = 0; i < 60; i++) // tau(p(x)) - x falls with x
    {
        const double middle = (low + high) / 2;
        (GetAttemptProbability(getCollision(middle)) > middle ? low : high) = middle;
    }
    const double attempt = (low + high) / 2;
    const double idle = std::pow(1 - attempt, stations);
    const double success = stations * attempt * std::pow(1 - attempt, stations - 1.0);
    const double meanS = idle * slotS + success * successS + (1 - idle - success) * collisionS;
    return 1e-6 * success * payloadBits / meanS;
}

} // namespace ns3::marl::validation
