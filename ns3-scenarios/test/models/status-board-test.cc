// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/status-board.h"

#include <gtest/gtest.h>

namespace ns3::marl
{
namespace
{

ServerStatus
MakeStatus(uint32_t server, double busy)
{
    ServerStatus status;
    status.server = server;
    status.busy = {busy};
    return status;
}

TEST(StatusBoard, WhatWasMissedKeepsItsValueAndTime)
{
    StatusBoard board(2, 1, MilliSeconds(5));
    EXPECT_FALSE(board.GetServer(0).known);
    board.Enter(MakeStatus(0, 0.1), 20, MilliSeconds(95));
    board.Enter(MakeStatus(1, 0.3), 30, MilliSeconds(97));
    board.Enter(MakeStatus(1, 0.5), 25, MilliSeconds(196));
    EXPECT_EQ(board.GetServer(0).snrDb, 20);
    EXPECT_EQ(board.GetServer(0).heard, MilliSeconds(95));
    EXPECT_EQ(board.GetServer(1).snrDb, 25);
    EXPECT_EQ(board.GetServer(1).heard, MilliSeconds(196));
}

TEST(StatusBoard, ChannelIsTheMeanOverTheServersOfARound)
{
    StatusBoard board(2, 1, MilliSeconds(5));
    board.Enter(MakeStatus(0, 0.1), 20, MilliSeconds(95));
    board.Enter(MakeStatus(1, 0.3), 30, MilliSeconds(97));
    EXPECT_NEAR(board.GetChannel(0).busy, 0.2, 1e-12);
    board.Enter(MakeStatus(1, 0.5), 25, MilliSeconds(196));
    EXPECT_NEAR(board.GetChannel(0).busy, 0.5, 1e-12);
}

} // namespace
} // namespace ns3::marl
