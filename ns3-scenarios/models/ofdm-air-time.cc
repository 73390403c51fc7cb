// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/ofdm-air-time.h"

namespace ns3::marl
{

namespace
{

constexpr uint32_t SYMBOL_US = 8;
constexpr uint32_t PREAMBLE_US = 40;
constexpr uint32_t SERVICE_AND_TAIL_BITS = 22;

} // namespace

Time
GetOfdm10AirTime(uint32_t rateMbps, uint32_t bytes)
{
    const uint32_t bitsPerSymbol = rateMbps * SYMBOL_US;
    const uint32_t symbols = (SERVICE_AND_TAIL_BITS + 8 * bytes + bitsPerSymbol - 1) / bitsPerSymbol;
    return MicroSeconds(PREAMBLE_US + SYMBOL_US * symbols);
}

uint32_t
GetOfdm10AckRate(uint32_t rateMbps)
{
    return rateMbps >= 12 ? 12 : rateMbps >= 6 ? 6 : 3;
}

} // namespace ns3::marl
