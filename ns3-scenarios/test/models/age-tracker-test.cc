// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/age-tracker.h"

#include <gtest/gtest.h>

namespace ns3::marl
{
namespace
{

TEST(AgeTracker, GrowsFromZeroAtItsStart)
{
    const AgeTracker age(Seconds(2));
    EXPECT_EQ(age.GetAge(Seconds(2)), Seconds(0));
    EXPECT_EQ(age.GetAge(Seconds(5)), Seconds(3));
    EXPECT_EQ(age.GetPeaks(), 0U);
}

TEST(AgeTracker, FallsToTheAgeOfTheUpdate)
{
    AgeTracker age;
    age.Update(Seconds(1), Seconds(4));
    EXPECT_EQ(age.GetAge(Seconds(4)), Seconds(3));
    EXPECT_EQ(age.GetMeanPeak(), Seconds(4));
    age.Update(Seconds(3), Seconds(5));
    EXPECT_EQ(age.GetAge(Seconds(6)), Seconds(3));
    EXPECT_EQ(age.GetMeanPeak(), Seconds(4)); // peaks 4 and 5 - 1
    EXPECT_EQ(age.GetPeaks(), 2U);
}

TEST(AgeTracker, OlderUpdatesChangeNothing)
{
    AgeTracker age;
    age.Update(Seconds(3), Seconds(4));
    age.Update(Seconds(2), Seconds(5));
    EXPECT_EQ(age.GetAge(Seconds(5)), Seconds(2));
    EXPECT_EQ(age.GetPeaks(), 1U);
}

/// D/D/1: updates every second that take 0.4 s. The age swings between 0.4 and 1.4 s, 0.9 s on average (Kaul et al. 2012).
TEST(AgeTracker, SawtoothOfPeriodicUpdates)
{
    AgeTracker age;
    constexpr int STEPS_PER_SECOND = 10;
    double sumS = 0;
    int samples = 0;
    for (int step = 0; step < 100 * STEPS_PER_SECOND; step++)
    {
        const Time now = Seconds(step / double{STEPS_PER_SECOND});
        if (step % STEPS_PER_SECOND == 4)
        {
            age.Update(now - Seconds(0.4), now);
        }
        if (step >= 2 * STEPS_PER_SECOND)
        {
            sumS += age.GetAge(now + Seconds(0.5 / STEPS_PER_SECOND)).GetSeconds(); // middle of the step
            samples++;
        }
    }
    EXPECT_NEAR(sumS / samples, 0.9, 1e-9);
    EXPECT_NEAR(age.GetMeanPeak().GetSeconds(), 1.4, 0.02); // the first peak is 0.4 s
}

TEST(AgeTracker, ReceiptCountsFromTheLastUpdateWhateverItsGeneration)
{
    AgeTracker age(Seconds(1));
    EXPECT_EQ(age.GetReceiptAge(Seconds(3)), Seconds(2));
    age.Update(Seconds(4), Seconds(5));
    age.Update(Seconds(2), Seconds(6)); // older than what is known
    EXPECT_EQ(age.GetReceiptAge(Seconds(8)), Seconds(2));
    EXPECT_EQ(age.GetAge(Seconds(8)), Seconds(4));
}

} // namespace
} // namespace ns3::marl
