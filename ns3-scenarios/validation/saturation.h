// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_VALIDATION_SATURATION_H
#define NS3MARL_VALIDATION_SATURATION_H

#include "ns3/nstime.h"

#include <cstdint>
#include <string>

#include "validation/statistics.h"

namespace ns3::marl::validation
{

/// Stations within half a metre of each other, where all are heard alike, that always have a packet of 1500 B to send.
struct Saturation
{
    static constexpr uint32_t PACKET_BYTES = 1500; ///< with IPv4 and UDP where there are any

    uint32_t stations{5};
    Time span{Seconds(5)}; ///< measured, once contention has settled

    /// RadioNetwork: devices that send to one server without aggregation. \param retryLimit FrameRetryLimit of ns-3
    /// \return throughput [Mb/s]
    Estimate MeasureNetwork(uint8_t mcs, uint32_t retryLimit) const;

    /// 802.11a as Bianchi has it: stations in a ring, each sending to the next at a rate of \p mode, without QoS and retry
    /// limit. No model of this scenario takes part; it tells how near ns-3's own Wi-Fi comes.
    Estimate MeasureRing(const std::string& mode) const;
};

} // namespace ns3::marl::validation

#endif // NS3MARL_VALIDATION_SATURATION_H
