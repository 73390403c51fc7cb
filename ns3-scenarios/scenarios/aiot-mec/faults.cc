// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/faults.h"

#include "bridge/arguments.h"

#include <optional>
#include <sstream>

#include "scenarios/aiot-mec/require.h"

namespace ns3::marl::aiot_mec
{

namespace
{

constexpr double GHZ = 1e9;

/// \return nothing unless the whole text is a finite number
std::optional<double>
ReadNumber(const std::string& text)
{
    double value = 0;
    return ArgumentType<double>::Read(text, value) ? std::optional(value) : std::nullopt;
}

bool
Overlap(const ServerFailure& a, const ServerFailure& b)
{
    return a.server == b.server && a.from < b.to && b.from < a.to;
}

} // namespace

std::vector<ServerFailure>
ParseServerFailures(const std::string& text, uint32_t servers)
{
    const std::string argument = "serverFailures";
    std::vector<ServerFailure> failures;
    for (const auto& part : SplitList(text, ','))
    {
        const auto fields = SplitList(part, ':');
        const auto field = [&](std::size_t i) { return fields.size() == 3 ? ReadNumber(fields[i]) : std::nullopt; };
        const auto server = field(0);
        const auto from = field(1);
        const auto to = field(2);
        Require(server && from && to, argument, part, "ID:FROM:TO with times in seconds, such as 2:5:7.5");
        Require(*server >= 0 && *server < servers && *server == std::floor(*server),
                argument,
                part,
                "a server from 0 to " + std::to_string(servers - 1));
        Require(*from >= 0 && *to > *from, argument, part, "FROM at least 0 and TO after FROM");
        const ServerFailure failure{static_cast<uint32_t>(*server), Seconds(*from), Seconds(*to)};
        for (const auto& other : failures)
        {
            Require(!Overlap(failure, other), argument, part, "times of a server that do not overlap");
        }
        failures.push_back(failure);
    }
    return failures;
}

std::vector<double>
ParseServerRates(const std::string& text, uint32_t servers)
{
    std::vector<double> rates;
    for (const auto& part : SplitList(text, ','))
    {
        const auto rateGhz = ReadNumber(part);
        Require(rateGhz && *rateGhz > 0, "serverRates", text, "rates above 0 GHz, separated by commas");
        Require(*rateGhz >= 0.001 && *rateGhz <= 100'000, "serverRates", text, "rates from 0.001 to 100000 GHz");
        rates.push_back(*rateGhz * GHZ);
    }
    Require(rates.empty() || rates.size() == servers,
            "serverRates",
            text,
            std::to_string(servers) + " rates, one for each server");
    return rates;
}

} // namespace ns3::marl::aiot_mec
