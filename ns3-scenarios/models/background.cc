// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/background.h"

#include "models/agreed-adhoc-mac.h"
#include "models/ipv4-neighbours.h"
#include "models/mcs.h"
#include "models/power-level.h"

#include "ns3/data-rate.h"
#include "ns3/double.h"
#include "ns3/inet-socket-address.h"
#include "ns3/ipv4-interface-address.h"
#include "ns3/on-off-helper.h"
#include "ns3/packet-sink-helper.h"
#include "ns3/pointer.h"
#include "ns3/random-variable-stream.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ns3::marl
{

namespace
{

constexpr int64_t STATION_STREAMS = 100;
constexpr int64_t PLACE_STREAM = 0;
constexpr int64_t TRAFFIC_STREAM = 8;
constexpr int64_t RADIO_STREAM = 16;
constexpr int64_t CROSS_TRAFFIC_STREAM = 1'000'000; ///< after those of the interferers
constexpr uint32_t PACKET_BYTES = 1400;             ///< UDP payload
constexpr uint64_t BROADCAST_BPS = 5'300'000; ///< of payload: a 6 Mb/s frame takes 2.08 of 2.11 ms, backoff included
constexpr uint64_t BURST_BPS = 1'000'000'000; ///< of cross traffic within a burst
constexpr double BURST_PERIOD_S = 0.02;
constexpr double PAIR_DISTANCE_M = 10;
constexpr double MARGIN_DB = 2;

Vector
DrawPlace(double areaM, double heightM, int64_t stream)
{
    const auto variable = CreateObject<UniformRandomVariable>();
    variable->SetStream(stream + PLACE_STREAM);
    const double x = variable->GetValue(0, areaM);
    const double y = variable->GetValue(0, areaM);
    return {x, y, heightM};
}

Ptr<RandomVariableStream>
MakeExponential(double meanS)
{
    const auto variable = CreateObject<ExponentialRandomVariable>();
    variable->SetAttribute("Mean", DoubleValue(meanS));
    return variable;
}

Ptr<RandomVariableStream>
MakeConstant(double value)
{
    const auto variable = CreateObject<ConstantRandomVariable>();
    variable->SetAttribute("Constant", DoubleValue(value));
    return variable;
}

RadioNetwork::Station
AddStation(RadioNetwork& network, const Vector& place, uint32_t channel, double powerDbm, int64_t stream)
{
    const auto station = network.AddStation(place, channel);
    RadioNetwork::GetRates(station.radio)->SetDefaultTxPowerLevel(GetPowerLevel(powerDbm));
    RadioNetwork::AssignStreams(station, stream + RADIO_STREAM);
    return station;
}

void
AddInterferer(RadioNetwork& network,
              const Background& background,
              const Vector& place,
              uint32_t channel,
              int64_t stream)
{
    const auto station = AddStation(network, place, channel, background.powerDbm, stream);
    OnOffHelper traffic("ns3::UdpSocketFactory",
                        InetSocketAddress(RadioNetwork::GetBroadcastAddress(channel), Background::PORT));
    traffic.SetConstantRate(DataRate(BROADCAST_BPS), PACKET_BYTES);
    const double onS = background.interfererOn.GetSeconds();
    traffic.SetAttribute("OnTime", PointerValue(MakeExponential(onS)));
    const double offS = onS * (1 - background.interfererDuty) / background.interfererDuty;
    traffic.SetAttribute("OffTime", PointerValue(MakeExponential(offS)));
    traffic.Install(station.node);
    traffic.AssignStreams(NodeContainer(station.node), stream + TRAFFIC_STREAM);
}

void
AddPair(RadioNetwork& network,
        const Background& background,
        double areaM,
        const Vector& place,
        uint32_t channel,
        int64_t stream)
{
    const auto direction = CreateObject<UniformRandomVariable>();
    direction->SetStream(stream + PLACE_STREAM + 1);
    const double angle = direction->GetValue(0, 2 * std::numbers::pi);
    const Vector other(std::clamp(place.x + PAIR_DISTANCE_M * std::cos(angle), 0.0, areaM),
                       std::clamp(place.y + PAIR_DISTANCE_M * std::sin(angle), 0.0, areaM),
                       place.z);
    const auto sender = AddStation(network, place, channel, background.powerDbm, stream);
    const auto receiver = AddStation(network, other, channel, background.powerDbm, stream + STATION_STREAMS / 2);
    Introduce(sender.interface, receiver.interface);
    auto& mac = *DynamicCast<AgreedAdhocMac>(sender.radio->GetMac());
    AgreedAdhocMac::Agree(mac, *DynamicCast<AgreedAdhocMac>(receiver.radio->GetMac()), 0);
    const double snrDb = network.GetPropagation().GetPathSnrDb(sender.node->GetObject<MobilityModel>(),
                                                               receiver.node->GetObject<MobilityModel>()) -
                         (MAXIMUM_POWER_DBM - background.powerDbm);
    const auto peer = Mac48Address::ConvertFrom(receiver.radio->GetAddress());
    RadioNetwork::GetRates(sender.radio)
        ->SetLink(peer, SelectMcs(snrDb - MARGIN_DB), GetPowerLevel(background.powerDbm));

    const InetSocketAddress to(receiver.interface->GetAddress(0).GetLocal(), Background::PORT);
    OnOffHelper traffic("ns3::UdpSocketFactory", to);
    traffic.SetConstantRate(DataRate(BURST_BPS), PACKET_BYTES);
    const double onS = BURST_PERIOD_S * background.crossTrafficMbps * 1e6 / BURST_BPS;
    traffic.SetAttribute("OnTime", PointerValue(MakeConstant(onS)));
    traffic.SetAttribute("OffTime", PointerValue(MakeConstant(BURST_PERIOD_S - onS)));
    const auto phase = CreateObject<UniformRandomVariable>();
    phase->SetStream(stream + PLACE_STREAM + 2);
    traffic.Install(sender.node).Start(Seconds(phase->GetValue(0, BURST_PERIOD_S)));
    PacketSinkHelper("ns3::UdpSocketFactory", to).Install(receiver.node);
}

} // namespace

void
Background::AddTo(RadioNetwork& network, double areaM, double heightM, int64_t stream) const
{
    for (uint32_t index = 0; index < interferers; index++)
    {
        const int64_t own = stream + index * STATION_STREAMS;
        AddInterferer(network, *this, DrawPlace(areaM, heightM, own), index % network.GetChannels(), own);
    }
    for (uint32_t channel = 0; crossTrafficMbps > 0 && channel < network.GetChannels(); channel++)
    {
        const int64_t own = stream + CROSS_TRAFFIC_STREAM + channel * STATION_STREAMS;
        AddPair(network, *this, areaM, DrawPlace(areaM, heightM, own), channel, own);
    }
}

} // namespace ns3::marl
