// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/edge-gateway.h"

#include "models/expiring-send.h"
#include "models/fragment-header.h"

#include "ns3/log.h"
#include "ns3/simulator.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/wifi-mac.h"
#include "ns3/wifi-phy-state-helper.h"
#include "ns3/wifi-phy.h"

#include <utility>

namespace ns3::marl
{

NS_LOG_COMPONENT_DEFINE("EdgeGateway");

EdgeGateway::EdgeGateway(const RadioNetwork& network, uint32_t index, EdgeServer& server, Callbacks callbacks)
    : m_network(network),
      m_index(index),
      m_server(server),
      m_callbacks(std::move(callbacks))
{
    const auto node = network.GetServer(index);
    m_taskSocket = Socket::CreateSocket(node, UdpSocketFactory::GetTypeId());
    m_taskSocket->Bind(InetSocketAddress(Ipv4Address::GetAny(), TASK_PORT));
    m_taskSocket->SetRecvCallback(MakeCallback(&EdgeGateway::Receive, this));
    m_statusSocket = Socket::CreateSocket(node, UdpSocketFactory::GetTypeId());
    m_statusSocket->SetAllowBroadcast(true);
    m_statusSocket->Bind();
    for (uint32_t channel = 0; channel < network.GetChannels(); channel++)
    {
        auto& meter = m_busy.emplace_back(std::make_unique<BusyMeter>());
        const auto radio = network.GetServerRadio(index, channel);
        radio->GetPhy()->GetState()->TraceConnectWithoutContext("State",
                                                                MakeCallback(&BusyMeter::NotifyState, meter.get()));
        RadioNetwork::IgnoreBroadcasts(radio); // such as the statuses of other servers
    }
    TakeStatus();
}

void
EdgeGateway::Fail()
{
    m_down = true;
    NS_LOG_INFO("server " << m_index << " fails");
    for (const auto& [task, assembly] : m_assemblies)
    {
        if (assembly.missing > 0)
        {
            m_callbacks.dropped(task);
        }
    }
    m_assemblies.clear();
    for (const uint32_t task : m_server.Drop())
    {
        m_callbacks.dropped(task);
    }
}

void
EdgeGateway::Recover()
{
    m_down = false;
    NS_LOG_INFO("server " << m_index << " recovers");
}

bool
EdgeGateway::IsDown() const
{
    return m_down;
}

void
EdgeGateway::TakeStatus()
{
    const auto interval = m_server.TakeInterval();
    m_status.server = m_index;
    m_status.rateHz = m_server.GetRateHz();
    m_status.utilisation = m_down ? 1 : interval.utilisation;
    m_status.meanWait = m_down ? Seconds(DOWN_WAIT_S) : interval.meanWait;
    m_status.received = interval.received;
    m_status.busy.clear();
    for (const auto& meter : m_busy)
    {
        m_status.busy.push_back(meter->TakeInterval(Simulator::Now()));
    }
}

const ServerStatus&
EdgeGateway::GetStatus() const
{
    return m_status;
}

void
EdgeGateway::BroadcastStatus(uint32_t channel, const Time& expiry)
{
    if (m_down)
    {
        return;
    }
    StatusHeader header;
    header.status = m_status;
    const auto packet = Create<Packet>();
    packet->AddHeader(header);
    SendExpiring(m_statusSocket,
                 packet,
                 InetSocketAddress(RadioNetwork::GetBroadcastAddress(channel), STATUS_PORT),
                 RadioNetwork::GetQueue(m_network.GetServerRadio(m_index, channel), 0),
                 0,
                 expiry);
}

void
EdgeGateway::Receive(Ptr<Socket> socket)
{
    Address from;
    while (const auto packet = socket->RecvFrom(from))
    {
        const uint32_t bytes = packet->GetSize();
        FragmentHeader header;
        packet->RemoveHeader(header);
        const Time now = Simulator::Now();
        if (header.job.expiry <= now)
        {
            continue;
        }
        if (m_down)
        {
            m_callbacks.fragment(header.job.id, false);
            continue;
        }
        auto [entry, isNew] = m_assemblies.try_emplace(header.job.id);
        auto& assembly = entry->second;
        if (isNew)
        {
            assembly.tid = header.tid;
            assembly.device = InetSocketAddress::ConvertFrom(from).GetIpv4();
            assembly.have.assign(header.fragmentCount, false);
            assembly.missing = header.fragmentCount;
            Simulator::Schedule(header.job.expiry - now, &EdgeGateway::Expire, this, header.job.id);
        }
        if (header.fragment >= assembly.have.size() || assembly.have[header.fragment])
        {
            continue;
        }
        assembly.have[header.fragment] = true;
        assembly.missing--;
        assembly.bytes += bytes;
        m_fragmentsReceived++;
        NS_LOG_LOGIC("server " << m_index << ": fragment " << header.fragment << " of task " << header.job.id << ", "
                               << assembly.missing << " are missing");
        m_callbacks.fragment(header.job.id, true);
        if (assembly.missing == 0)
        {
            m_callbacks.received(header.job.id);
            header.job.sizeBytes = assembly.bytes;
            if (m_callbacks.place)
            {
                m_callbacks.place(header.job);
            }
            else
            {
                m_server.Submit(header.job);
            }
        }
    }
}

void
EdgeGateway::Expire(uint32_t task)
{
    const auto assembly = m_assemblies.find(task);
    if (assembly == m_assemblies.end())
    {
        return; // the server failed meanwhile
    }
    if (assembly->second.missing > 0)
    {
        NS_LOG_INFO("server " << m_index << ": task " << task << " expires with " << assembly->second.missing << " of "
                              << assembly->second.have.size() << " fragments missing");
    }
    m_assemblies.erase(assembly);
}

void
EdgeGateway::SendResult(const EdgeJob& job)
{
    const auto assembly = m_assemblies.find(job.id);
    if (assembly == m_assemblies.end())
    {
        NS_LOG_INFO("server " << m_index << ": no result for task " << job.id << ", which expired at this very moment");
        return;
    }
    FragmentHeader header;
    header.job = job;
    const auto packet = Create<Packet>(RESULT_BYTES - FragmentHeader::SIZE_BYTES);
    packet->AddHeader(header);
    const uint32_t channel = RadioNetwork::GetChannelOf(assembly->second.device);
    SendExpiring(m_taskSocket,
                 packet,
                 InetSocketAddress(assembly->second.device, TASK_PORT),
                 RadioNetwork::GetQueue(m_network.GetServerRadio(m_index, channel), assembly->second.tid),
                 assembly->second.tid,
                 job.expiry);
}

uint64_t
EdgeGateway::GetFragmentsReceived() const
{
    return m_fragmentsReceived;
}

} // namespace ns3::marl
