// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "validation/air-time.h"

#include <array>
#include <cmath>

namespace ns3::marl::validation
{

namespace
{

constexpr uint32_t SERVICE_BITS = 16;
constexpr uint32_t TAIL_BITS = 6;

} // namespace

uint32_t
GetHeBitsPerSymbol(uint8_t mcs)
{
    struct Coding
    {
        uint32_t bits; ///< in a subcarrier
        double rate;
    };
    constexpr uint32_t DATA_SUBCARRIERS = 234;
    constexpr std::array<Coding, 12> CODINGS{{{1, 1.0 / 2},
                                              {2, 1.0 / 2},
                                              {2, 3.0 / 4},
                                              {4, 1.0 / 2},
                                              {4, 3.0 / 4},
                                              {6, 2.0 / 3},
                                              {6, 3.0 / 4},
                                              {6, 5.0 / 6},
                                              {8, 3.0 / 4},
                                              {8, 5.0 / 6},
                                              {10, 3.0 / 4},
                                              {10, 5.0 / 6}}};
    const auto& [bits, rate] = CODINGS.at(mcs);
    return static_cast<uint32_t>(std::floor(DATA_SUBCARRIERS * bits * rate + 1e-9));
}

double
GetHeDurationS(uint8_t mcs, uint32_t bytes)
{
    const double symbols = std::ceil((SERVICE_BITS + 8.0 * bytes + TAIL_BITS) / GetHeBitsPerSymbol(mcs));
    return HE_PREAMBLE_S + symbols * HE_SYMBOL_S;
}

double
GetOfdmDurationS(double rateMbps, uint32_t bytes)
{
    constexpr double SYMBOL_US = 4;
    const double symbols = std::ceil((SERVICE_BITS + 8.0 * bytes + TAIL_BITS) / (rateMbps * SYMBOL_US));
    return OFDM_PREAMBLE_S + symbols * SYMBOL_US * 1e-6;
}

} // namespace ns3::marl::validation
