// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/task-table.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

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

/// A column with the function that computes it.
struct TaskColumn
{
    Column column;
    std::function<TableRows::Value(const Task&)> value;
};

/// A column of whole numbers.
TaskColumn
Count(const std::string& name, int64_t (*value)(const Task&), const std::vector<std::string>& categories = {})
{
    return {{.name = name, .unit = "1", .type = Column::Type::INT64, .categories = categories}, value};
}

TaskColumn
Measure(const std::string& name, const std::string& unit, double (*value)(const Task&))
{
    return {{.name = name, .unit = unit, .type = Column::Type::FLOAT64}, value};
}

const std::vector<TaskColumn>&
GetColumns()
{
    static const std::vector<TaskColumn> COLUMNS{
        Count("task", [](const Task& task) -> int64_t { return task.id; }),
        Count("device", [](const Task& task) -> int64_t { return task.device; }),
        Count("tick", [](const Task& task) { return static_cast<int64_t>(task.tick); }),
        Count("mode",
              [](const Task& task) { return static_cast<int64_t>(task.decision.mode); },
              {"local", "partial", "full"}),
        Count("server", [](const Task& task) -> int64_t { return task.decision.server; }),
        Count("channel", [](const Task& task) -> int64_t { return task.decision.channel; }),
        Measure("power", "dBm", [](const Task& task) { return task.decision.powerDbm; }),
        Measure("ratio", "1", [](const Task& task) { return task.decision.ratio; }),
        Measure("size", "bit", [](const Task& task) { return task.parameters.GetSizeBits(); }),
        Measure("cycles", "cycles", [](const Task& task) { return task.parameters.GetCycles(); }),
        Measure("deadline", "s", [](const Task& task) { return task.parameters.deadline.GetSeconds(); }),
        Count("premium", [](const Task& task) -> int64_t { return task.parameters.premium; }, {"standard", "premium"}),
        Count(
            "outcome", [](const Task& task) { return static_cast<int64_t>(task.outcome); }, GetOutcomeNames()),
        Measure("latency", "s", [](const Task& task) { return (task.end - task.arrival).GetSeconds(); }),
        Measure("uplink", "s", [](const Task& task) { return GetSpanS(task, task.uplinkStart, task.uplinkEnd); }),
        Measure("wait", "s", [](const Task& task) { return GetSpanS(task, task.uplinkEnd, task.computeStart); }),
        Measure("compute", "s", [](const Task& task) { return GetSpanS(task, task.computeStart, task.computeEnd); }),
        Measure("downlink", "s", [](const Task& task) { return GetSpanS(task, task.computeEnd, task.resultTime); }),
        Measure("local",
                "s",
                [](const Task& task) {
                    return task.HasLocalPart() ? GetSpanS(task, task.arrival, task.localEnd) : NOTHING;
                }),
        Measure("jitter",
                "s",
                [](const Task& task) {
                    return task.HasOffloadedPart() ? GetSpanS(task, task.arrival, task.uplinkStart) : NOTHING;
                }),
        Measure("radio_wait", "s", [](const Task& task) { return GetSpanS(task, task.uplinkStart, task.firstOnAir); }),
        Measure("on_air", "s", [](const Task& task) { return task.airTime.GetSeconds(); }),
        Count("retries", [](const Task& task) -> int64_t { return task.retries; }),
        Count("fragments_sent", [](const Task& task) -> int64_t { return task.fragments.sent; }),
        Count("fragments_received", [](const Task& task) -> int64_t { return task.fragments.received; }),
        Count("fragments_refused", [](const Task& task) -> int64_t { return task.fragments.refused; }),
        Count("fragments_lost", [](const Task& task) -> int64_t { return task.fragments.GetLost(); }),
        Count("fragments_expired", [](const Task& task) -> int64_t { return task.fragments.GetExpired(); }),
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
AddTask(const Task& task, TableRows& rows)
{
    std::vector<TableRows::Value> row;
    for (const auto& column : GetColumns())
    {
        row.push_back(column.value(task));
    }
    rows.Add(row);
}

} // namespace ns3::marl::aiot_mec
