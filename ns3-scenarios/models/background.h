// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_BACKGROUND_H
#define NS3MARL_MODELS_BACKGROUND_H

#include "models/radio-network.h"

#include "ns3/nstime.h"

#include <cstdint>

namespace ns3::marl
{

/// Stations that send Wi-Fi frames of their own and that no agent controls, at random places in the area. Devices and
/// servers do not fade for them: path loss alone counts.
struct Background
{
    static constexpr uint16_t PORT = 9; ///< discard

    /// Adds them to the network. Each station has its own random streams from \p stream on.
    void AddTo(RadioNetwork& network, double areaM, double heightM, int64_t stream) const;

    /// Stations that broadcast at 6 Mb/s while they are on: station i on channel i mod C. On and off periods are
    /// exponential. They contend for the channel like everybody else.
    uint32_t interferers{0};
    double interfererDuty{0.3};          ///< share of the time that they are on, above 0
    Time interfererOn{MilliSeconds(20)}; ///< mean
    double crossTrafficMbps{0}; ///< UDP from one station to another on each channel, in bursts every 20 ms, at most 100
    double powerDbm{20};        ///< of all of them
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_BACKGROUND_H
