// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TASK_H
#define NS3MARL_MODELS_TASK_H

#include "ns3/nstime.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ns3::marl
{

/// Where a task is computed.
enum class OffloadingMode
{
    LOCAL = 0,
    PARTIAL = 1,
    FULL = 2,
};

/// How a task ended: in exactly one of these ways. A task of two parts that misses both is counted under its offloaded part.
enum class TaskOutcome
{
    UNRESOLVED = 0,
    COMPLETED = 1,
    LOCAL_LATE = 2,     ///< the device's CPU was not done by the deadline
    UPLINK_EXPIRED = 3, ///< no missing fragment was ever on the air: they waited at the device until the deadline
    QUEUE_EXPIRED = 4,  ///< all fragments arrived, but the server did not begin by the deadline
    COMPUTE_LATE = 5,   ///< the server was still computing at the deadline
    RESULT_LATE = 6,    ///< the server was done, but the device had no result by the deadline
    UPLINK_LOST = 7,    ///< a missing fragment was on the air at least once, and did not get there by the deadline
    SERVER_FAILED = 8,  ///< the server dropped it, or fragments of it, because it was down
    DEVICE_DEAD = 9,    ///< the device's battery was empty before the task ended
};

constexpr uint32_t TASK_OUTCOMES = 10;

/// \return "local_late" for LOCAL_LATE, and so on
std::string GetName(TaskOutcome outcome);

/// \return the names of all outcomes, in order of their values
std::vector<std::string> GetOutcomeNames();

/// What became of the fragments of an offloaded part. At a task's end
///
///   sent = received + refused + lost + expired
struct FragmentCounts
{
    uint32_t sent{0};     ///< handed to the device's radio
    uint32_t onAir{0};    ///< of these, transmitted at least once
    uint32_t received{0}; ///< by the server, each once
    uint32_t refused{0};  ///< reached a server that was down

    /// \return transmitted, but neither received nor refused
    uint32_t GetLost() const
    {
        return onAir - received - refused;
    }

    /// \return never transmitted
    uint32_t GetExpired() const
    {
        return sent - onAir;
    }
};

/// What an application asks for.
struct TaskParameters
{
    uint32_t sizeBytes{0};         ///< input that an offloaded task sends
    double densityCyclesPerBit{0}; ///< work for each bit of input
    Time deadline;                 ///< from arrival to the last useful moment
    bool premium{false};           ///< service level

    double GetSizeBits() const
    {
        return 8.0 * sizeBytes;
    }

    double GetCycles() const
    {
        return GetSizeBits() * densityCyclesPerBit;
    }
};

/// What a device does with a task.
struct OffloadingDecision
{
    OffloadingMode mode{OffloadingMode::LOCAL};
    uint32_t server{0};
    uint32_t channel{0};
    double powerDbm{0};
    double ratio{0}; ///< offloaded share: 0 for local, 1 for full
};

/// A task from its arrival to its end. Stages that were not reached stay at Time(0).
struct Task
{
    uint32_t id{0}; ///< unique in the episode
    uint32_t device{0};
    uint64_t tick{0}; ///< in which it arrived
    Time arrival;
    TaskParameters parameters;
    OffloadingDecision decision;

    Time uplinkStart;  ///< fragments handed to the radio
    Time firstOnAir;   ///< first fragment transmitted
    Time uplinkEnd;    ///< last fragment at the server
    Time computeStart; ///< at the server
    Time computeEnd;   ///< at the server
    Time resultTime;   ///< result at the device
    Time localEnd;     ///< local part done
    Time end;          ///< completed or failed
    TaskOutcome outcome{TaskOutcome::UNRESOLVED};

    FragmentCounts fragments;
    uint32_t retries{0};      ///< transmissions of fragments beyond the first one of each
    Time airTime;             ///< of all transmissions that carried a fragment
    bool serverFailed{false}; ///< a server that went down dropped it

    Time GetExpiry() const
    {
        return arrival + parameters.deadline;
    }

    bool HasLocalPart() const
    {
        return decision.mode != OffloadingMode::FULL;
    }

    bool HasOffloadedPart() const
    {
        return decision.mode != OffloadingMode::LOCAL;
    }

    double GetLocalCycles() const
    {
        return (1 - decision.ratio) * parameters.GetCycles();
    }

    double GetOffloadedCycles() const
    {
        return decision.ratio * parameters.GetCycles();
    }

    uint32_t GetOffloadedBytes() const; ///< at least 1 for a task with an offloaded part

    bool IsDone() const; ///< every part is done

    /// \return the cause, should the task fail now
    TaskOutcome GetFailure() const;
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TASK_H
