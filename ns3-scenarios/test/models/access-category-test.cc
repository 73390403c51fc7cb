// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/access-category.h"

#include <gtest/gtest.h>

namespace ns3::marl
{
namespace
{

/// With the default ranges: deadlines of 20 to 100 ms, at most 3.6e8 cycles, beta 0.2 and gamma 0.3.
bool
GoesToVideo(Edca mode, uint32_t sizeBytes, double density, int64_t deadlineMs, bool premium)
{
    return IsVideo(mode, {sizeBytes, density, MilliSeconds(deadlineMs), premium}, {}, {});
}

TEST(AccessCategory, NoneTakesNothing)
{
    EXPECT_FALSE(GoesToVideo(Edca::NONE, 30000, 1500, 20, true));
}

TEST(AccessCategory, DeadlineTakesTheLowerHalf)
{
    EXPECT_TRUE(GoesToVideo(Edca::DEADLINE, 8000, 500, 59, false));
    EXPECT_FALSE(GoesToVideo(Edca::DEADLINE, 30000, 1500, 60, true));
}

TEST(AccessCategory, ResourceTakesMoreThanHalfOfTheLargestWork)
{
    EXPECT_TRUE(GoesToVideo(Edca::RESOURCE, 15001, 1500, 100, false)); // 1.80012e8 cycles
    EXPECT_FALSE(GoesToVideo(Edca::RESOURCE, 15000, 1500, 20, true));
}

TEST(AccessCategory, SlaTakesPremium)
{
    EXPECT_TRUE(GoesToVideo(Edca::SLA, 8000, 500, 100, true));
    EXPECT_FALSE(GoesToVideo(Edca::SLA, 30000, 1500, 20, false));
}

/// P = 0.2 c / C_max + 0.3 premium, above 0.25.
TEST(AccessCategory, CombinedTakesTheUpperHalfOfThePriorities)
{
    EXPECT_TRUE(GoesToVideo(Edca::COMBINED, 8000, 500, 100, true));
    EXPECT_FALSE(GoesToVideo(Edca::COMBINED, 30000, 1500, 20, false)); // 0.2
}

} // namespace
} // namespace ns3::marl
