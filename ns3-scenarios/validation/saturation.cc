// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "validation/saturation.h"

#include "models/expiring-send.h"
#include "models/power-level.h"
#include "models/radio-network.h"

#include "ns3/config.h"
#include "ns3/mobility-helper.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/uinteger.h"
#include "ns3/wifi-helper.h"
#include "ns3/wifi-mac-helper.h"
#include "ns3/wifi-mac.h"
#include "ns3/yans-wifi-helper.h"

#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

namespace ns3::marl::validation
{

namespace
{

constexpr double RADIUS_M = 0.4;      ///< below the reference distance of 1 m, so that every path has the same loss
constexpr double WARM_UP_SHARE = 0.2; ///< of the span, before it: windows grow
const Time REFILL = MilliSeconds(5);
constexpr uint32_t QUEUED = 20; ///< packets that a queue is filled up to
constexpr uint32_t BINS = 200;

std::vector<Vector>
GetCircle(uint32_t count)
{
    std::vector<Vector> positions;
    for (uint32_t i = 0; i < count; i++)
    {
        const double angle = 2 * std::numbers::pi * i / count;
        positions.emplace_back(RADIUS_M * std::cos(angle), RADIUS_M * std::sin(angle), 1.5);
    }
    return positions;
}

void
Reset()
{
    Config::Reset();
    RngSeedManager::SetSeed(1);
    RngSeedManager::SetRun(1);
    RadioNetwork::SetAttributeDefaults();
    Config::SetDefault("ns3::WifiMacQueue::MaxDelay", TimeValue(Seconds(1000)));
}

/// Fills the stations' queues and counts what arrives.
class Meter
{
  public:
    /// \param refill fills the queues of all stations
    Meter(const Time& span, std::function<void()> refill)
        : m_start(Seconds(WARM_UP_SHARE * span.GetSeconds())),
          m_span(span),
          m_refill(std::move(refill)),
          m_bins(BINS, 0)
    {
        Simulator::Schedule(Time(0), &Meter::Refill, this);
    }

    void NoteReceived(uint32_t packets)
    {
        const Time since = Simulator::Now() - m_start;
        if (since.IsPositive() && since < m_span)
        {
            m_bins[static_cast<std::size_t>(BINS * (since / m_span).GetDouble())] += packets;
        }
    }

    Estimate Run()
    {
        Simulator::Stop(m_start + m_span);
        Simulator::Run();
        const double binS = m_span.GetSeconds() / BINS;
        for (auto& bin : m_bins)
        {
            bin *= 8e-6 * Saturation::PACKET_BYTES / binS;
        }
        return GetMean(m_bins);
    }

  private:
    void Refill()
    {
        m_refill();
        Simulator::Schedule(REFILL, &Meter::Refill, this);
    }

    Time m_start;
    Time m_span;
    std::function<void()> m_refill;
    std::vector<double> m_bins; ///< packets, then Mb/s
};

} // namespace

Estimate
Saturation::MeasureNetwork(uint8_t mcs, uint32_t retryLimit) const
{
    constexpr uint32_t UDP_HEADER_BYTES = 28; ///< with IPv4
    Reset();
    RadioSettings settings;
    settings.channels = 1;
    RadioNetwork network(settings, GetCircle(stations), {{0, 0, 1.5}});
    network.AssignStreams(1000);
    const auto peer = Mac48Address::ConvertFrom(network.GetServerRadio(0, 0)->GetAddress());
    std::vector<Ptr<Socket>> sockets;
    for (uint32_t i = 0; i < stations; i++)
    {
        network.Acquaint(i, 0, 0);
        const auto radio = network.GetDeviceRadio(i, 0);
        RadioNetwork::GetRates(radio)->SetLink(peer, mcs, MAXIMUM_POWER_LEVEL);
        radio->GetMac()->SetAttribute("BE_MaxAmpduSize", UintegerValue(0));
        radio->GetMac()->SetAttribute("FrameRetryLimit", UintegerValue(retryLimit));
        sockets.push_back(Socket::CreateSocket(network.GetDevice(i), UdpSocketFactory::GetTypeId()));
        sockets.back()->Bind();
    }
    Meter meter(span, [&] {
        for (uint32_t i = 0; i < stations; i++)
        {
            const auto queue = RadioNetwork::GetQueue(network.GetDeviceRadio(i, 0), 0);
            for (uint32_t waiting = queue->GetNPackets(); waiting < QUEUED; waiting++)
            {
                sockets[i]->SendTo(Create<Packet>(PACKET_BYTES - UDP_HEADER_BYTES),
                                   0,
                                   InetSocketAddress(RadioNetwork::GetServerAddress(0, 0), TASK_PORT));
            }
        }
    });
    const auto receiver = Socket::CreateSocket(network.GetServer(0), UdpSocketFactory::GetTypeId());
    receiver->Bind(InetSocketAddress(Ipv4Address::GetAny(), TASK_PORT));
    receiver->SetRecvCallback(Callback<void, Ptr<Socket>>([&meter](Ptr<Socket> socket) {
        while (socket->Recv())
        {
            meter.NoteReceived(1);
        }
    }));
    const auto throughput = meter.Run();
    Simulator::Destroy();
    return throughput;
}

Estimate
Saturation::MeasureRing(const std::string& mode) const
{
    Reset();
    NodeContainer nodes(stations);
    const auto places = CreateObject<ListPositionAllocator>();
    for (const auto& position : GetCircle(stations))
    {
        places->Add(position);
    }
    MobilityHelper mobility;
    mobility.SetPositionAllocator(places);
    mobility.Install(nodes);

    auto channel = YansWifiChannelHelper::Default();
    YansWifiPhyHelper phy;
    phy.SetChannel(channel.Create());
    phy.Set("ChannelSettings", StringValue("{36, 20, BAND_5GHZ, 0}"));
    phy.DisablePreambleDetectionModel();
    phy.SetErrorRateModel("ns3::NistErrorRateModel");
    WifiMacHelper mac;
    mac.SetType("ns3::AdhocWifiMac", "FrameRetryLimit", UintegerValue(65535));
    WifiHelper wifi;
    wifi.SetStandard(WIFI_STANDARD_80211a);
    wifi.SetRemoteStationManager(
        "ns3::ConstantRateWifiManager", "DataMode", StringValue(mode), "ControlMode", StringValue(mode));
    const auto radios = wifi.Install(phy, mac, nodes);
    WifiHelper::AssignStreams(radios, 1000);

    Meter meter(span, [&] {
        for (uint32_t i = 0; i < stations; i++)
        {
            const auto radio = DynamicCast<WifiNetDevice>(radios.Get(i));
            const auto queue = radio->GetMac()->GetTxopQueue(AC_BE_NQOS);
            for (uint32_t waiting = queue->GetNPackets(); waiting < QUEUED; waiting++)
            {
                radio->Send(Create<Packet>(PACKET_BYTES), radios.Get((i + 1) % stations)->GetAddress(), 1);
            }
        }
    });
    for (uint32_t i = 0; i < stations; i++)
    {
        radios.Get(i)->SetReceiveCallback(Callback<bool, Ptr<NetDevice>, Ptr<const Packet>, uint16_t, const Address&>(
            [&meter](Ptr<NetDevice>, Ptr<const Packet>, uint16_t, const Address&) {
                meter.NoteReceived(1);
                return true;
            }));
    }
    const auto throughput = meter.Run();
    Simulator::Destroy();
    return throughput;
}

} // namespace ns3::marl::validation
