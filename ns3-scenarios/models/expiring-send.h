// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_EXPIRING_SEND_H
#define NS3MARL_MODELS_EXPIRING_SEND_H

#include "ns3/ipv4-address.h"
#include "ns3/mac48-address.h"
#include "ns3/packet.h"
#include "ns3/socket.h"
#include "ns3/wifi-mac-queue.h"

#include <cstdint>

namespace ns3::marl
{

constexpr uint16_t TASK_PORT = 9000;
constexpr uint16_t STATUS_PORT = 9001;

/// Hands a datagram to a radio that gives up on it when it is still queued at \p expiry. The radio's queue takes the life
/// of a frame from its own MaxDelay at the moment of queuing, so that is set first; nothing may wait between socket and
/// queue (address resolution, queue discs). \p tid travels in the highest three bits of the DS field.
/// \return false when the expiry has passed or the queue was full
bool SendExpiring(Ptr<Socket> socket,
                  Ptr<Packet> packet,
                  const InetSocketAddress& to,
                  Ptr<WifiMacQueue> queue,
                  uint8_t tid,
                  const Time& expiry);

/// Takes the frames for a station that have outlived their expiry out of a queue, whatever stands before them. Frames on
/// the air stay; the Wi-Fi MAC drops them after their transmission.
void RemoveExpired(Ptr<WifiMacQueue> queue, const Mac48Address& to, uint8_t tid);

} // namespace ns3::marl

#endif // NS3MARL_MODELS_EXPIRING_SEND_H
