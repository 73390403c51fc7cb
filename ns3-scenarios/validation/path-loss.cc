// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Received power and noise, through the scenario's network and through frames that it carried.

#include "models/power-level.h"

#include <array>
#include <cmath>
#include <string>

#include "validation/link.h"
#include "validation/topics.h"

namespace ns3::marl::validation
{

namespace
{

/// ns-3's test of its log-distance model: exponent 3, 40.045997 dB at 1 m.
constexpr double REFERENCE_LOSS_DB = 40.045997;
constexpr double SENT_W = 0.05035702;

struct Received
{
    double distanceM;
    double powerW;
};

constexpr std::array<Received, 4> RECEIVED{{{10, 4.98265e-9}, {20, 6.22831e-10}, {40, 7.78539e-11}, {80, 9.73173e-12}}};
constexpr double ROUNDING_DB = 0.0001;      ///< of these figures
constexpr double NOISE_ROUNDING_DB = 0.005; ///< of -93.97 dBm
constexpr double NOISE_DBM = -93.97;

double
ToDbm(double powerW)
{
    return 10 * std::log10(powerW) + 30;
}

} // namespace

void
ValidatePathLoss(Report& report, Effort /* effort */)
{
    RadioSettings settings;
    settings.propagation.referenceLossDb = REFERENCE_LOSS_DB;
    for (const auto& [distanceM, powerW] : RECEIVED)
    {
        Link link(settings, distanceM);
        link.SetRate(0, MAXIMUM_POWER_DBM);
        link.Send(1, 1000);
        link.Run(MilliSeconds(10));
        const auto& heard = link.GetHeard().at(0);
        const std::string at = " at " + std::to_string(static_cast<int>(distanceM)) + " m";
        const double gainDb = ToDbm(powerW) - ToDbm(SENT_W);
        report.Add({"received power of a frame sent with 30 dBm" + at,
                    "dBm",
                    MAXIMUM_POWER_DBM + gainDb,
                    "ns-3 propagation-loss test",
                    heard.signalDbm,
                    ROUNDING_DB,
                    "rounding of the reference",
                    Place{"path-loss", "received power [dBm]", distanceM}});
        report.Add({"mean SNR of 30 dBm" + at,
                    "dB",
                    MAXIMUM_POWER_DBM + gainDb - NOISE_DBM,
                    "the same less kTB + 7 dB",
                    link.GetNetwork().GetPropagation().GetMeanSnrDb(0, 0),
                    NOISE_ROUNDING_DB + ROUNDING_DB,
                    "rounding of the reference",
                    Place{"path-loss", "mean SNR [dB]", distanceM}});
        report.Add({"SNR of a received frame" + at,
                    "dB",
                    MAXIMUM_POWER_DBM + gainDb - NOISE_DBM,
                    "the same less kTB + 7 dB",
                    heard.signalDbm - heard.noiseDbm,
                    NOISE_ROUNDING_DB + ROUNDING_DB,
                    "rounding of the reference",
                    {}});
        if (distanceM == RECEIVED[0].distanceM)
        {
            report.Add({"noise of a received frame",
                        "dBm",
                        NOISE_DBM,
                        "kTB over 20 MHz at 290 K + 7 dB",
                        heard.noiseDbm,
                        NOISE_ROUNDING_DB,
                        "rounding of the reference",
                        {}});
        }
    }
}

} // namespace ns3::marl::validation
