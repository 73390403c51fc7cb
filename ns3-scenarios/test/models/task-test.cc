// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/task.h"

#include <gtest/gtest.h>

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
    EXPECT_EQ(task.GetFailure(), TaskOutcome::UPLINK_LATE);
    task.uplinkEnd = Seconds(1.01);
    EXPECT_EQ(task.GetFailure(), TaskOutcome::QUEUE_EXPIRED);
    task.computeStart = Seconds(1.02);
    EXPECT_EQ(task.GetFailure(), TaskOutcome::COMPUTE_LATE);
    task.computeEnd = Seconds(1.03);
    EXPECT_EQ(task.GetFailure(), TaskOutcome::RESULT_LATE);
    EXPECT_EQ(MakeTask(OffloadingMode::LOCAL, 0).GetFailure(), TaskOutcome::LOCAL_LATE);
}

TEST(Task, EveryFailureHasAName)
{
    for (const auto outcome : FAILED_OUTCOMES)
    {
        EXPECT_NE(GetName(outcome), "unknown");
    }
}

} // namespace
} // namespace ns3::marl
