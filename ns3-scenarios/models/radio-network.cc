// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/radio-network.h"

#include "models/agreed-adhoc-mac.h"
#include "models/ipv4-neighbours.h"
#include "models/power-level.h"
#include "models/tuned-spectrum-phy.h"
#include "models/tuned-wifi-phy.h"

#include "ns3/abort.h"
#include "ns3/boolean.h"
#include "ns3/config.h"
#include "ns3/constant-position-mobility-model.h"
#include "ns3/double.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-l3-protocol.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/qos-utils.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"
#include "ns3/wifi-helper.h"
#include "ns3/wifi-mac-helper.h"

#include <stdexcept>
#include <tuple>

namespace ns3::marl
{

namespace
{

constexpr double SENSITIVITY_DBM = -101;
constexpr uint32_t FIRST_DEVICE_HOST = 1;
constexpr uint32_t FIRST_SERVER_HOST = 0xf000;

uint32_t
GetSubnet(uint32_t channel)
{
    return (10U << 24) | (channel << 16);
}

std::vector<Ptr<MobilityModel>>
Place(const std::vector<Vector>& positions)
{
    std::vector<Ptr<MobilityModel>> models;
    for (const auto& position : positions)
    {
        models.push_back(CreateObject<ConstantPositionMobilityModel>());
        models.back()->SetPosition(position);
    }
    return models;
}

void
InstallInternet(const NodeContainer& nodes)
{
    InternetStackHelper internet;
    internet.SetIpv6StackInstall(false);
    internet.SetRoutingHelper(Ipv4StaticRoutingHelper());
    internet.Install(nodes);
}

/// Names what a device does with a packet from its MAC.
class OpenWifiNetDevice : public WifiNetDevice
{
  public:
    using WifiNetDevice::ForwardUp;
};

Ptr<Ipv4Interface>
GetInterface(Ptr<NetDevice> radio)
{
    const auto ipv4 = radio->GetNode()->GetObject<Ipv4L3Protocol>();
    return ipv4->GetInterface(ipv4->GetInterfaceForDevice(radio));
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

void
RadioNetwork::CheckAttributeDefaults()
{
    const std::string aggregates = "tasks are accounted for by the fragment, and a fragment is a frame of its own";
    const std::string fixed = "all frames have the shortest guard interval, 800 ns";
    for (const auto& [type, name, reason] :
         std::initializer_list<std::tuple<const char*, const char*, const std::string&>>{
             {"ns3::WifiMac", "VO_MaxAmsduSize", aggregates},
             {"ns3::WifiMac", "VI_MaxAmsduSize", aggregates},
             {"ns3::WifiMac", "BE_MaxAmsduSize", aggregates},
             {"ns3::WifiMac", "BK_MaxAmsduSize", aggregates},
             {"ns3::WifiRemoteStationManager", "FragmentationThreshold", aggregates},
             {"ns3::HeConfiguration", "GuardInterval", fixed}})
    {
        TypeId::AttributeInformation attribute;
        const bool isThere = TypeId::LookupByName(type).LookupAttributeByName(name, &attribute);
        if (isThere && attribute.initialValue->SerializeToString(attribute.checker) !=
                           attribute.originalInitialValue->SerializeToString(attribute.checker))
        {
            throw std::invalid_argument("attribute " + std::string(type) + "::" + name + ": " + reason +
                                        "; leave it at its default");
        }
    }
}

RadioNetwork::RadioNetwork(const RadioSettings& settings,
                           const std::vector<Vector>& devicePositions,
                           const std::vector<Vector>& serverPositions)
    : RadioNetwork(settings, Place(devicePositions), serverPositions)
{
}

RadioNetwork::RadioNetwork(const RadioSettings& settings,
                           const std::vector<Ptr<MobilityModel>>& devices,
                           const std::vector<Vector>& serverPositions)
    : m_settings(settings)
{
    NS_ABORT_MSG_IF(settings.channels == 0 || settings.channels > MAXIMUM_CHANNELS,
                    "There are 1 to " << MAXIMUM_CHANNELS << " channels, not " << settings.channels);
    NS_ABORT_MSG_IF(devices.size() >= FIRST_SERVER_HOST, "Too many devices for a subnet");
    m_devices.Create(devices.size());
    m_servers.Create(serverPositions.size());
    const auto servers = Place(serverPositions);
    const auto aggregate = [](const NodeContainer& nodes, const std::vector<Ptr<MobilityModel>>& models) {
        for (uint32_t i = 0; i < nodes.GetN(); i++)
        {
            nodes.Get(i)->AggregateObject(models[i]);
        }
    };
    aggregate(m_devices, devices);
    aggregate(m_servers, servers);
    m_propagation = std::make_unique<Propagation>(settings.propagation, devices, servers);
    m_air = std::make_unique<Air>(settings.phy, settings.channels, m_propagation->GetLoss());
    InstallInternet(m_devices);
    InstallInternet(m_servers);
    for (uint32_t channel = 0; channel < settings.channels; channel++)
    {
        m_deviceRadios.push_back(CreateRadios(m_devices, channel));
        m_serverRadios.push_back(CreateRadios(m_servers, channel));
        CreateAddresses(channel);
    }
}

std::vector<Ptr<WifiNetDevice>>
RadioNetwork::CreateRadios(const NodeContainer& nodes, uint32_t channel) const
{
    const auto phy = m_air->MakePhy(channel);
    phy->Set("TxPowerStart", DoubleValue(MINIMUM_POWER_DBM));
    phy->Set("TxPowerEnd", DoubleValue(MAXIMUM_POWER_DBM));
    phy->Set("TxPowerLevels", UintegerValue(MAXIMUM_POWER_LEVEL + 1));
    phy->Set("RxNoiseFigure", DoubleValue(m_settings.propagation.noiseFigureDb));
    phy->Set("RxSensitivity", DoubleValue(SENSITIVITY_DBM));

    WifiMacHelper mac;
    mac.SetType("ns3::marl::AgreedAdhocMac", "QosSupported", BooleanValue(true));

    WifiHelper wifi;
    wifi.SetStandard(WIFI_STANDARD_80211ax);
    wifi.SetRemoteStationManager("ns3::marl::TaskRateManager",
                                 "DefaultTxPowerLevel",
                                 UintegerValue(MAXIMUM_POWER_LEVEL),
                                 "NonUnicastMode",
                                 StringValue("OfdmRate6Mbps"));
    const auto installed = wifi.Install(*phy, mac, nodes);
    std::vector<Ptr<WifiNetDevice>> radios;
    radios.reserve(installed.GetN());
    for (auto radio = installed.Begin(); radio != installed.End(); ++radio)
    {
        radios.push_back(DynamicCast<WifiNetDevice>(*radio));
    }
    return radios;
}

RadioNetwork::Station
RadioNetwork::AddStation(const Vector& position, uint32_t channel)
{
    const uint32_t host = FIRST_DEVICE_HOST + m_devices.GetN() + m_stations++;
    NS_ABORT_MSG_IF(host >= FIRST_SERVER_HOST, "Too many devices and stations for a subnet");
    const auto node = CreateObject<Node>();
    node->AggregateObject(Place({position}).front());
    InstallInternet(NodeContainer(node));
    const auto radio = CreateRadios(NodeContainer(node), channel).front();
    return {node, radio, AddInterface(node, radio, Ipv4Address(GetSubnet(channel) | host))};
}

void
RadioNetwork::CreateAddresses(uint32_t channel)
{
    for (uint32_t server = 0; server < m_servers.GetN(); server++)
    {
        AddInterface(m_servers.Get(server), m_serverRadios[channel][server], GetServerAddress(server, channel));
    }
    for (uint32_t device = 0; device < m_devices.GetN(); device++)
    {
        AddInterface(m_devices.Get(device), m_deviceRadios[channel][device], GetDeviceAddress(device, channel));
    }
}

void
RadioNetwork::Acquaint(uint32_t device, uint32_t server, uint32_t channel) const
{
    const auto deviceRadio = GetDeviceRadio(device, channel);
    const auto serverRadio = GetServerRadio(server, channel);
    auto& deviceMac = *DynamicCast<AgreedAdhocMac>(deviceRadio->GetMac());
    auto& serverMac = *DynamicCast<AgreedAdhocMac>(serverRadio->GetMac());
    if (deviceMac.GetBaAgreementEstablishedAsOriginator(serverMac.GetAddress(), m_settings.tids.front()))
    {
        return;
    }
    for (const uint8_t tid : m_settings.tids)
    {
        AgreedAdhocMac::Agree(deviceMac, serverMac, tid);
        AgreedAdhocMac::Agree(serverMac, deviceMac, tid);
    }
    Introduce(GetInterface(deviceRadio), GetInterface(serverRadio));
}

int64_t
RadioNetwork::AssignStreams(int64_t stream)
{
    int64_t assigned = m_propagation->GetFading()->AssignStreams(stream);
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

int64_t
RadioNetwork::AssignStreams(const Station& station, int64_t stream)
{
    const int64_t assigned = WifiHelper::AssignStreams(NetDeviceContainer(station.radio), stream);
    return assigned + InternetStackHelper().AssignStreams(NodeContainer(station.node), stream + assigned);
}

uint32_t
RadioNetwork::GetChannels() const
{
    return m_settings.channels;
}

uint32_t
RadioNetwork::GetServers() const
{
    return m_servers.GetN();
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

const Propagation&
RadioNetwork::GetPropagation() const
{
    return *m_propagation;
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
    return m_propagation->GetSnrDb(device, server);
}

void
RadioNetwork::SetMuted(Ptr<WifiNetDevice> radio, bool muted)
{
    const auto phy = radio->GetPhy();
    if (const auto tuned = DynamicCast<TunedWifiPhy>(phy))
    {
        tuned->SetMuted(muted);
    }
    else
    {
        DynamicCast<TunedSpectrumPhy>(phy)->SetMuted(muted);
    }
}

void
RadioNetwork::IgnoreBroadcasts(Ptr<WifiNetDevice> radio)
{
    const auto mac = PeekPointer(radio->GetMac());
    mac->SetForwardUpCallback(
        [mac, device = PeekPointer(radio)](Ptr<const Packet> packet, Mac48Address from, Mac48Address to) {
            if (to.IsGroup())
            {
                mac->NotifyRx(packet);
            }
            else
            {
                (device->*&OpenWifiNetDevice::ForwardUp)(packet, from, to);
            }
        });
}

void
RadioNetwork::SetSending(Ptr<WifiNetDevice> radio, const Address& peer, bool isAllowed)
{
    constexpr auto AWAY =
        WifiQueueBlockedReason::POWER_SAVE_MODE; // as good a reason as any: these stations save no power
    const auto mac = radio->GetMac();
    const auto address = Mac48Address::ConvertFrom(peer);
    if (isAllowed)
    {
        mac->UnblockUnicastTxOnLinks(AWAY, address, {SINGLE_LINK_OP_ID});
    }
    else
    {
        mac->BlockUnicastTxOnLinks(AWAY, address, {SINGLE_LINK_OP_ID});
    }
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
