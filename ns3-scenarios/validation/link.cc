// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "validation/link.h"

#include "models/expiring-send.h"
#include "models/power-level.h"

#include "ns3/config.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/wifi-phy-state-helper.h"

#include <cmath>

namespace ns3::marl::validation
{

namespace
{

constexpr double HEIGHT_M = 1.5;
constexpr int64_t NETWORK_STREAM = 1000;

} // namespace

Link::Link(RadioSettings settings, double distanceM)
{
    Config::Reset();
    RngSeedManager::SetSeed(1);
    RngSeedManager::SetRun(1);
    RadioNetwork::SetAttributeDefaults();
    settings.channels = 1;
    m_network = std::make_unique<RadioNetwork>(
        settings, std::vector<Vector>{{0, 0, HEIGHT_M}}, std::vector<Vector>{{distanceM, 0, HEIGHT_M}});
    m_network->AssignStreams(NETWORK_STREAM); // the fading is not started: gains stay at 0 dB
    m_network->Acquaint(0, 0, 0);
    m_sender = Socket::CreateSocket(m_network->GetDevice(0), UdpSocketFactory::GetTypeId());
    m_sender->SetAllowBroadcast(true);
    m_sender->Bind();
    m_receiver = Socket::CreateSocket(m_network->GetServer(0), UdpSocketFactory::GetTypeId());
    m_receiver->Bind(InetSocketAddress(Ipv4Address::GetAny(), TASK_PORT));
    m_receiver->SetRecvCallback(Callback<void, Ptr<Socket>>([this](Ptr<Socket> socket) {
        while (socket->Recv())
        {
            m_received++;
        }
    }));
    Trace();
}

Link::~Link()
{
    Simulator::Destroy();
}

void
Link::Trace()
{
    const auto phy = GetDeviceRadio()->GetPhy();
    phy->TraceConnectWithoutContext("PhyTxPsduBegin",
                                    Callback<void, WifiConstPsduMap, WifiTxVector, double>(
                                        [this](WifiConstPsduMap psdus, WifiTxVector vector, double powerW) {
                                            const auto bytes = psdus.begin()->second->GetSize();
                                            m_frames.push_back({bytes, vector.GetMode(), powerW, {}});
                                        }));
    phy->GetState()->TraceConnectWithoutContext(
        "State", Callback<void, Time, Time, WifiPhyState>([this](Time /* start */, Time duration, WifiPhyState state) {
            if (state == WifiPhyState::TX)
            {
                m_frames.back().duration = duration;
            }
        }));
    GetServerRadio()->GetPhy()->TraceConnectWithoutContext(
        "MonitorSnifferRx",
        Callback<void, Ptr<const Packet>, uint16_t, WifiTxVector, MpduInfo, SignalNoiseDbm, uint16_t>(
            [this](Ptr<const Packet>, uint16_t, WifiTxVector, MpduInfo, SignalNoiseDbm levels, uint16_t) {
                m_heard.push_back({levels.signal, levels.noise});
            }));
}

double
Link::GetDistanceM(const RadioSettings& settings, double snrDb)
{
    const double noiseDbm = 10 * std::log10(1.3803e-23 * 290 * 20e6 * 1000) + settings.propagation.noiseFigureDb;
    return std::pow(10,
                    (MAXIMUM_POWER_DBM - settings.propagation.referenceLossDb - noiseDbm - snrDb) /
                        (10 * settings.propagation.pathLossExponent));
}

void
Link::SetRate(uint8_t mcs, double powerDbm)
{
    const auto peer = Mac48Address::ConvertFrom(GetServerRadio()->GetAddress());
    RadioNetwork::GetRates(GetDeviceRadio())->SetLink(peer, mcs, GetPowerLevel(powerDbm));
}

void
Link::Send(uint32_t count, uint32_t packetBytes)
{
    for (uint32_t i = 0; i < count; i++)
    {
        m_sender->SendTo(Create<Packet>(packetBytes - HEADER_BYTES),
                         0,
                         InetSocketAddress(RadioNetwork::GetServerAddress(0, 0), TASK_PORT));
    }
}

void
Link::Broadcast(uint32_t packetBytes)
{
    m_sender->SendTo(Create<Packet>(packetBytes - HEADER_BYTES),
                     0,
                     InetSocketAddress(RadioNetwork::GetBroadcastAddress(0), TASK_PORT));
}

void
Link::Run(const Time& span)
{
    Simulator::Stop(span);
    Simulator::Run();
}

RadioNetwork&
Link::GetNetwork()
{
    return *m_network;
}

Ptr<WifiNetDevice>
Link::GetDeviceRadio() const
{
    return m_network->GetDeviceRadio(0, 0);
}

Ptr<WifiNetDevice>
Link::GetServerRadio() const
{
    return m_network->GetServerRadio(0, 0);
}

const std::vector<Link::Frame>&
Link::GetFrames() const
{
    return m_frames;
}

const std::vector<Link::Heard>&
Link::GetHeard() const
{
    return m_heard;
}

uint32_t
Link::GetReceived() const
{
    return m_received;
}

} // namespace ns3::marl::validation
