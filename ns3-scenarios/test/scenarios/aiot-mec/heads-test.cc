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
        m_heads.Describe(m_devices);
        m_device.index = 1;
        m_device.slotServers = {4, 7};
    }

    Spec m_spec;
    Group& m_devices{m_spec.AddGroup("devices", {"device_0", "device_1"})};
    Heads m_heads;
    Device m_device;
};

TEST_F(AiotMecHeads, AreActiveOnlyWhereTheModeNeedsThem)
{
    const std::vector<uint32_t> offloads{1, 2};
    EXPECT_FALSE(m_devices.discreteHeads[m_heads.mode.head].activeIf);
    for (const auto& condition : {m_devices.discreteHeads[m_heads.server.head].activeIf,
                                  m_devices.discreteHeads[m_heads.channel.head].activeIf,
                                  m_devices.continuousHeads[m_heads.power.head].activeIf})
    {
        ASSERT_TRUE(condition);
        EXPECT_EQ(condition->head.head, m_heads.mode.head);
        EXPECT_EQ(condition->choices, offloads);
    }
    ASSERT_TRUE(m_devices.continuousHeads[m_heads.ratio.head].activeIf);
    EXPECT_EQ(m_devices.continuousHeads[m_heads.ratio.head].activeIf->choices, std::vector<uint32_t>{1});
}

TEST_F(AiotMecHeads, GiveTheServerOfTheSlot)
{
    m_devices.AddFeature({.name = "has_task", .unit = "1"});
    Action action(m_spec);
    action.Set(m_heads.mode, 1, OffloadingMode::PARTIAL);
    action.Set(m_heads.server, 1, 1);
    action.Set(m_heads.channel, 1, 3);
    action.Set(m_heads.power, 1, 12.5);
    action.Set(m_heads.ratio, 1, 0.25);
    const auto decision = m_heads.Read(action, m_device);
    EXPECT_EQ(decision.mode, OffloadingMode::PARTIAL);
    EXPECT_EQ(decision.server, 7U);
    EXPECT_EQ(decision.channel, 3U);
    EXPECT_EQ(decision.powerDbm, 12.5);
    EXPECT_EQ(decision.ratio, 0.25);
}

TEST_F(AiotMecHeads, OfALocalTaskSayNothingElse)
{
    Action action(m_spec);
    action.Set(m_heads.mode, 1, OffloadingMode::LOCAL);
    action.Set(m_heads.server, 1, 17); // no server stands in that slot
    EXPECT_EQ(m_heads.Read(action, m_device).mode, OffloadingMode::LOCAL);
    EXPECT_EQ(m_heads.Read(action, m_device).powerDbm, 0);
}

} // namespace
} // namespace ns3::marl::aiot_mec
