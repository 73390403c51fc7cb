// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_VALIDATION_AIR_TIME_H
#define NS3MARL_VALIDATION_AIR_TIME_H

#include "ns3/nstime.h"

#include <cstdint>

namespace ns3::marl::validation
{

/// Durations as IEEE 802.11 has them, written here from its formulas and without ns-3's Wi-Fi code.
constexpr double SLOT_S = 9e-6; ///< 5 GHz
constexpr double SIFS_S = 16e-6;
constexpr uint32_t ACK_BYTES = 14;

constexpr double OFDM_PREAMBLE_S = 20e-6;
constexpr double HE_PREAMBLE_S = 44e-6; ///< of HE SU: legacy 20, RL-SIG 4, HE-SIG-A 8, HE-STF 4, HE-LTF 8 us
constexpr double HE_SYMBOL_S = 13.6e-6; ///< 12.8 us and a guard interval of 0.8 us

/// \return bits in a symbol of 20 MHz and one stream: N_SD N_BPSC r, N_SD = 234
uint32_t GetHeBitsPerSymbol(uint8_t mcs);

/// \return of an HE SU frame: preamble and ceil((16 + 8 bytes + 6) / N_DBPS) symbols
double GetHeDurationS(uint8_t mcs, uint32_t bytes);

/// \return of a non-HT frame: 20 us and ceil((16 + 8 bytes + 6) / N_DBPS) symbols of 4 us
double GetOfdmDurationS(double rateMbps, uint32_t bytes);

} // namespace ns3::marl::validation

#endif // NS3MARL_VALIDATION_AIR_TIME_H
