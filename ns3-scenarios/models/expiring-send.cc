// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/expiring-send.h"

#include "ns3/simulator.h"
#include "ns3/wifi-mpdu.h"

#include <vector>

namespace ns3::marl
{

bool
SendExpiring(Ptr<Socket> socket,
             Ptr<Packet> packet,
             const InetSocketAddress& to,
             Ptr<WifiMacQueue> queue,
             uint8_t tid,
             const Time& expiry)
{
    // One tick less, so that the frame has expired when an event at the expiry looks for it.
    const Time life = expiry - Simulator::Now() - TimeStep(1);
    if (!life.IsStrictlyPositive())
    {
        return false;
    }
    socket->SetIpTos(tid << 5); // Wi-Fi takes the TID from there: it overwrites the priority of packets and sockets
    queue->SetMaxDelay(life);
    const int size = packet->GetSize();
    return socket->SendTo(packet, 0, to) == size;
}

void
RemoveExpired(Ptr<WifiMacQueue> queue, const Mac48Address& to, uint8_t tid)
{
    const WifiContainerQueueId frames{WIFI_QOSDATA_QUEUE, WIFI_UNICAST, to, tid};
    std::vector<Ptr<WifiMpdu>> waiting;
    for (auto mpdu = queue->PeekByQueueId(frames); mpdu; mpdu = queue->PeekByQueueId(frames, mpdu))
    {
        if (!mpdu->IsInFlight())
        {
            waiting.push_back(mpdu);
        }
    }
    for (const auto& mpdu : waiting)
    {
        if (mpdu->IsQueued()) // dropping one frame may drop others of its block-ack window
        {
            queue->TtlExceeded(mpdu, Simulator::Now());
        }
    }
    queue->WipeAllExpiredMpdus();
}

} // namespace ns3::marl
