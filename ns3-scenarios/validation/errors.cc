// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Frames lost to noise, counted over a link of fixed SNR, against the error models' published figures.

#include "ns3/nist-error-rate-model.h"
#include "ns3/preamble-detection-model.h"
#include "ns3/string.h"

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "validation/air-time.h"
#include "validation/link.h"
#include "validation/statistics.h"
#include "validation/topics.h"

namespace ns3::marl::validation
{

namespace
{

/// Success of a frame as published.
struct Success
{
    double snrDb;
    double share;
    double rounding;
};

/// A series of such figures.
struct Series
{
    std::string name;
    std::string mode;
    bool isNist; ///< otherwise the scenario's own error model, ns-3's tables
    uint32_t referenceBytes;
    uint32_t bitsPerSymbol;
    std::string source;
    std::vector<Success> shares;
};

std::vector<Series>
GetSeries()
{
    const std::string nist = "ns-3 error-rate test, NIST model (Miller 2003), 2000 B";
    const std::string table = "ns-3 error-rate test, tables (Patidar et al. 2017), 1500 B";
    return {{"6 Mb/s, NIST",
             "OfdmRate6Mbps",
             true,
             2000,
             24,
             nist,
             {{3, 0.020, 0.0005}, {4, 0.885, 0.0005}, {5, 0.997, 0.0005}}},
            {"12 Mb/s, NIST",
             "OfdmRate12Mbps",
             true,
             2000,
             48,
             nist,
             {{6, 0.0174, 0.0005}, {7, 0.881, 0.0005}, {8, 0.997, 0.0005}}},
            {"HE MCS 7, as in the scenario",
             "HeMcs7",
             false,
             1500,
             GetHeBitsPerSymbol(7),
             table,
             {{18.5, 1 - 0.74920, 5e-6}, {19, 1 - 0.34531, 5e-6}, {19.5, 1 - 0.12672, 5e-6}, {20, 1 - 0.03650, 5e-6}}}};
}

struct Counted
{
    double share{0};
    uint32_t frameBytes{0};
};

/// Broadcasts frames at fixed SNR: no acknowledgement, no repetition.
Counted
Count(const Series& series, double snrDb, uint32_t frames)
{
    constexpr uint32_t PACKET_BYTES_LESS = 38; ///< MAC header 26, FCS 4 and LLC 8 B
    const RadioSettings settings;
    Link link(settings, Link::GetDistanceM(settings, snrDb));
    link.GetDeviceRadio()->GetRemoteStationManager()->SetAttribute("NonUnicastMode", StringValue(series.mode));
    if (series.isNist)
    {
        const auto phy = link.GetServerRadio()->GetPhy();
        phy->SetErrorRateModel(CreateObject<NistErrorRateModel>());
        phy->SetPreambleDetectionModel(nullptr); // which needs 4 dB
    }
    for (uint32_t i = 0; i < frames; i++)
    {
        link.Broadcast(series.referenceBytes - PACKET_BYTES_LESS);
        link.Run(MilliSeconds(4));
    }
    return {static_cast<double>(link.GetReceived()) / link.GetFrames().size(), link.GetFrames()[0].bytes};
}

} // namespace

void
ValidateErrors(Report& report, Effort effort)
{
    const uint32_t frames = effort == Effort::FULL ? 20'000 : 3'000;
    for (const auto& series : GetSeries())
    {
        for (const auto& [snrDb, share, rounding] : series.shares)
        {
            const auto counted = Count(series, snrDb, frames);
            // A receiver decodes whole symbols, padding included, and errors are independent from bit to bit.
            const double symbols = std::ceil((22.0 + 8 * counted.frameBytes) / series.bitsPerSymbol);
            const double expected = std::pow(share, symbols * series.bitsPerSymbol / (8.0 * series.referenceBytes));
            std::ostringstream name;
            name << series.name << ", success of " << counted.frameBytes << " B at " << snrDb << " dB";
            report.Add({name.str(),
                        "1",
                        expected,
                        series.source,
                        counted.share,
                        SIGMAS * GetBinomialError(expected, frames) + rounding,
                        "4 binomial standard errors and rounding",
                        Place{"errors", series.name, snrDb}});
        }
    }
}

} // namespace ns3::marl::validation
