// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/power-level.h"

#include <gtest/gtest.h>

namespace ns3::marl
{
namespace
{

TEST(PowerLevel, EveryLevelIsItsOwn)
{
    for (int level = 0; level <= MAXIMUM_POWER_LEVEL; level++)
    {
        EXPECT_EQ(GetPowerLevel(GetPowerDbm(level)), level);
    }
    EXPECT_DOUBLE_EQ(GetPowerDbm(1) - GetPowerDbm(0), 0.125);
    EXPECT_DOUBLE_EQ(GetPowerDbm(MAXIMUM_POWER_LEVEL), 30);
}

TEST(PowerLevel, PowersBetweenLevelsAndBeyondTheEnds)
{
    EXPECT_EQ(GetPowerLevel(0.07), 1);
    EXPECT_EQ(GetPowerLevel(-3), 0);
    EXPECT_EQ(GetPowerLevel(31), MAXIMUM_POWER_LEVEL);
}

} // namespace
} // namespace ns3::marl
