// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// The interval of one server, which ends 5 ms before the boundary, closes, on a processor or in a thread of a GPU.

#pragma once

#include <algorithm>
#include <cstdint>

#include "both.h"
#include "contention.h"

namespace status
{

/// What a server did in some time.
struct Sums
{
    float busy, waits, begun, received; ///< us, us, jobs, jobs
};

/// What servers tell of their interval.
struct Told
{
    float utilisation, wait, received; ///< 1, us, tasks
};

/// The tasks and servers of B environments; kernel.py has the same fields in the same order.
struct Status
{
    int64_t environments, servers, tasks; ///< tasks of an environment, slots without one included
    const bool* offloaded;                ///< [B, tasks]
    const int64_t* server;                ///< [B, tasks]
    const float* expiry;                  ///< [B, tasks] us
    const contention::Changing* changing; ///< [B, tasks]
    Sums* lead;                           ///< of the last 5 ms before the tick; then those of this one, [B, K]
    Told* told;                           ///< out, [B, K]
    float tick;                           ///< us
    void* stream;                         ///< of a GPU
};

/// Adds what a task was to its server in [low, high).
BOTH inline void
AddTask(Sums& sums, const contention::Changing& task, float expiry, float low, float high)
{
    const float start = task.computeStart;
    const float stop = std::min(std::min(task.computeEnd, expiry), high);
    sums.busy += std::max(stop - std::max(start, low), 0.0F); // 0 where it never began
    if (start >= low && start < high)
    {
        sums.waits += start - task.uplinkEnd;
        sums.begun += 1;
    }
    sums.received += task.uplinkEnd >= low && task.uplinkEnd < high ? 1.0F : 0.0F;
}

/// \param number of the server among those of all environments
BOTH inline void
CloseInterval(const Status& of, int64_t number)
{
    const int64_t b = number / of.servers;
    const int64_t server = number - b * of.servers;
    const float cut = of.tick - contention::STATUS_LEAD_US;
    Sums sums{};
    Sums lead{};
    for (int64_t task = b * of.tasks; task < (b + 1) * of.tasks; task++)
    {
        if (of.offloaded[task] && of.server[task] == server)
        {
            AddTask(sums, of.changing[task], of.expiry[task], 0, cut);
            AddTask(lead, of.changing[task], of.expiry[task], cut, of.tick);
        }
    }
    const Sums& before = of.lead[number];
    const float busy = sums.busy + before.busy;
    const float waits = sums.waits + before.waits;
    const float begun = sums.begun + before.begun;
    of.told[number] = {std::min(busy / of.tick, 1.0F), waits / std::max(begun, 1.0F), sums.received + before.received};
    of.lead[number] = lead;
}

} // namespace status
