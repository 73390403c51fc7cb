// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/task.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace ns3::marl
{
namespace
{

Task
MakeTask(OffloadingMode mode, double ratio)
{
    Task task;
    task.arrival = Seconds(1);
    task.parameters = {10000, 500, MilliSeconds(50), false};
    task.decision.mode = mode;
    task.decision.ratio = ratio;
    return task;
}

TEST(Task, WorkIsSizeTimesDensity)
{
    const auto task = MakeTask(OffloadingMode::LOCAL, 0);
    EXPECT_DOUBLE_EQ(task.parameters.GetSizeBits(), 80000);
    EXPECT_DOUBLE_EQ(task.parameters.GetCycles(), 4e7);
    EXPECT_EQ(task.GetExpiry(), Seconds(1.05));
}

TEST(Task, PartsAddUpToTheWhole)
{
    const auto task = MakeTask(OffloadingMode::PARTIAL, 0.3);
    EXPECT_DOUBLE_EQ(task.GetLocalCycles() + task.GetOffloadedCycles(), task.parameters.GetCycles());
    EXPECT_EQ(task.GetOffloadedBytes(), 3000U);
    EXPECT_EQ(MakeTask(OffloadingMode::LOCAL, 0).GetOffloadedBytes(), 0U);
    EXPECT_EQ(MakeTask(OffloadingMode::FULL, 1).GetOffloadedBytes(), 10000U);
}

TEST(Task, PartialTaskNeedsBothParts)
{
    auto task = MakeTask(OffloadingMode::PARTIAL, 0.5);
    task.resultTime = Seconds(1.02);
    EXPECT_FALSE(task.IsDone());
    EXPECT_EQ(task.GetFailure(), TaskOutcome::LOCAL_LATE);
    task.localEnd = Seconds(1.03);
    EXPECT_TRUE(task.IsDone());
}

TEST(Task, FailureNamesTheStageThatWasNotReached)
{
    auto task = MakeTask(OffloadingMode::FULL, 1);
    task.fragments = {10, 0, 0, 0};
    EXPECT_EQ(task.GetFailure(), TaskOutcome::UPLINK_EXPIRED);
    task.fragments.onAir = 6;
    task.fragments.received = 6;
    EXPECT_EQ(task.GetFailure(), TaskOutcome::UPLINK_EXPIRED); // all that was on the air arrived
    task.fragments.received = 5;
    EXPECT_EQ(task.GetFailure(), TaskOutcome::UPLINK_LOST);
    task.serverFailed = true;
    EXPECT_EQ(task.GetFailure(), TaskOutcome::SERVER_FAILED);
    task.serverFailed = false;
    task.uplinkEnd = Seconds(1.01);
    EXPECT_EQ(task.GetFailure(), TaskOutcome::QUEUE_EXPIRED);
    task.computeStart = Seconds(1.02);
    EXPECT_EQ(task.GetFailure(), TaskOutcome::COMPUTE_LATE);
    task.computeEnd = Seconds(1.03);
    EXPECT_EQ(task.GetFailure(), TaskOutcome::RESULT_LATE);
    EXPECT_EQ(MakeTask(OffloadingMode::LOCAL, 0).GetFailure(), TaskOutcome::LOCAL_LATE);
}

TEST(Task, EveryOutcomeHasANameOfItsOwn)
{
    const auto names = GetOutcomeNames();
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), TASK_OUTCOMES);
    EXPECT_EQ(names.at(static_cast<uint32_t>(TaskOutcome::COMPLETED)), "completed");
    for (const auto& name : names)
    {
        EXPECT_NE(name, "unknown");
    }
}

} // namespace
} // namespace ns3::marl
