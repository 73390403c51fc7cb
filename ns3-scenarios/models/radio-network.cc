// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/radio-network.h"

#include "models/agreed-adhoc-mac.h"
#include "models/power-level.h"

#include "ns3/abort.h"
#include "ns3/arp-cache.h"
#include "ns3/boolean.h"
#include "ns3/config.h"
#include "ns3/constant-position-mobility-model.h"
#include "ns3/double.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-interface.h"
#include "ns3/ipv4-l3-protocol.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/mobility-helper.h"
#include "ns3/propagation-delay-model.h"
#include "ns3/qos-utils.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"
#include "ns3/wifi-helper.h"
#include "ns3/wifi-mac-helper.h"
#include "ns3/yans-wifi-channel.h"
#include "ns3/yans-wifi-helper.h"

#include <array>
#include <cmath>

namespace ns3::marl
{

namespace
{

constexpr std::array<uint32_t, RadioNetwork::MAXIMUM_CHANNELS> CHANNEL_NUMBERS{36, 40, 44, 48, 52, 56, 60, 64};
constexpr double SENSITIVITY_DBM = -101;
constexpr double MUTED_SENSITIVITY_DBM = 200;
constexpr double BANDWIDTH_HZ = 20e6;
constexpr double THERMAL_NOISE_W_PER_HZ = 1.3803e-23 * 290; ///< as ns-3's InterferenceHelper has it
constexpr uint32_t FIRST_DEVICE_HOST = 1;
constexpr uint32_t FIRST_SERVER_HOST = 0xf000;

uint32_t
GetSubnet(uint32_t channel)
{
    return (10U << 24) | (channel << 16);
}

void
AddNeighbour(Ptr<Ipv4Interface> interface, Ptr<Ipv4Interface> neighbour)
{
    auto* entry = interface->GetArpCache()->Add(neighbour->GetAddress(0).GetLocal());
    entry->SetMacAddress(neighbour->GetDevice()->GetAddress());
    entry->MarkPermanent();
}

Ptr<Ipv4Interface>
AddInterface(Ptr<Node> node, Ptr<NetDevice> radio, Ipv4Address address)
{
    const auto ipv4 = node->GetObject<Ipv4L3Protocol>();
    const uint32_t index = ipv4->AddInterface(radio);
    ipv4->AddAddress(index, Ipv4InterfaceAddress(address, Ipv4Mask("/16")));
    ipv4->SetMetric(index, 1);
    ipv4->SetUp(index);
    return ipv4->GetInterface(index);
}

} // namespace

void
RadioNetwork::SetAttributeDefaults()
{
    // A-MPDUs of all access categories: voice and video would send none by default.
    for (const auto* category : {"VO", "VI", "BE", "BK"})
    {
        Config::SetDefault("ns3::WifiMac::" + std::string(category) + "_MaxAmpduSize", UintegerValue(65535));
    }
    Config::SetDefault("ns3::WifiMacQueue::MaxDelay", TimeValue(MilliSeconds(100)));
    // The SNR alone decides what is heard: at ns-3's -82 dBm, 12 dB of SNR, the links that MCS 0 and 1 serve are missing.
    Config::SetDefault("ns3::ThresholdPreambleDetectionModel::MinimumRssi", DoubleValue(-92));
}

RadioNetwork::RadioNetwork(const RadioSettings& settings,
                           const std::vector<Vector>& devicePositions,
                           const std::vector<Vector>& serverPositions)
    : m_settings(settings)
{
    NS_ABORT_MSG_IF(settings.channels == 0 || settings.channels > MAXIMUM_CHANNELS,
                    "There are 1 to " << MAXIMUM_CHANNELS << " channels, not " << settings.channels);
    NS_ABORT_MSG_IF(devicePositions.size() >= FIRST_SERVER_HOST, "Too many devices for a subnet");
    m_devices.Create(devicePositions.size());
    m_servers.Create(serverPositions.size());

    const auto place = [](const NodeContainer& nodes, const std::vector<Vector>& positions) {
        for (uint32_t i = 0; i < nodes.GetN(); i++)
        {
            const auto mobility = CreateObject<ConstantPositionMobilityModel>();
            mobility->SetPosition(positions[i]);
            nodes.Get(i)->AggregateObject(mobility);
        }
    };
    place(m_devices, devicePositions);
    place(m_servers, serverPositions);
    CreatePropagation(settings.fadingRho);

    InternetStackHelper internet;
    internet.SetIpv6StackInstall(false);
    internet.SetRoutingHelper(Ipv4StaticRoutingHelper());
    internet.Install(m_devices);
    internet.Install(m_servers);

    for (uint32_t channel = 0; channel < settings.channels; channel++)
    {
        CreateRadios(channel);
        CreateAddresses(channel);
        CreateAgreements(channel);
    }
}

void
RadioNetwork::CreatePropagation(double fadingRho)
{
    std::vector<Ptr<MobilityModel>> devices;
    std::vector<Ptr<MobilityModel>> servers;
    for (auto node = m_devices.Begin(); node != m_devices.End(); ++node)
    {
        devices.push_back((*node)->GetObject<MobilityModel>());
    }
    for (auto node = m_servers.Begin(); node != m_servers.End(); ++node)
    {
        servers.push_back((*node)->GetObject<MobilityModel>());
    }
    m_pathLoss = CreateObjectWithAttributes<LogDistancePropagationLossModel>(
        "Exponent", DoubleValue(m_settings.pathLossExponent), "ReferenceLoss", DoubleValue(m_settings.referenceLossDb));
    const double noiseDbm = 10 * std::log10(THERMAL_NOISE_W_PER_HZ * BANDWIDTH_HZ * 1000) + m_settings.noiseFigureDb;
    for (const auto& device : devices)
    {
        auto& row = m_meanSnrDb.emplace_back();
        for (const auto& server : servers)
        {
            row.push_back(m_pathLoss->CalcRxPower(MAXIMUM_POWER_DBM, device, server) - noiseDbm);
        }
    }
    m_fading = CreateObject<GaussMarkovFading>();
    m_fading->SetEndpoints(devices, servers, fadingRho);
    m_pathLoss->SetNext(m_fading);
}

void
RadioNetwork::CreateRadios(uint32_t channel)
{
    const auto air = CreateObject<YansWifiChannel>();
    air->SetPropagationLossModel(m_pathLoss);
    air->SetPropagationDelayModel(CreateObject<ConstantSpeedPropagationDelayModel>());

    YansWifiPhyHelper phy;
    phy.SetChannel(air);
    phy.Set("ChannelSettings", StringValue("{" + std::to_string(CHANNEL_NUMBERS[channel]) + ", 20, BAND_5GHZ, 0}"));
    phy.Set("TxPowerStart", DoubleValue(MINIMUM_POWER_DBM));
    phy.Set("TxPowerEnd", DoubleValue(MAXIMUM_POWER_DBM));
    phy.Set("TxPowerLevels", UintegerValue(MAXIMUM_POWER_LEVEL + 1));
    phy.Set("RxNoiseFigure", DoubleValue(m_settings.noiseFigureDb));
    phy.Set("RxSensitivity", DoubleValue(SENSITIVITY_DBM));

    WifiMacHelper mac;
    mac.SetType("ns3::marl::AgreedAdhocMac", "QosSupported", BooleanValue(true));

    WifiHelper wifi;
    wifi.SetStandard(WIFI_STANDARD_80211ax);
    wifi.SetRemoteStationManager("ns3::marl::TaskRateManager",
                                 "DefaultTxPowerLevel",
                                 UintegerValue(MAXIMUM_POWER_LEVEL),
                                 "NonUnicastMode",
                                 StringValue("OfdmRate6Mbps"));

    const auto install = [&](const NodeContainer& nodes) {
        const auto installed = wifi.Install(phy, mac, nodes);
        std::vector<Ptr<WifiNetDevice>> radios;
        radios.reserve(installed.GetN());
        for (auto radio = installed.Begin(); radio != installed.End(); ++radio)
        {
            radios.push_back(DynamicCast<WifiNetDevice>(*radio));
        }
        return radios;
    };
    m_deviceRadios.push_back(install(m_devices));
    m_serverRadios.push_back(install(m_servers));
}

void
RadioNetwork::CreateAddresses(uint32_t channel)
{
    std::vector<Ptr<Ipv4Interface>> servers;
    for (uint32_t server = 0; server < m_servers.GetN(); server++)
    {
        servers.push_back(
            AddInterface(m_servers.Get(server), m_serverRadios[channel][server], GetServerAddress(server, channel)));
    }
    for (uint32_t device = 0; device < m_devices.GetN(); device++)
    {
        const auto interface =
            AddInterface(m_devices.Get(device), m_deviceRadios[channel][device], GetDeviceAddress(device, channel));
        for (const auto& server : servers)
        {
            AddNeighbour(interface, server);
            AddNeighbour(server, interface);
        }
    }
}

void
RadioNetwork::CreateAgreements(uint32_t channel)
{
    for (const auto& deviceRadio : m_deviceRadios[channel])
    {
        auto& device = *DynamicCast<AgreedAdhocMac>(deviceRadio->GetMac());
        for (const auto& serverRadio : m_serverRadios[channel])
        {
            auto& server = *DynamicCast<AgreedAdhocMac>(serverRadio->GetMac());
            for (const uint8_t tid : m_settings.tids)
            {
                AgreedAdhocMac::Agree(device, server, tid);
                AgreedAdhocMac::Agree(server, device, tid);
            }
        }
    }
}

int64_t
RadioNetwork::AssignStreams(int64_t stream)
{
    int64_t assigned = m_fading->AssignStreams(stream);
    for (uint32_t channel = 0; channel < GetChannels(); channel++)
    {
        for (const auto* radios : {&m_deviceRadios[channel], &m_serverRadios[channel]})
        {
            NetDeviceContainer container;
            for (const auto& radio : *radios)
            {
                container.Add(radio);
            }
            assigned += WifiHelper::AssignStreams(container, stream + assigned);
        }
    }
    InternetStackHelper internet;
    assigned += internet.AssignStreams(m_devices, stream + assigned);
    assigned += internet.AssignStreams(m_servers, stream + assigned);
    return assigned;
}

uint32_t
RadioNetwork::GetChannels() const
{
    return m_settings.channels;
}

Ptr<Node>
RadioNetwork::GetDevice(uint32_t device) const
{
    return m_devices.Get(device);
}

Ptr<Node>
RadioNetwork::GetServer(uint32_t server) const
{
    return m_servers.Get(server);
}

Ptr<WifiNetDevice>
RadioNetwork::GetDeviceRadio(uint32_t device, uint32_t channel) const
{
    return m_deviceRadios.at(channel).at(device);
}

Ptr<WifiNetDevice>
RadioNetwork::GetServerRadio(uint32_t server, uint32_t channel) const
{
    return m_serverRadios.at(channel).at(server);
}

Ptr<GaussMarkovFading>
RadioNetwork::GetFading() const
{
    return m_fading;
}

Ipv4Address
RadioNetwork::GetDeviceAddress(uint32_t device, uint32_t channel)
{
    return Ipv4Address(GetSubnet(channel) | (FIRST_DEVICE_HOST + device));
}

Ipv4Address
RadioNetwork::GetServerAddress(uint32_t server, uint32_t channel)
{
    return Ipv4Address(GetSubnet(channel) | (FIRST_SERVER_HOST + server));
}

Ipv4Address
RadioNetwork::GetBroadcastAddress(uint32_t channel)
{
    return Ipv4Address(GetSubnet(channel) | 0xffff);
}

uint32_t
RadioNetwork::GetChannelOf(Ipv4Address address)
{
    return (address.Get() >> 16) & 0xff;
}

double
RadioNetwork::GetSnrDb(uint32_t device, uint32_t server) const
{
    return m_meanSnrDb[device][server] + m_fading->GetGainDb(device, server);
}

double
RadioNetwork::GetMeanSnrDb(uint32_t device, uint32_t server) const
{
    return m_meanSnrDb[device][server];
}

void
RadioNetwork::SetMuted(Ptr<WifiNetDevice> radio, bool muted)
{
    radio->GetPhy()->SetRxSensitivity(muted ? MUTED_SENSITIVITY_DBM : SENSITIVITY_DBM);
}

Ptr<TaskRateManager>
RadioNetwork::GetRates(Ptr<WifiNetDevice> radio)
{
    return DynamicCast<TaskRateManager>(radio->GetRemoteStationManager());
}

Ptr<WifiMacQueue>
RadioNetwork::GetQueue(Ptr<WifiNetDevice> radio, uint8_t tid)
{
    return radio->GetMac()->GetTxopQueue(QosUtilsMapTidToAc(tid));
}

} // namespace ns3::marl
