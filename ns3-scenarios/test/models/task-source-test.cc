// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/task-source.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ns3::marl
{
namespace
{

TEST(TaskSource, MarginalsOfTheDefaultRanges)
{
    TaskSource source({});
    source.AssignStreams(500);
    constexpr int TICKS = 20000;
    int tasks = 0;
    int premium = 0;
    double sizeSum = 0;
    double jitterSumS = 0;
    for (int tick = 0; tick < TICKS; tick++)
    {
        const auto draw = source.Next();
        jitterSumS += draw.jitter.GetSeconds();
        if (draw.task)
        {
            tasks++;
            premium += draw.task->premium ? 1 : 0;
            sizeSum += draw.task->sizeBytes;
            EXPECT_GE(draw.task->deadline, MilliSeconds(20));
            EXPECT_LE(draw.task->deadline, MilliSeconds(100));
            EXPECT_GE(draw.task->densityCyclesPerBit, 500);
            EXPECT_LE(draw.task->densityCyclesPerBit, 1500);
        }
    }
    // within 4 standard errors
    EXPECT_NEAR(tasks / double{TICKS}, 0.3, 4 * std::sqrt(0.21 / TICKS));
    EXPECT_NEAR(premium / double(tasks), 0.3, 4 * std::sqrt(0.21 / tasks));
    EXPECT_NEAR(sizeSum / tasks, 19000, 4 * 22000 / std::sqrt(12.0 * tasks));
    EXPECT_NEAR(jitterSumS / TICKS, 0.002, 4 * 0.004 / std::sqrt(12.0 * TICKS));
}

TEST(TaskSource, OneRangeDoesNotMoveTheOtherDraws)
{
    TaskRanges ranges;
    TaskSource first(ranges);
    ranges.arrivalProbability = 1;
    ranges.deadlineMax = MilliSeconds(50);
    TaskSource second(ranges);
    first.AssignStreams(500);
    second.AssignStreams(500);
    for (int tick = 0; tick < 200; tick++)
    {
        const auto a = first.Next();
        const auto b = second.Next();
        ASSERT_TRUE(b.task);
        EXPECT_EQ(a.jitter, b.jitter);
        if (a.task)
        {
            EXPECT_EQ(a.task->sizeBytes, b.task->sizeBytes);
            EXPECT_EQ(a.task->premium, b.task->premium);
        }
    }
}

} // namespace
} // namespace ns3::marl
