// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/task-statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ns3::marl
{
namespace
{

/// Values of Jain, Chiu and Hawe's index worked out by hand.
TEST(JainIndex, KnownValues)
{
    EXPECT_DOUBLE_EQ(GetJainIndex({1, 0, 0, 0}), 0.25);
    EXPECT_NEAR(GetJainIndex({1, 2, 3, 4, 5}), 0.8182, 5e-5);
    EXPECT_NEAR(GetJainIndex({1, 1, 1, 1, 1, 1, 1, 1, 1, 0}), 0.9, 1e-12);
    EXPECT_DOUBLE_EQ(GetJainIndex({0, 0}), 1);
    EXPECT_TRUE(std::isnan(GetJainIndex({})));
}

Task
MakeEnded(uint32_t device, bool premium, TaskOutcome outcome, int64_t latencyMs)
{
    Task task;
    task.device = device;
    task.parameters.premium = premium;
    task.arrival = Seconds(1);
    task.end = task.arrival + MilliSeconds(latencyMs);
    task.outcome = outcome;
    return task;
}

TEST(TaskStatistics, NothingToMeasureIsNan)
{
    const TaskStatistics statistics(2);
    EXPECT_TRUE(std::isnan(statistics.GetCompletionRatio()));
    EXPECT_TRUE(std::isnan(statistics.GetMeanLatencyS()));
    EXPECT_TRUE(std::isnan(statistics.GetLatencyQuantileS(0.95)));
    EXPECT_TRUE(std::isnan(statistics.GetDeviceFairness()));
}

TEST(TaskStatistics, CountsByHand)
{
    TaskStatistics statistics(3);
    statistics.Add(MakeEnded(0, true, TaskOutcome::COMPLETED, 10));
    statistics.Add(MakeEnded(0, false, TaskOutcome::COMPLETED, 30));
    statistics.Add(MakeEnded(1, false, TaskOutcome::COMPLETED, 20));
    statistics.Add(MakeEnded(1, false, TaskOutcome::UPLINK_LOST, 90));
    EXPECT_DOUBLE_EQ(statistics.GetCompletionRatio(), 0.75);
    EXPECT_DOUBLE_EQ(statistics.GetCompletionRatio(true), 1);
    EXPECT_DOUBLE_EQ(statistics.GetCompletionRatio(false), 2 / 3.0);
    EXPECT_EQ(statistics.GetFailed(), 1U);
    EXPECT_NEAR(statistics.GetMeanLatencyS(true), 0.01, 1e-12);
    EXPECT_NEAR(statistics.GetMeanLatencyS(false), 0.025, 1e-12);
    EXPECT_NEAR(statistics.GetMeanLatencyS(), 0.02, 1e-12);                     // failed tasks have no latency
    EXPECT_NEAR(statistics.GetDeviceFairness(), 1.5 * 1.5 / (2 * 1.25), 1e-12); // device 2 had no task
    EXPECT_DOUBLE_EQ(statistics.GetDeviceMinMaxRatio(), 0.5);
}

TEST(TaskStatistics, QuantileIsTheNearestRank)
{
    TaskStatistics statistics(1);
    for (int latencyMs = 100; latencyMs >= 1; latencyMs--)
    {
        statistics.Add(MakeEnded(0, false, TaskOutcome::COMPLETED, latencyMs));
    }
    EXPECT_NEAR(statistics.GetLatencyQuantileS(0.95), 0.095, 1e-12);
    EXPECT_NEAR(statistics.GetLatencyQuantileS(1), 0.1, 1e-12);
    EXPECT_NEAR(statistics.GetMeanLatencyS(), 0.0505, 1e-12);
}

} // namespace
} // namespace ns3::marl
