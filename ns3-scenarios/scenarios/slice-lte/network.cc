// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/slice-lte/network.h"

#include "bridge/error.h"

#include "ns3/boolean.h"
#include "ns3/component-carrier-enb.h"
#include "ns3/config.h"
#include "ns3/constant-position-mobility-model.h"
#include "ns3/double.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-address-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4.h"
#include "ns3/lte-enb-mac.h"
#include "ns3/lte-enb-net-device.h"
#include "ns3/lte-helper.h"
#include "ns3/lte-ue-net-device.h"
#include "ns3/lte-ue-rrc.h"
#include "ns3/point-to-point-epc-helper.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/random-variable-stream.h"
#include "ns3/random-walk-2d-mobility-model.h"
#include "ns3/rectangle.h"
#include "ns3/string.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/uinteger.h"

#include <cmath>
#include <cstring>
#include <numbers>
#include <string>

namespace ns3::marl::slice_lte
{

namespace
{

constexpr uint16_t EDGE_PORT = 4000;
constexpr uint16_t UE_PORT = 4001;
constexpr double ENB_HEIGHT_M = 30;
constexpr double UE_HEIGHT_M = 1.5;
constexpr double NEAREST_M = 35;
constexpr int64_t PLACE_STREAM = 1;
constexpr int64_t WALK_STREAM = 100;
constexpr int64_t LTE_STREAM = 10'000;

Ptr<Packet>
MakeDatagram(uint32_t job, uint32_t bytes)
{
    std::vector<uint8_t> payload(std::max<std::size_t>(bytes, sizeof(job)));
    std::memcpy(payload.data(), &job, sizeof(job));
    return Create<Packet>(payload.data(), payload.size());
}

/// Hands the job number of every datagram that comes in to the receiver.
void
Listen(Ptr<Socket> socket, uint16_t port, const Network::Received& received)
{
    socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), port));
    socket->SetRecvCallback(Callback<void, Ptr<Socket>>([&received](Ptr<Socket> from) {
        while (const auto packet = from->Recv())
        {
            uint32_t job = 0;
            packet->CopyData(reinterpret_cast<uint8_t*>(&job), sizeof(job));
            received(job);
        }
    }));
}

} // namespace

void
Network::SetAttributeDefaults()
{
    // A macro cell of 5 MHz (TR 36.942) and UEs of power class 3 (TS 36.101). Radio queues hold less than the eMBB bound.
    Config::SetDefault("ns3::LteEnbPhy::TxPower", DoubleValue(43));
    Config::SetDefault("ns3::LteUePhy::TxPower", DoubleValue(23));
    Config::SetDefault("ns3::LteRlcUm::MaxTxBufferSize", UintegerValue(30'000));
    Config::SetDefault("ns3::LteRlcUm::EnablePdcpDiscarding", BooleanValue(false));
    Config::SetDefault("ns3::LteEnbRrc::SrsPeriodicity", UintegerValue(160)); // must exceed the number of UEs
}

Network::Network(const Shape& shape, Received up, Received down)
    : m_up(std::move(up)),
      m_down(std::move(down)),
      m_mcsSum(shape.ues.size(), 0),
      m_blocks(shape.ues.size(), 0)
{
    for (uint32_t slice = 0; slice < shape.ues.size(); slice++)
    {
        m_ues.insert(m_ues.end(), shape.ues[slice], {slice, {}, nullptr});
    }
    const auto ues = Place(shape);
    NodeContainer enb(1);
    const auto tower = CreateObject<ConstantPositionMobilityModel>();
    tower->SetPosition({0, 0, ENB_HEIGHT_M});
    enb.Get(0)->AggregateObject(tower);

    m_lte = CreateObject<LteHelper>();
    m_epc = CreateObject<PointToPointEpcHelper>();
    m_lte->SetEpcHelper(m_epc);
    m_lte->SetSchedulerType("ns3::PfFfMacScheduler");
    m_lte->SetFfrAlgorithmType("ns3::marl::SliceFfr");
    m_lte->SetEnbDeviceAttribute("DlBandwidth", UintegerValue(shape.resourceBlocks));
    m_lte->SetEnbDeviceAttribute("UlBandwidth", UintegerValue(shape.resourceBlocks));
    // L = 128.1 dB + 37.6 log10(d / 1 km): TR 36.942, macro cell at 2 GHz
    m_lte->SetPathlossModelType(TypeId::LookupByName("ns3::LogDistancePropagationLossModel"));
    m_lte->SetPathlossModelAttribute("Exponent", DoubleValue(3.76));
    m_lte->SetPathlossModelAttribute("ReferenceDistance", DoubleValue(1));
    m_lte->SetPathlossModelAttribute("ReferenceLoss", DoubleValue(128.1 - 37.6 * 3));
    const auto enbDevice = DynamicCast<LteEnbNetDevice>(m_lte->InstallEnbDevice(enb).Get(0));
    m_ueDevices = m_lte->InstallUeDevice(ues);
    auto stream = LTE_STREAM + m_lte->AssignStreams(NetDeviceContainer(enbDevice), LTE_STREAM);
    stream += m_lte->AssignStreams(m_ueDevices, stream);
    const auto carrier = DynamicCast<ComponentCarrierEnb>(enbDevice->GetCcMap().at(0));
    m_ffr = DynamicCast<SliceFfr>(carrier->GetFfrAlgorithm());
    carrier->GetMac()->TraceConnectWithoutContext("DlScheduling", MakeCallback(&Network::NoteBlock, this));

    NodeContainer edge(1);
    InternetStackHelper internet;
    internet.Install(edge);
    internet.Install(ues);
    PointToPointHelper link;
    link.SetDeviceAttribute("DataRate", StringValue("10Gb/s"));
    link.SetChannelAttribute("Delay", StringValue("1ms"));
    Ipv4AddressHelper addresses("1.0.0.0", "255.0.0.0");
    const auto interfaces = addresses.Assign(link.Install(m_epc->GetPgwNode(), edge.Get(0)));
    m_edgeAddress = interfaces.GetAddress(1);
    Ipv4StaticRoutingHelper routing;
    routing.GetStaticRouting(edge.Get(0)->GetObject<Ipv4>())
        ->AddNetworkRouteTo(Ipv4Address("7.0.0.0"), Ipv4Mask("255.0.0.0"), 1);
    const auto ueInterfaces = m_epc->AssignUeIpv4Address(m_ueDevices);
    for (uint32_t i = 0; i < m_ues.size(); i++)
    {
        m_ues[i].address = ueInterfaces.GetAddress(i);
        routing.GetStaticRouting(ues.Get(i)->GetObject<Ipv4>())
            ->SetDefaultRoute(m_epc->GetUeDefaultGatewayAddress(), 1);
    }
    internet.AssignStreams(ues, stream);
    m_lte->Attach(m_ueDevices, enbDevice);
    OpenSockets(edge.Get(0), ues);
}

NodeContainer
Network::Place(const Shape& shape) const
{
    NodeContainer nodes(static_cast<uint32_t>(m_ues.size()));
    const auto draw = CreateObject<UniformRandomVariable>();
    draw->SetStream(PLACE_STREAM);
    for (uint32_t i = 0; i < nodes.GetN(); i++)
    {
        const double radiusM = std::sqrt(draw->GetValue(NEAREST_M * NEAREST_M, shape.radiusM * shape.radiusM));
        const double angle = draw->GetValue(0, 2 * std::numbers::pi);
        const double r = shape.radiusM;
        const auto speed = CreateObjectWithAttributes<ConstantRandomVariable>("Constant", DoubleValue(shape.speedMps));
        const auto walk = CreateObjectWithAttributes<RandomWalk2dMobilityModel>("Bounds",
                                                                                RectangleValue({-r, r, -r, r}),
                                                                                "Mode",
                                                                                StringValue("Time"),
                                                                                "Time",
                                                                                TimeValue(Seconds(2)),
                                                                                "Speed",
                                                                                PointerValue(speed));
        walk->SetPosition({radiusM * std::cos(angle), radiusM * std::sin(angle), UE_HEIGHT_M});
        walk->AssignStreams(WALK_STREAM + 2 * i);
        nodes.Get(i)->AggregateObject(walk);
    }
    return nodes;
}

void
Network::OpenSockets(Ptr<Node> edge, const NodeContainer& ues)
{
    const auto type = UdpSocketFactory::GetTypeId();
    m_edgeSocket = Socket::CreateSocket(edge, type);
    Listen(m_edgeSocket, EDGE_PORT, m_up);
    for (uint32_t i = 0; i < m_ues.size(); i++)
    {
        m_ues[i].socket = Socket::CreateSocket(ues.Get(i), type);
        Listen(m_ues[i].socket, UE_PORT, m_down);
    }
}

void
Network::Begin()
{
    for (uint32_t i = 0; i < m_ues.size(); i++)
    {
        const auto rrc = DynamicCast<LteUeNetDevice>(m_ueDevices.Get(i))->GetRrc();
        if (rrc->GetState() != LteUeRrc::CONNECTED_NORMALLY)
        {
            throw Error(FaultKind::SIMULATION,
                        "slice-lte: UE " + std::to_string(i) +
                            " is not connected when the episode begins; take a smaller --radius or fewer devices");
        }
        m_ffr->SetSlice(rrc->GetRnti(), m_ues[i].slice);
        m_slices.resize(std::max<std::size_t>(m_slices.size(), rrc->GetRnti() + 1U), SliceFfr::NO_SLICE);
        m_slices[rrc->GetRnti()] = m_ues[i].slice;
    }
    const auto drop = MakeCallback(&Network::NoteDrop, this);
    Config::ConnectWithoutContext("/NodeList/*/DeviceList/*/LteEnbRrc/UeMap/*/DataRadioBearerMap/*/LteRlc/TxDrop",
                                  drop);
    Config::ConnectWithoutContext("/NodeList/*/DeviceList/*/LteUeRrc/DataRadioBearerMap/*/LteRlc/TxDrop", drop);
}

void
Network::SendUp(uint32_t ue, uint32_t job, uint32_t bytes)
{
    m_ues[ue].socket->SendTo(MakeDatagram(job, bytes), 0, InetSocketAddress(m_edgeAddress, EDGE_PORT));
}

void
Network::SendDown(uint32_t ue, uint32_t job, uint32_t bytes)
{
    m_edgeSocket->SendTo(MakeDatagram(job, bytes), 0, InetSocketAddress(m_ues[ue].address, UE_PORT));
}

Ptr<SliceFfr>
Network::GetFfr() const
{
    return m_ffr;
}

uint32_t
Network::GetSlice(uint32_t ue) const
{
    return m_ues[ue].slice;
}

uint64_t
Network::GetDropped() const
{
    return m_dropped;
}

double
Network::TakeMeanMcs(uint32_t slice)
{
    const auto blocks = std::exchange(m_blocks[slice], 0);
    const auto sum = std::exchange(m_mcsSum[slice], 0);
    return blocks > 0 ? static_cast<double>(sum) / static_cast<double>(blocks) : 0;
}

void
Network::NoteBlock(DlSchedulingCallbackInfo block)
{
    const auto slice = block.rnti < m_slices.size() ? m_slices[block.rnti] : SliceFfr::NO_SLICE;
    if (slice != SliceFfr::NO_SLICE)
    {
        m_mcsSum[slice] += block.mcsTb1;
        m_blocks[slice]++;
    }
}

void
Network::NoteDrop(Ptr<const Packet> /* packet */)
{
    m_dropped++;
}

} // namespace ns3::marl::slice_lte
