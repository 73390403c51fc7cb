// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/edge-cloud/task-table.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace ns3::marl::edge_cloud
{

namespace
{

constexpr double NOTHING = std::numeric_limits<double>::quiet_NaN();

/// A column with the function that computes it.
struct TaskColumn
{
    Column column;
    TableRows::Value (*value)(const Task& task, const Journey& journey);
};

TaskColumn
Count(const std::string& name,
      TableRows::Value (*value)(const Task&, const Journey&),
      const std::vector<std::string>& categories = {})
{
    return {{.name = name, .unit = "1", .type = Column::Type::INT64, .categories = categories}, value};
}

TaskColumn
Measure(const std::string& name, const std::string& unit, TableRows::Value (*value)(const Task&, const Journey&))
{
    return {{.name = name, .unit = unit, .type = Column::Type::FLOAT64}, value};
}

/// Duration of a stage. \return until the task's end when it failed in the stage, NaN when it did not get there
double
GetSpanS(const Task& task, const Time& from, const Time& to)
{
    return from.IsZero() ? NOTHING : ((to.IsZero() ? task.end : to) - from).GetSeconds();
}

const std::vector<TaskColumn>&
GetColumns()
{
    using Value = TableRows::Value;
    static const std::vector<TaskColumn> COLUMNS{
        Count("task", [](const Task& task, const Journey&) -> Value { return int64_t{task.id}; }),
        Count("device", [](const Task& task, const Journey&) -> Value { return int64_t{task.device}; }),
        Count("tick", [](const Task& task, const Journey&) -> Value { return static_cast<int64_t>(task.tick); }),
        Count("gateway",
              [](const Task& task, const Journey&) -> Value {
                  return task.HasOffloadedPart() ? int64_t{task.decision.server} : int64_t{-1};
              }),
        Count(
            "place",
            [](const Task&, const Journey& journey) -> Value { return static_cast<int64_t>(journey.place); },
            GetPlaceNames()),
        Measure("power",
                "dBm",
                [](const Task& task, const Journey&) -> Value {
                    return task.HasOffloadedPart() ? task.decision.powerDbm : NOTHING;
                }),
        Measure("size", "bit", [](const Task& task, const Journey&) -> Value { return task.parameters.GetSizeBits(); }),
        Measure(
            "cycles", "cycles", [](const Task& task, const Journey&) -> Value { return task.parameters.GetCycles(); }),
        Measure("deadline",
                "s",
                [](const Task& task, const Journey&) -> Value { return task.parameters.deadline.GetSeconds(); }),
        Count(
            "outcome",
            [](const Task& task, const Journey& journey) -> Value {
                return static_cast<int64_t>(GetTaskEnd(task, journey));
            },
            GetTaskEndNames()),
        Measure("latency",
                "s",
                [](const Task& task, const Journey&) -> Value { return (task.end - task.arrival).GetSeconds(); }),
        Measure(
            "uplink",
            "s",
            [](const Task& task, const Journey&) -> Value { return GetSpanS(task, task.uplinkStart, task.uplinkEnd); }),
        Measure("backhaul",
                "s",
                [](const Task& task, const Journey& journey) -> Value {
                    return GetSpanS(task, journey.forwarded, journey.atCloud);
                }),
        Measure("wait",
                "s",
                [](const Task& task, const Journey& journey) -> Value {
                    return GetSpanS(
                        task, journey.place == Place::CLOUD ? journey.atCloud : task.uplinkEnd, task.computeStart);
                }),
        Measure("compute",
                "s",
                [](const Task& task, const Journey&) -> Value {
                    return GetSpanS(task, task.computeStart, task.computeEnd);
                }),
        Measure(
            "downlink",
            "s",
            [](const Task& task, const Journey&) -> Value { return GetSpanS(task, task.computeEnd, task.resultTime); }),
        Measure("local",
                "s",
                [](const Task& task, const Journey&) -> Value {
                    return task.HasLocalPart() ? GetSpanS(task, task.arrival, task.localEnd) : NOTHING;
                }),
        Count("retries", [](const Task& task, const Journey&) -> Value { return int64_t{task.retries}; }),
        Count("fragments_sent", [](const Task& task, const Journey&) -> Value { return int64_t{task.fragments.sent}; }),
        Count("fragments_received",
              [](const Task& task, const Journey&) -> Value { return int64_t{task.fragments.received}; }),
        Count("fragments_lost",
              [](const Task& task, const Journey&) -> Value { return int64_t{task.fragments.GetLost()}; }),
        Count("fragments_expired",
              [](const Task& task, const Journey&) -> Value { return int64_t{task.fragments.GetExpired()}; }),
        Count("backhaul_drops",
              [](const Task&, const Journey& journey) -> Value { return int64_t{journey.droppedFragments}; }),
    };
    return COLUMNS;
}

} // namespace

Table
DescribeTasks()
{
    Table table{.name = "tasks", .columns = {}};
    for (const auto& column : GetColumns())
    {
        table.columns.push_back(column.column);
    }
    return table;
}

void
AddTask(const Task& task, const Journey& journey, TableRows& rows)
{
    std::vector<TableRows::Value> row;
    for (const auto& column : GetColumns())
    {
        row.push_back(column.value(task, journey));
    }
    rows.Add(row);
}

} // namespace ns3::marl::edge_cloud
