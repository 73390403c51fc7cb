// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/fragment-header.h"
#include "models/status-header.h"

#include "ns3/packet.h"

#include <gtest/gtest.h>

namespace ns3::marl
{
namespace
{

TEST(FragmentHeader, SurvivesThePacket)
{
    FragmentHeader sent;
    sent.job.id = 70000;
    sent.job.cycles = 3.6e8;
    sent.job.expiry = Seconds(99.5);
    sent.job.deadline = MilliSeconds(37);
    sent.job.premium = true;
    sent.fragment = 21;
    sent.fragmentCount = 22;
    sent.tid = 5;
    const auto packet = Create<Packet>(100);
    packet->AddHeader(sent);
    EXPECT_EQ(packet->GetSize(), 100 + FragmentHeader::SIZE_BYTES);

    FragmentHeader received;
    EXPECT_EQ(packet->RemoveHeader(received), FragmentHeader::SIZE_BYTES);
    EXPECT_EQ(received.job.id, sent.job.id);
    EXPECT_EQ(received.job.cycles, sent.job.cycles);
    EXPECT_EQ(received.job.expiry, sent.job.expiry);
    EXPECT_EQ(received.job.deadline, sent.job.deadline);
    EXPECT_EQ(received.job.premium, sent.job.premium);
    EXPECT_EQ(received.fragment, sent.fragment);
    EXPECT_EQ(received.fragmentCount, sent.fragmentCount);
    EXPECT_EQ(received.tid, sent.tid);
}

TEST(StatusHeader, SurvivesThePacket)
{
    StatusHeader sent;
    sent.status.server = 17;
    sent.status.rateHz = 30e9;
    sent.status.utilisation = 0.25;
    sent.status.meanWait = MicroSeconds(1234);
    sent.status.received = 12;
    sent.status.busy = {0, 0.5, 1, 1.5};
    const auto packet = Create<Packet>();
    packet->AddHeader(sent);

    StatusHeader received;
    packet->RemoveHeader(received);
    constexpr double STEP = 1.0 / 65535;
    EXPECT_EQ(received.status.server, 17U);
    EXPECT_EQ(received.status.rateHz, 30e9);
    EXPECT_NEAR(received.status.utilisation, 0.25, STEP);
    EXPECT_EQ(received.status.meanWait, MicroSeconds(1234));
    EXPECT_EQ(received.status.received, 12U);
    ASSERT_EQ(received.status.busy.size(), 4U);
    EXPECT_EQ(received.status.busy[0], 0);
    EXPECT_NEAR(received.status.busy[1], 0.5, STEP);
    EXPECT_EQ(received.status.busy[2], 1);
    EXPECT_EQ(received.status.busy[3], 1); // clipped
}

} // namespace
} // namespace ns3::marl
