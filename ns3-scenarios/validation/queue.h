// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_VALIDATION_QUEUE_H
#define NS3MARL_VALIDATION_QUEUE_H

#include "ns3/nstime.h"
#include "ns3/ptr.h"
#include "ns3/random-variable-stream.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ns3::marl::validation
{

/// How long something takes: always the same, or exponentially distributed.
enum class Law
{
    CONSTANT,
    EXPONENTIAL,
};

/// A single-server queue in Kendall's notation, with a service time of 1 s on average.
struct Queue
{
    Law arrivals{Law::EXPONENTIAL};
    Law services{Law::EXPONENTIAL};
    double load{0.5}; ///< rho

    std::string GetName() const; ///< "M/M/1" and so on
};

/// A job that went through a queue.
struct Served
{
    Time arrival;
    Time start; ///< of the service
    Time end;
    bool premium{false};
};

/// Sends jobs through an EdgeServer. \p premiumShare of them are premium and go first; with 0 the order is first come
/// first served. Deadlines are 10 000 service times, which no job reaches.
/// \return the jobs in the order in which they ended
std::vector<Served> ServeAtEdge(const Queue& queue, uint32_t jobs, double premiumShare = 0);

/// Sends jobs through a ComputeNode, which does not tell when it starts a job.
std::vector<Served> ServeAtDevice(const Queue& queue, uint32_t jobs);

} // namespace ns3::marl::validation

#endif // NS3MARL_VALIDATION_QUEUE_H
