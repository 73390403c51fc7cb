// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/ofdm-air-time.h"

#include "ns3/wifi-phy.h"

#include <gtest/gtest.h>

#include <string>

namespace ns3::marl
{
namespace
{

TEST(OfdmAirTime, ByHand)
{
    // 1600 B and 36 B of headers at 6 Mb/s: (22 + 13088) bits in symbols of 48 are 273.1, so 274.
    EXPECT_EQ(GetOfdm10AirTime(6, 1636), MicroSeconds(40 + 274 * 8));
    EXPECT_EQ(GetOfdm10AirTime(6, ACK_BYTES), MicroSeconds(40 + 3 * 8));
    EXPECT_EQ(GetOfdm10AirTime(3, ACK_BYTES), MicroSeconds(40 + 6 * 8));
}

// ns-3 pads frames of 10 MHz to halves of a symbol, so it may need 4 us less.
TEST(OfdmAirTime, IsWhatNs3NeedsUpToHalfASymbol)
{
    for (const uint32_t rate : {3, 6, 9, 12, 18, 24, 27})
    {
        const WifiTxVector vector(WifiMode("OfdmRate" + std::to_string(rate) + "MbpsBW10MHz"),
                                  0,
                                  WIFI_PREAMBLE_LONG,
                                  NanoSeconds(1600),
                                  1,
                                  1,
                                  0,
                                  10,
                                  false);
        for (const uint32_t bytes : {14U, 100U, 1636U, 2304U})
        {
            const Time ours = GetOfdm10AirTime(rate, bytes);
            const Time theirs = WifiPhy::CalculateTxDuration(bytes, vector, WIFI_PHY_BAND_5GHZ);
            EXPECT_TRUE(theirs == ours || theirs == ours - MicroSeconds(4)) << rate << " " << bytes << " " << theirs;
        }
    }
}

} // namespace
} // namespace ns3::marl
