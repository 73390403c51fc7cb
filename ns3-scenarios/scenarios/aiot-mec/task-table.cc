// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/task-table.h"

#include <limits>

namespace ns3::marl::aiot_mec
{

namespace
{

constexpr double NOTHING = std::numeric_limits<double>::quiet_NaN();

/// Duration of a stage. \return until the task's end when it failed in the stage, NaN when it did not get there
double
GetSpanS(const Task& task, const Time& from, const Time& to)
{
    return from.IsZero() ? NOTHING : ((to.IsZero() ? task.end : to) - from).GetSeconds();
}

} // namespace

Table
DescribeTasks()
{
    constexpr auto FLOAT64 = Column::Type::FLOAT64;
    constexpr auto INT64 = Column::Type::INT64;
    return {"tasks",
            {
                {"task", "1", INT64},
                {"device", "1", INT64},
                {"tick", "1", INT64},
                {"mode", "1", INT64, {"local", "partial", "full"}},
                {"server", "1", INT64},
                {"channel", "1", INT64},
                {"power", "dBm", FLOAT64},
                {"ratio", "1", FLOAT64},
                {"size", "bit", FLOAT64},
                {"cycles", "cycles", FLOAT64},
                {"deadline", "s", FLOAT64},
                {"premium", "1", INT64, {"standard", "premium"}},
                {"outcome", "1", INT64, GetOutcomeNames()},
                {"latency", "s", FLOAT64},
                {"uplink", "s", FLOAT64},
                {"wait", "s", FLOAT64},
                {"compute", "s", FLOAT64},
                {"downlink", "s", FLOAT64},
                {"local", "s", FLOAT64},
                {"jitter", "s", FLOAT64},
                {"radio_wait", "s", FLOAT64},
                {"on_air", "s", FLOAT64},
                {"retries", "1", INT64},
                {"fragments_sent", "1", INT64},
                {"fragments_received", "1", INT64},
                {"fragments_refused", "1", INT64},
                {"fragments_lost", "1", INT64},
                {"fragments_expired", "1", INT64},
            }};
}

void
AddTask(const Task& task, TableRows& rows)
{
    rows.Add({int64_t{task.id},
              int64_t{task.device},
              static_cast<int64_t>(task.tick),
              static_cast<int64_t>(task.decision.mode),
              int64_t{task.decision.server},
              int64_t{task.decision.channel},
              task.decision.powerDbm,
              task.decision.ratio,
              task.parameters.GetSizeBits(),
              task.parameters.GetCycles(),
              task.parameters.deadline.GetSeconds(),
              int64_t{task.parameters.premium},
              static_cast<int64_t>(task.outcome),
              (task.end - task.arrival).GetSeconds(),
              GetSpanS(task, task.uplinkStart, task.uplinkEnd),
              GetSpanS(task, task.uplinkEnd, task.computeStart),
              GetSpanS(task, task.computeStart, task.computeEnd),
              GetSpanS(task, task.computeEnd, task.resultTime),
              task.HasLocalPart() ? GetSpanS(task, task.arrival, task.localEnd) : NOTHING,
              task.HasOffloadedPart() ? GetSpanS(task, task.arrival, task.uplinkStart) : NOTHING,
              GetSpanS(task, task.uplinkStart, task.firstOnAir),
              task.airTime.GetSeconds(),
              int64_t{task.retries},
              int64_t{task.fragments.sent},
              int64_t{task.fragments.received},
              int64_t{task.fragments.refused},
              int64_t{task.fragments.GetLost()},
              int64_t{task.fragments.GetExpired()}});
}

} // namespace ns3::marl::aiot_mec
