// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/mcs.h"

#include <gtest/gtest.h>

namespace ns3::marl
{
namespace
{

TEST(Mcs, EachThresholdOpensItsMcs)
{
    for (std::size_t mcs = 0; mcs < MCS_THRESHOLDS_DB.size(); mcs++)
    {
        EXPECT_EQ(SelectMcs(MCS_THRESHOLDS_DB[mcs]), mcs);
        EXPECT_EQ(SelectMcs(MCS_THRESHOLDS_DB[mcs] - 0.01), mcs == 0 ? 0 : mcs - 1);
    }
}

TEST(Mcs, EndsOfTheScale)
{
    EXPECT_EQ(SelectMcs(-60), 0);
    EXPECT_EQ(SelectMcs(80), 11);
}

} // namespace
} // namespace ns3::marl
