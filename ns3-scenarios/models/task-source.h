// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TASK_SOURCE_H
#define NS3MARL_MODELS_TASK_SOURCE_H

#include "models/task.h"

#include "ns3/ptr.h"
#include "ns3/random-variable-stream.h"

#include <cstdint>
#include <optional>

namespace ns3::marl
{

/// Ranges of the uniform distributions that tasks are drawn from.
struct TaskRanges
{
    double arrivalProbability{0.3}; ///< per device and tick
    uint32_t sizeMinBytes{8000};
    uint32_t sizeMaxBytes{30000};
    double densityMin{500}; ///< [cycles/bit]
    double densityMax{1500};
    Time deadlineMin{MilliSeconds(20)};
    Time deadlineMax{MilliSeconds(100)};
    double premiumShare{0.3};
    Time jitterMax{MilliSeconds(4)}; ///< from the decision to the first transmission
};

/// The tasks of one device: at most one each tick, as a Bernoulli process. Every call draws every quantity from its own
/// stream, so that the tasks to come depend neither on what was done with earlier ones nor on the other ranges.
class TaskSource
{
  public:
    /// What a tick brings.
    struct Draw
    {
        std::optional<TaskParameters> task; ///< nothing when no task arrives
        Time jitter;
    };

    explicit TaskSource(const TaskRanges& ranges);

    /// \return how many streams were assigned, from the given one on
    int64_t AssignStreams(int64_t stream);

    Draw Next();

  private:
    TaskRanges m_ranges;
    Ptr<UniformRandomVariable> m_arrival;
    Ptr<UniformRandomVariable> m_size;
    Ptr<UniformRandomVariable> m_density;
    Ptr<UniformRandomVariable> m_deadline;
    Ptr<UniformRandomVariable> m_class;
    Ptr<UniformRandomVariable> m_jitter;
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TASK_SOURCE_H
