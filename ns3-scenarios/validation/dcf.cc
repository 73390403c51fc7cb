// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Saturated contention for a channel, against Bianchi's model and the figures that ns-3 checks itself with.

#include <array>
#include <optional>
#include <string>

#include "validation/air-time.h"
#include "validation/bianchi.h"
#include "validation/saturation.h"
#include "validation/topics.h"

namespace ns3::marl::validation
{

namespace
{

constexpr std::array<uint32_t, 4> STATIONS{5, 10, 20, 50};
const std::string BIANCHI = "Bianchi, JSAC 18(3), 2000";
constexpr uint32_t NO_LIMIT = 65535;
constexpr double NS3_TOLERANCE = 0.015;                              ///< what ns-3 accepts of itself
constexpr std::array<double, 4> PACKETS{6'000, 6'000, 4'000, 3'000}; ///< measured in each run

using Throughputs = std::array<double, STATIONS.size()>; ///< [Mb/s]

struct Ring
{
    std::string mode;
    std::string name;
    Throughputs reference;
};

struct Network
{
    uint8_t mcs;
    Throughputs reference;
};

// ns-3, wifi-bianchi: the figures for stations that wait DIFS after a collision. Here nobody makes out a broken preamble, so
// nobody waits EIFS.
const std::array<Ring, 3> RINGS{{{"OfdmRate6Mbps", "802.11a, 6 Mb/s", {4.7087, 4.3453, 3.9899, 3.5071}},
                                 {"OfdmRate24Mbps", "802.11a, 24 Mb/s", {16.2470, 15.1426, 14.0072, 12.4144}},
                                 {"OfdmRate54Mbps", "802.11a, 54 Mb/s", {29.8324, 28.1519, 26.2925, 23.5618}}}};
const std::array<Network, 3> NETWORKS{{{0, {6.3746, 5.8670, 5.3742, 4.7004}},
                                       {4, {26.3492, 24.7107, 22.9553, 20.3991}},
                                       {11, {43.0043, 41.0039, 38.5865, 34.8154}}}};

/// The radios of the scenario as they are: best effort, AIFSN 3. IEEE 802.11-2020, 10.23.2.2: at a retry limit of seven the
/// eighth failure takes the window back to its minimum. The frame stays: block-ack agreements know no limit of attempts.
constexpr uint8_t AIFSN = 3;
constexpr uint32_t RETRY_LIMIT = 7;

Bianchi
GetBianchi(uint8_t mcs, std::optional<uint32_t> attempts)
{
    constexpr uint32_t HEADER_BYTES = 26 + 4 + 8 + 4; ///< QoS data, FCS, LLC, delimiter of a lone subframe
    const double ackMbps = mcs == 0 ? 6 : mcs < 3 ? 12 : 24;
    const double dataS = GetHeDurationS(mcs, Saturation::PACKET_BYTES + HEADER_BYTES);
    const double aifsS = SIFS_S + AIFSN * SLOT_S;
    Bianchi model;
    model.attempts = attempts;
    model.payloadBits = 8.0 * Saturation::PACKET_BYTES;
    model.successS = dataS + SIFS_S + GetOfdmDurationS(ackMbps, ACK_BYTES) + aifsS;
    model.collisionS = dataS + aifsS;
    return model;
}

void
AddThroughput(Report& report,
              const std::string& name,
              uint32_t stations,
              double reference,
              const std::string& source,
              const Estimate& ours,
              bool isDrawn = true)
{
    const Place place{"dcf", name, static_cast<double>(stations)};
    report.Add({name + ", throughput, n = " + std::to_string(stations),
                "Mb/s",
                reference,
                source,
                ours.mean,
                NS3_TOLERANCE * reference + 2 * ours.standardError,
                "1.5 % and 2 standard errors",
                isDrawn ? std::optional(place) : std::nullopt});
}

} // namespace

void
ValidateDcf(Report& report, Effort effort)
{
    const std::size_t sizes = effort == Effort::FULL ? STATIONS.size() : 1;
    for (std::size_t i = 0; i < sizes; i++)
    {
        const auto make = [&](double throughputMbps) {
            return Saturation{STATIONS[i], Seconds(PACKETS[i] * 8e-6 * Saturation::PACKET_BYTES / throughputMbps)};
        };
        for (const auto& [mode, name, reference] : RINGS)
        {
            AddThroughput(
                report, name, STATIONS[i], reference[i], "ns-3 wifi-bianchi", make(reference[i]).MeasureRing(mode));
        }
        for (const auto& [mcs, reference] : NETWORKS)
        {
            const std::string name = "scenario's radios, MCS " + std::to_string(mcs);
            const auto unlimited = make(reference[i]).MeasureNetwork(mcs, NO_LIMIT);
            AddThroughput(report, name + ", no retry limit", STATIONS[i], reference[i], "ns-3 wifi-bianchi", unlimited);
            AddThroughput(report,
                          name + ", no retry limit",
                          STATIONS[i],
                          GetBianchi(mcs, {}).GetThroughputMbps(STATIONS[i]),
                          BIANCHI,
                          unlimited,
                          false);
            AddThroughput(report,
                          name,
                          STATIONS[i],
                          GetBianchi(mcs, RETRY_LIMIT + 1).GetThroughputMbps(STATIONS[i]),
                          BIANCHI,
                          make(reference[i]).MeasureNetwork(mcs, RETRY_LIMIT));
        }
    }
}

} // namespace ns3::marl::validation
