// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/energy-meter.h"

#include <gtest/gtest.h>

namespace ns3::marl
{
namespace
{

/// Default powers: P_out / 0.1 + 0.819 W, 0.939 W, 0.819 W.
TEST(EnergyMeter, StatesByHand)
{
    EnergyMeter meter({}, Seconds(0));
    meter.NotifyTxBegin(0, 1.0); // 30 dBm
    meter.NotifyState(0, Seconds(0), MilliSeconds(2), WifiPhyState::TX);
    meter.NotifyState(0, MilliSeconds(2), MilliSeconds(3), WifiPhyState::RX);
    meter.NotifyState(0, MilliSeconds(5), MilliSeconds(1), WifiPhyState::CCA_BUSY);
    EXPECT_NEAR(meter.GetTransmitJ(), 0.002 * 10.819, 1e-12);
    EXPECT_NEAR(meter.GetTransmitAboveIdleJ(), 0.002 * 10, 1e-12);
    EXPECT_NEAR(meter.GetReceiveJ(), 0.003 * 0.939, 1e-12);
    EXPECT_NEAR(meter.GetIdleJ(MilliSeconds(100)), 0.095 * 0.819, 1e-12);
    EXPECT_EQ(meter.GetBusyTime(), MilliSeconds(6));
}

TEST(EnergyMeter, StatesFillTheTimeAndPartsAddUp)
{
    EnergyMeter meter({}, Seconds(1));
    meter.NotifyTxBegin(0, 0.5);
    meter.NotifyState(0, Seconds(1), MilliSeconds(7), WifiPhyState::TX);
    meter.NotifyState(0, Seconds(1.01), MilliSeconds(13), WifiPhyState::RX);
    const Time now = Seconds(1.5);
    EXPECT_EQ(meter.GetTransmitTime() + meter.GetReceiveTime() + meter.GetIdleTime(now), now - Seconds(1));
    EXPECT_DOUBLE_EQ(meter.GetTotalJ(now), meter.GetTransmitJ() + meter.GetReceiveJ() + meter.GetIdleJ(now));
    EXPECT_NEAR(meter.GetTotalJ(now), 0.007 * 5.819 + 0.013 * 0.939 + 0.48 * 0.819, 1e-12);
    meter.CheckConservation(now);
}

TEST(EnergyMeter, MoreStatesThanTimeAbort)
{
    EnergyMeter meter({}, Seconds(0));
    meter.NotifyState(0, Seconds(0), MilliSeconds(8), WifiPhyState::TX);
    meter.CheckConservation(MilliSeconds(1)); // a transmission under way reaches beyond now
    meter.NotifyState(0, MilliSeconds(1), MilliSeconds(3), WifiPhyState::RX);
    EXPECT_DEATH(meter.CheckConservation(MilliSeconds(10)), "A modem transmitted for");
}

TEST(EnergyMeter, NothingCountsAfterItsStop)
{
    EnergyMeter meter({}, Seconds(0));
    meter.Stop(Seconds(2));
    meter.NotifyState(0, Seconds(3), MilliSeconds(1), WifiPhyState::RX);
    EXPECT_NEAR(meter.GetTotalJ(Seconds(9)), 2 * 0.819, 1e-12);
}

TEST(EnergyMeter, OnlyTheTunedRadioReceives)
{
    EnergyMeter meter({}, Seconds(0));
    meter.Tune(2);
    meter.NotifyState(0, Seconds(0), MilliSeconds(3), WifiPhyState::RX);
    EXPECT_EQ(meter.GetReceiveJ(), 0);
    meter.NotifyTxBegin(1, 0.1);
    meter.NotifyState(1, Seconds(0), MilliSeconds(1), WifiPhyState::TX); // the one modem transmits all the same
    EXPECT_NEAR(meter.GetTransmitJ(), 0.001 * 1.819, 1e-12);
}

TEST(EnergyMeter, NothingCountsBeforeItsStart)
{
    EnergyMeter meter({}, Seconds(1));
    meter.NotifyState(0, MilliSeconds(999), MilliSeconds(1), WifiPhyState::RX);
    EXPECT_EQ(meter.GetReceiveJ(), 0);
    EXPECT_EQ(meter.GetIdleJ(Seconds(1)), 0);
    EXPECT_NEAR(meter.GetIdleJ(Seconds(3)), 2 * 0.819, 1e-12);
}

} // namespace
} // namespace ns3::marl
