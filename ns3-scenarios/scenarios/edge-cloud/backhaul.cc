// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/edge-cloud/backhaul.h"

#include "models/fragment-header.h"
#include "models/ipv4-neighbours.h"

#include "ns3/abort.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/queue-size.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/udp-socket-factory.h"

#include <algorithm>
#include <string>
#include <utility>

namespace ns3::marl::edge_cloud
{

namespace
{

constexpr uint16_t JOB_PORT = 9002;
constexpr uint16_t REPORT_PORT = 9003;
constexpr uint32_t FIRST_SUBNET = 100; ///< radio channels have those from 0 on

Ipv4Address
GetAddress(uint32_t gateway, uint32_t host)
{
    return Ipv4Address((10U << 24) | ((FIRST_SUBNET + gateway) << 16) | host);
}

Ptr<Socket>
Open(Ptr<Node> node, const InetSocketAddress& address)
{
    const auto socket = Socket::CreateSocket(node, UdpSocketFactory::GetTypeId());
    socket->Bind(address);
    return socket;
}

} // namespace

LinkEnd::LinkEnd(const Ptr<PointToPointNetDevice>& device, const DataRate& rate)
    : m_device(device),
      m_rate(rate)
{
    using PacketCallback = Callback<void, Ptr<const Packet>>;
    m_device->TraceConnectWithoutContext("MacTx", PacketCallback([this](Ptr<const Packet>) { m_offered++; }));
    m_device->TraceConnectWithoutContext("MacTxDrop", PacketCallback([this](Ptr<const Packet>) { m_dropped++; }));
    m_device->TraceConnectWithoutContext("PhyTxBegin", PacketCallback([this](Ptr<const Packet> packet) {
                                             const Time duration = m_rate.CalculateBytesTxTime(packet->GetSize());
                                             m_begun++;
                                             m_busy += duration;
                                             m_until = Simulator::Now() + duration;
                                         }));
}

uint64_t
LinkEnd::GetDropped() const
{
    return m_dropped;
}

double
LinkEnd::GetQueuedBits() const
{
    return 8.0 * m_device->GetQueue()->GetNBytes();
}

Time
LinkEnd::GetBusyTime(const Time& now) const
{
    return m_busy - Max(Time(0), m_until - now);
}

void
LinkEnd::CheckConservation(uint64_t received) const
{
    const uint64_t waiting = m_device->GetQueue()->GetNPackets();
    NS_ABORT_MSG_IF(m_offered != m_dropped + waiting + m_begun || received > m_begun,
                    m_offered << " packets came to a link, but " << m_dropped << " were dropped, " << waiting
                              << " wait, " << m_begun << " were transmitted and " << received << " received");
}

Backhaul::Backhaul(const BackhaulSettings& settings, const std::vector<Ptr<Node>>& gateways, Callbacks callbacks)
    : m_callbacks(std::move(callbacks)),
      m_cloud(CreateObject<Node>()),
      m_links(gateways.size())
{
    InternetStackHelper internet;
    internet.SetIpv6StackInstall(false);
    internet.SetRoutingHelper(Ipv4StaticRoutingHelper());
    internet.Install(m_cloud);

    PointToPointHelper helper;
    helper.SetQueue("ns3::DropTailQueue<Packet>",
                    "MaxSize",
                    QueueSizeValue(QueueSize(QueueSizeUnit::PACKETS, settings.queuePackets)));
    helper.SetDeviceAttribute("DataRate", DataRateValue(settings.rate));
    helper.SetChannelAttribute("Delay", TimeValue(settings.delay));
    helper.DisableFlowControl(); // the link's own queue drops, and nothing before it
    for (uint32_t gateway = 0; gateway < gateways.size(); gateway++)
    {
        auto& link = m_links[gateway];
        const auto ends = helper.Install(gateways[gateway], m_cloud);
        const auto device = [&ends](uint32_t end) { return DynamicCast<PointToPointNetDevice>(ends.Get(end)); };
        link.up = std::make_unique<LinkEnd>(device(0), settings.rate);
        link.down = std::make_unique<LinkEnd>(device(1), settings.rate);
        AddInterface(gateways[gateway], ends.Get(0), GetGatewayAddress(gateway));
        AddInterface(m_cloud, ends.Get(1), GetCloudAddress(gateway));

        using SocketCallback = Callback<void, Ptr<Socket>>;
        link.atGateway = Open(gateways[gateway], InetSocketAddress(GetGatewayAddress(gateway), JOB_PORT));
        link.atGateway->SetRecvCallback(
            SocketCallback([this, gateway](Ptr<Socket> socket) { ReceiveResult(gateway, socket); }));
        link.atCloud = Open(m_cloud, InetSocketAddress(GetCloudAddress(gateway), JOB_PORT));
        link.atCloud->SetRecvCallback(
            SocketCallback([this, gateway](Ptr<Socket> socket) { ReceiveJob(gateway, socket); }));
        link.reports = Open(gateways[gateway], InetSocketAddress(GetGatewayAddress(gateway), REPORT_PORT));
        link.reports->SetRecvCallback(
            SocketCallback([this, gateway](Ptr<Socket> socket) { ReceiveReport(gateway, socket); }));
    }
}

int64_t
Backhaul::AssignStreams(int64_t stream)
{
    return InternetStackHelper().AssignStreams(NodeContainer(m_cloud), stream);
}

uint32_t
Backhaul::SendJob(uint32_t gateway, const EdgeJob& job)
{
    const auto& link = m_links.at(gateway);
    const uint64_t droppedBefore = link.up->GetDropped();
    const uint32_t bytes = std::max(job.sizeBytes, FragmentHeader::SIZE_BYTES);
    FragmentHeader header;
    header.job = job;
    header.fragmentCount = (bytes + FRAGMENT_BYTES - 1) / FRAGMENT_BYTES;
    for (uint32_t fragment = 0; fragment < header.fragmentCount; fragment++)
    {
        const uint32_t rest = bytes - fragment * FRAGMENT_BYTES;
        const uint32_t payload = std::max(FragmentHeader::SIZE_BYTES, std::min(rest, FRAGMENT_BYTES));
        header.fragment = fragment;
        const auto packet = Create<Packet>(payload - FragmentHeader::SIZE_BYTES);
        packet->AddHeader(header);
        link.atGateway->SendTo(packet, 0, InetSocketAddress(GetCloudAddress(gateway), JOB_PORT));
    }
    return link.up->GetDropped() - droppedBefore;
}

void
Backhaul::SendResult(uint32_t gateway, const EdgeJob& job)
{
    FragmentHeader header;
    header.job = job;
    const auto packet = Create<Packet>(RESULT_BYTES - FragmentHeader::SIZE_BYTES);
    packet->AddHeader(header);
    m_links.at(gateway).atCloud->SendTo(packet, 0, InetSocketAddress(GetGatewayAddress(gateway), JOB_PORT));
}

void
Backhaul::SendReport(const ServerStatus& status)
{
    StatusHeader header;
    header.status = status;
    for (uint32_t gateway = 0; gateway < m_links.size(); gateway++)
    {
        const auto packet = Create<Packet>();
        packet->AddHeader(header);
        m_links[gateway].atCloud->SendTo(packet, 0, InetSocketAddress(GetGatewayAddress(gateway), REPORT_PORT));
    }
}

void
Backhaul::ReceiveJob(uint32_t gateway, Ptr<Socket> socket)
{
    while (const auto packet = socket->Recv())
    {
        m_links[gateway].receivedUp++;
        const uint32_t bytes = packet->GetSize();
        FragmentHeader header;
        packet->RemoveHeader(header);
        if (header.job.expiry <= Simulator::Now())
        {
            continue;
        }
        auto [entry, isNew] = m_assemblies.try_emplace(header.job.id);
        auto& assembly = entry->second;
        if (isNew)
        {
            assembly.missing = header.fragmentCount;
            Simulator::Schedule(header.job.expiry - Simulator::Now(),
                                [this, task = header.job.id] { m_assemblies.erase(task); });
        }
        assembly.missing--;
        assembly.bytes += bytes;
        if (assembly.missing == 0)
        {
            header.job.sizeBytes = assembly.bytes;
            m_callbacks.job(gateway, header.job);
        }
    }
}

void
Backhaul::ReceiveResult(uint32_t gateway, Ptr<Socket> socket)
{
    while (const auto packet = socket->Recv())
    {
        m_links[gateway].receivedDown++;
        FragmentHeader header;
        packet->RemoveHeader(header);
        m_callbacks.result(gateway, header.job);
    }
}

void
Backhaul::ReceiveReport(uint32_t gateway, Ptr<Socket> socket)
{
    while (const auto packet = socket->Recv())
    {
        m_links[gateway].receivedDown++;
        StatusHeader header;
        packet->RemoveHeader(header);
        m_callbacks.report(gateway, header.status);
    }
}

Ptr<Node>
Backhaul::GetCloud() const
{
    return m_cloud;
}

const LinkEnd&
Backhaul::GetUp(uint32_t gateway) const
{
    return *m_links.at(gateway).up;
}

const LinkEnd&
Backhaul::GetDown(uint32_t gateway) const
{
    return *m_links.at(gateway).down;
}

Ipv4Address
Backhaul::GetGatewayAddress(uint32_t gateway)
{
    return GetAddress(gateway, 1);
}

Ipv4Address
Backhaul::GetCloudAddress(uint32_t gateway)
{
    return GetAddress(gateway, 2);
}

void
Backhaul::CheckConservation() const
{
    for (const auto& link : m_links)
    {
        link.up->CheckConservation(link.receivedUp);
        link.down->CheckConservation(link.receivedDown);
    }
}

} // namespace ns3::marl::edge_cloud
