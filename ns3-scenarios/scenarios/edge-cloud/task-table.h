// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_EDGE_CLOUD_TASK_TABLE_H
#define NS3MARL_SCENARIOS_EDGE_CLOUD_TASK_TABLE_H

#include "bridge/spec.h"
#include "bridge/table-rows.h"
#include "models/task.h"

#include "scenarios/edge-cloud/journey.h"

namespace ns3::marl::edge_cloud
{

/// The table "tasks": one row for each task that ended.
Table DescribeTasks();

/// Adds the row of a task.
void AddTask(const Task& task, const Journey& journey, TableRows& rows);

} // namespace ns3::marl::edge_cloud

#endif // NS3MARL_SCENARIOS_EDGE_CLOUD_TASK_TABLE_H
