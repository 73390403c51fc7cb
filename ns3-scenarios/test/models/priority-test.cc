// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/priority.h"

#include <gtest/gtest.h>

namespace ns3::marl
{
namespace
{

TEST(Priority, TermsByHand)
{
    const PriorityWeights weights{0.5, 0.2, 0.3, 3.6e8};
    // half of the deadline used, half of C_max, premium
    EXPECT_DOUBLE_EQ(weights.Get(MilliSeconds(50), MilliSeconds(100), 1.8e8, true), 0.25 + 0.1 + 0.3);
    EXPECT_DOUBLE_EQ(weights.Get(MilliSeconds(100), MilliSeconds(100), 0, false), 0);
}

TEST(Priority, TermsStayInTheirRange)
{
    const PriorityWeights weights{0.5, 0.2, 0.3, 3.6e8};
    EXPECT_DOUBLE_EQ(weights.Get(MilliSeconds(-5), MilliSeconds(100), 7.2e8, true), 1);
    EXPECT_DOUBLE_EQ(weights.Get(MilliSeconds(200), MilliSeconds(100), 0, false), 0);
}

} // namespace
} // namespace ns3::marl
