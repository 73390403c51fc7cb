// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/offload-client.h"

#include "models/expiring-send.h"
#include "models/fragment-header.h"
#include "models/mcs.h"
#include "models/power-level.h"

#include "ns3/abort.h"
#include "ns3/log.h"
#include "ns3/simulator.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/wifi-mac.h"
#include "ns3/wifi-phy.h"

#include <algorithm>
#include <utility>

namespace ns3::marl
{

NS_LOG_COMPONENT_DEFINE("OffloadClient");

OffloadClient::OffloadClient(const RadioNetwork& network, uint32_t device, bool mute, Callbacks callbacks)
    : m_network(network),
      m_device(device),
      m_mute(mute),
      m_callbacks(std::move(callbacks)),
      m_watch(m_callbacks.onAir)
{
    const auto open = [&](uint16_t port) {
        const auto socket = Socket::CreateSocket(network.GetDevice(device), UdpSocketFactory::GetTypeId());
        socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), port));
        return socket;
    };
    m_taskSocket = open(TASK_PORT);
    m_taskSocket->SetRecvCallback(MakeCallback(&OffloadClient::Receive, this));
    m_statusSocket = open(STATUS_PORT);
    m_statusSocket->SetRecvCallback(MakeCallback(&OffloadClient::ReceiveStatus, this));
    for (uint32_t channel = 0; channel < network.GetChannels(); channel++)
    {
        RadioNetwork::SetMuted(network.GetDeviceRadio(device, channel), mute && channel != m_tuned);
        m_watch.Connect(network.GetDeviceRadio(device, channel));
    }
}

Ptr<WifiNetDevice>
OffloadClient::GetTunedRadio() const
{
    return m_network.GetDeviceRadio(m_device, m_tuned);
}

void
OffloadClient::Tune(uint32_t channel)
{
    if (channel == m_tuned)
    {
        return;
    }
    NS_ABORT_MSG_IF(!m_underWay.empty(),
                    "Device " << m_device << " cannot leave channel " << m_tuned << " while tasks are under way");
    RadioNetwork::SetMuted(GetTunedRadio(), m_mute);
    SetSending(false);
    m_tuned = channel;
    RadioNetwork::SetMuted(GetTunedRadio(), false);
    SetSending(true);
    NS_LOG_LOGIC("device " << m_device << " tunes to channel " << channel);
    m_callbacks.tuned(channel);
}

void
OffloadClient::SetSending(bool isAllowed) const
{
    const auto peers = m_peers.find(m_tuned);
    if (peers == m_peers.end())
    {
        return;
    }
    for (const auto server : peers->second)
    {
        const auto peer = m_network.GetServerRadio(server, m_tuned)->GetMac()->GetAddress();
        RadioNetwork::SetSending(GetTunedRadio(), peer, isAllowed);
    }
}

void
OffloadClient::Accept(const Task& task)
{
    Tune(task.decision.channel);
    m_underWay[task.id] = {task.decision.server, task.decision.powerDbm, 0, false};
}

uint32_t
OffloadClient::Send(const Task& task, uint8_t tid)
{
    const auto underWay = m_underWay.find(task.id);
    NS_ABORT_MSG_IF(underWay == m_underWay.end(), "Task " << task.id << " was not accepted");
    underWay->second.tid = tid;
    underWay->second.sent = true;
    m_network.Acquaint(m_device, task.decision.server, m_tuned);
    m_peers[m_tuned].insert(task.decision.server);
    SetRate(underWay->second);
    SetControlPower();

    FragmentHeader header;
    header.job.id = task.id;
    header.job.cycles = task.GetOffloadedCycles();
    header.job.expiry = task.GetExpiry();
    header.job.deadline = task.parameters.deadline;
    header.job.premium = task.parameters.premium;
    const uint32_t bytes = task.GetOffloadedBytes();
    header.tid = tid;
    header.fragmentCount = (bytes + FRAGMENT_BYTES - 1) / FRAGMENT_BYTES;
    const auto queue = RadioNetwork::GetQueue(GetTunedRadio(), tid);
    const InetSocketAddress to(RadioNetwork::GetServerAddress(task.decision.server, m_tuned), TASK_PORT);
    uint32_t sent = 0;
    for (uint16_t fragment = 0; fragment < header.fragmentCount; fragment++)
    {
        const uint32_t rest = bytes - fragment * FRAGMENT_BYTES;
        const uint32_t payload = std::max(FragmentHeader::SIZE_BYTES, std::min(rest, FRAGMENT_BYTES));
        header.fragment = fragment;
        const auto packet = Create<Packet>(payload - FragmentHeader::SIZE_BYTES);
        packet->AddHeader(header);
        m_watch.Add(task.id, packet->GetUid());
        sent += SendExpiring(m_taskSocket, packet, to, queue, tid, task.GetExpiry()) ? 1 : 0;
    }
    NS_LOG_INFO("task " << task.id << " of device " << m_device << ": " << sent << " fragments for server "
                        << task.decision.server << " on channel " << m_tuned << " at MCS "
                        << +GetMcs(task.decision.server, task.decision.powerDbm) << ", believed SNR at 30 dBm "
                        << m_callbacks.snrDb(task.decision.server) << " dB, power " << task.decision.powerDbm
                        << " dBm, bits queued " << GetQueuedBits());
    return sent;
}

void
OffloadClient::Forget(uint32_t task)
{
    const auto underWay = m_underWay.find(task);
    if (underWay == m_underWay.end())
    {
        return;
    }
    const auto [server, powerDbm, tid, sent] = underWay->second;
    m_underWay.erase(underWay);
    m_watch.Remove(task);
    NS_LOG_LOGIC("task " << task << " of device " << m_device << ": no longer under way");
    if (sent)
    {
        const auto peer = m_network.GetServerRadio(server, m_tuned)->GetMac()->GetAddress();
        RemoveExpired(RadioNetwork::GetQueue(GetTunedRadio(), tid), peer, tid);
    }
}

uint8_t
OffloadClient::GetMcs(uint32_t server, double powerDbm) const
{
    return SelectMcs(m_callbacks.snrDb(server) - (MAXIMUM_POWER_DBM - powerDbm) - MCS_MARGIN_DB);
}

void
OffloadClient::SetRate(const UnderWay& task)
{
    const auto peer = m_network.GetServerRadio(task.server, m_tuned)->GetMac()->GetAddress();
    RadioNetwork::GetRates(GetTunedRadio())
        ->SetLink(peer, GetMcs(task.server, task.powerDbm), GetPowerLevel(task.powerDbm));
}

void
OffloadClient::SetControlPower()
{
    // Acknowledgements go at the highest power among the tasks under way: each reached its server with its own.
    double powerDbm = MINIMUM_POWER_DBM;
    for (const auto& [id, task] : m_underWay)
    {
        powerDbm = std::max(powerDbm, task.powerDbm);
    }
    RadioNetwork::GetRates(GetTunedRadio())->SetDefaultTxPowerLevel(GetPowerLevel(powerDbm));
}

void
OffloadClient::RefreshRates()
{
    for (const auto& [id, task] : m_underWay)
    {
        if (task.sent)
        {
            SetRate(task);
        }
    }
}

void
OffloadClient::Receive(Ptr<Socket> socket)
{
    while (const auto packet = socket->Recv())
    {
        FragmentHeader header;
        packet->RemoveHeader(header);
        if (m_underWay.contains(header.job.id))
        {
            m_callbacks.result(header.job.id);
        }
    }
}

void
OffloadClient::ReceiveStatus(Ptr<Socket> socket)
{
    Address from;
    while (const auto packet = socket->RecvFrom(from))
    {
        StatusHeader header;
        packet->RemoveHeader(header);
        // The frame that brought this packet was the last one that its radio heard from that server. A frame that began on a
        // channel which the modem has left since comes to its end there.
        const auto channel = RadioNetwork::GetChannelOf(InetSocketAddress::ConvertFrom(from).GetIpv4());
        const auto peer = m_network.GetServerRadio(header.status.server, channel)->GetMac()->GetAddress();
        const auto rates = RadioNetwork::GetRates(m_network.GetDeviceRadio(m_device, channel));
        const auto snrDb = rates->GetHeardSnrDb(Mac48Address::ConvertFrom(peer));
        if (snrDb)
        {
            m_callbacks.status(header.status, *snrDb);
        }
    }
}

void
OffloadClient::SwitchOff()
{
    NS_ABORT_MSG_IF(!m_underWay.empty(), "Device " << m_device << " cannot be switched off while tasks are under way");
    for (uint32_t channel = 0; channel < m_network.GetChannels(); channel++)
    {
        m_network.GetDeviceRadio(m_device, channel)->GetPhy()->SetOffMode();
    }
}

void
OffloadClient::SwitchOn()
{
    for (uint32_t channel = 0; channel < m_network.GetChannels(); channel++)
    {
        m_network.GetDeviceRadio(m_device, channel)->GetPhy()->ResumeFromOff();
    }
}

uint32_t
OffloadClient::GetTunedChannel() const
{
    return m_tuned;
}

double
OffloadClient::GetQueuedBits() const
{
    double bytes = 0;
    for (const auto category : {AC_BE, AC_VI})
    {
        bytes += GetTunedRadio()->GetMac()->GetTxopQueue(category)->GetNBytes();
    }
    return 8 * bytes;
}

const FragmentWatch&
OffloadClient::GetWatch() const
{
    return m_watch;
}

bool
OffloadClient::IsIdle() const
{
    return m_underWay.empty();
}

} // namespace ns3::marl
