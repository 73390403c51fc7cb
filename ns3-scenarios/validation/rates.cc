// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Air time of the frames that the scenario's radios send, against IEEE 802.11ax.

#include "models/power-level.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "validation/air-time.h"
#include "validation/link.h"
#include "validation/topics.h"

namespace ns3::marl::validation
{

namespace
{

/// IEEE 802.11ax, 20 MHz, one stream, guard interval 0.8 us [Mb/s]
constexpr std::array<double, 12> RATES{8.6, 17.2, 25.8, 34.4, 51.6, 68.8, 77.4, 86.0, 103.2, 114.7, 129.0, 143.4};
constexpr double ROUNDING = 0.05;

} // namespace

void
ValidateRates(Report& report, Effort /* effort */)
{
    constexpr uint32_t PACKETS = 40;
    constexpr uint32_t PACKET_BYTES = 1428;
    uint8_t mcs = 0;
    for (const double expected : RATES)
    {
        Link link({}, 5);
        link.SetRate(mcs, MAXIMUM_POWER_DBM);
        link.Send(1, PACKET_BYTES);
        link.Run(MilliSeconds(10));
        link.Send(PACKETS, PACKET_BYTES);
        link.Run(MilliSeconds(200));
        std::vector<Link::Frame> data;
        for (const auto& frame : link.GetFrames())
        {
            if (frame.mode.GetModulationClass() == WIFI_MOD_CLASS_HE)
            {
                data.push_back(frame);
            }
        }
        const auto [shortest, longest] = std::minmax_element(
            data.begin(), data.end(), [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
        const std::string name = "MCS " + std::to_string(mcs);
        for (const auto& frame : {*shortest, *longest})
        {
            report.Add({name + ", air time of a frame of " + std::to_string(frame.bytes) + " B",
                        "us",
                        1e6 * GetHeDurationS(mcs, frame.bytes),
                        "44 us + 13.6 us ceil((22 + 8 L)/N_DBPS)",
                        1e6 * frame.duration.GetSeconds(),
                        0.001,
                        "exact to a nanosecond",
                        {}});
        }
        const double spanS = (longest->duration - shortest->duration).GetSeconds();
        const double rate = 8e-6 * (longest->bytes - shortest->bytes) / spanS;
        report.Add({name + ", bits over air time between the two",
                    "Mb/s",
                    expected,
                    "IEEE 802.11ax, N_SD N_BPSC r / 13.6 us",
                    rate,
                    ROUNDING + rate * HE_SYMBOL_S / spanS,
                    "rounding, and one symbol of padding",
                    Place{"rates", "measured", static_cast<double>(mcs)}});
        mcs++;
    }
}

} // namespace ns3::marl::validation
