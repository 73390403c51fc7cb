// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TRANSMISSION_H
#define NS3MARL_MODELS_TRANSMISSION_H

#include "ns3/nstime.h"
#include "ns3/wifi-phy-common.h"
#include "ns3/wifi-ppdu.h"
#include "ns3/wifi-units.h"

#include <vector>

namespace ns3::marl
{

class TunedWifiPhy;

/// Longer than any signal flies: 300 km.
inline const Time FLIGHT = MilliSeconds(1);

/// A frame in the air, with what is the same for all who receive it.
struct Transmission
{
    /// A part of a frame before its payload.
    struct Field
    {
        WifiPpduField name;
        Time duration;
        bool isDrawn; ///< a random number decides whether it is received
    };

    Time start;
    Ptr<TunedWifiPhy> sender;
    Ptr<const WifiPpdu> ppdu;
    dBm_u power;
    Time duration;
    dB_u widening;             ///< of the sensitivity, which is that of 20 MHz
    std::vector<Field> fields; ///< before the payload, the preamble first
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TRANSMISSION_H
