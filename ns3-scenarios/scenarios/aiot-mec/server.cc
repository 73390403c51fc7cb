// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/server.h"

#include "ns3/random-variable-stream.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ns3::marl::aiot_mec
{

std::vector<double>
GetServerRates(const Settings& settings, int64_t stream)
{
    if (!settings.serverRatesHz.empty())
    {
        return settings.serverRatesHz;
    }
    const auto variable = CreateObject<UniformRandomVariable>();
    variable->SetStream(stream);
    std::vector<uint32_t> ranks(settings.servers);
    std::iota(ranks.begin(), ranks.end(), 0);
    for (uint32_t i = settings.servers - 1; i > 0; i--)
    {
        std::swap(ranks[i], ranks[variable->GetInteger(0, i)]);
    }
    std::vector<double> rates;
    for (const uint32_t rank : ranks)
    {
        const double share = settings.servers == 1 ? 0.5 : rank / (settings.servers - 1.0);
        rates.push_back(settings.serverRateMinHz + share * (settings.serverRateMaxHz - settings.serverRateMinHz));
    }
    return rates;
}

std::vector<uint32_t>
GetSlotServers(const Settings& settings, const RadioNetwork& network, uint32_t device)
{
    std::vector<uint32_t> servers(settings.servers);
    std::iota(servers.begin(), servers.end(), 0);
    if (servers.size() > Settings::SERVER_SLOTS)
    {
        std::sort(servers.begin(), servers.end(), [&](uint32_t a, uint32_t b) {
            const double snrA = network.GetPropagation().GetMeanSnrDb(device, a);
            const double snrB = network.GetPropagation().GetMeanSnrDb(device, b);
            return snrA != snrB ? snrA > snrB : a < b;
        });
        servers.resize(Settings::SERVER_SLOTS);
        std::sort(servers.begin(), servers.end());
    }
    return servers;
}

} // namespace ns3::marl::aiot_mec
