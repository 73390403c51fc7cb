// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_OFDM_AIR_TIME_H
#define NS3MARL_MODELS_OFDM_AIR_TIME_H

#include "ns3/nstime.h"

#include <cstdint>

namespace ns3::marl
{

constexpr uint32_t MAC_BYTES = 28; ///< header of 24 B and check sum of 4 B of a data frame without QoS
constexpr uint32_t LLC_BYTES = 8;
constexpr uint32_t ACK_BYTES = 14;
const Time OFDM10_SIFS = MicroSeconds(32);

/// Time of an 802.11 OFDM frame on a channel of 10 MHz (IEEE 802.11-2020, eq. 17-29, with twice the times of 20 MHz):
/// 40 us of preamble and SIGNAL, then symbols of 8 us that carry 16 service bits, the frame and 6 tail bits.
///
/// \param rateMbps 3, 6, 9, 12, 18, 24 or 27 \param bytes of the frame, check sum included
Time GetOfdm10AirTime(uint32_t rateMbps, uint32_t bytes);

/// \return rate of the acknowledgement: the highest of the mandatory 3, 6 and 12 Mb/s that is not above the frame's
uint32_t GetOfdm10AckRate(uint32_t rateMbps);

} // namespace ns3::marl

#endif // NS3MARL_MODELS_OFDM_AIR_TIME_H
