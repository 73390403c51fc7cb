// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include <gtest/gtest.h>

#include <vector>

#include "scenarios/aiot-mec/heads.h"

namespace ns3::marl::aiot_mec
{
namespace
{

class AiotMecHeads : public testing::Test
{
  protected:
    AiotMecHeads()
    {
        heads.Describe(devices);
        device.index = 1;
        device.slotServers = {4, 7};
    }

    Spec spec;
    Group& devices{spec.AddGroup("devices", {"device_0", "device_1"})};
    Heads heads;
    Device device;
};

TEST_F(AiotMecHeads, AreActiveOnlyWhereTheModeNeedsThem)
{
    const std::vector<uint32_t> offloads{1, 2};
    EXPECT_FALSE(devices.discreteHeads[heads.mode.head].activeIf);
    for (const auto& condition : {devices.discreteHeads[heads.server.head].activeIf,
                                  devices.discreteHeads[heads.channel.head].activeIf,
                                  devices.continuousHeads[heads.power.head].activeIf})
    {
        ASSERT_TRUE(condition);
        EXPECT_EQ(condition->head.head, heads.mode.head);
        EXPECT_EQ(condition->choices, offloads);
    }
    ASSERT_TRUE(devices.continuousHeads[heads.ratio.head].activeIf);
    EXPECT_EQ(devices.continuousHeads[heads.ratio.head].activeIf->choices, std::vector<uint32_t>{1});
}

TEST_F(AiotMecHeads, GiveTheServerOfTheSlot)
{
    devices.AddFeature({.name = "has_task", .unit = "1"});
    Action action(spec);
    action.Set(heads.mode, 1, OffloadingMode::PARTIAL);
    action.Set(heads.server, 1, 1);
    action.Set(heads.channel, 1, 3);
    action.Set(heads.power, 1, 12.5);
    action.Set(heads.ratio, 1, 0.25);
    const auto decision = heads.Read(action, device);
    EXPECT_EQ(decision.mode, OffloadingMode::PARTIAL);
    EXPECT_EQ(decision.server, 7U);
    EXPECT_EQ(decision.channel, 3U);
    EXPECT_EQ(decision.powerDbm, 12.5);
    EXPECT_EQ(decision.ratio, 0.25);
}

TEST_F(AiotMecHeads, OfALocalTaskSayNothingElse)
{
    Action action(spec);
    action.Set(heads.mode, 1, OffloadingMode::LOCAL);
    action.Set(heads.server, 1, 17); // no server stands in that slot
    EXPECT_EQ(heads.Read(action, device).mode, OffloadingMode::LOCAL);
    EXPECT_EQ(heads.Read(action, device).powerDbm, 0);
}

} // namespace
} // namespace ns3::marl::aiot_mec
