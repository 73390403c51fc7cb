// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_IPV4_NEIGHBOURS_H
#define NS3MARL_MODELS_IPV4_NEIGHBOURS_H

#include "ns3/ipv4-address.h"
#include "ns3/ipv4-interface.h"
#include "ns3/net-device.h"
#include "ns3/node.h"

namespace ns3::marl
{

/// Gives a radio an address of a /16 subnet. The node has an IPv4 stack.
Ptr<Ipv4Interface> AddInterface(Ptr<Node> node, Ptr<NetDevice> radio, Ipv4Address address);

/// Enters each in the other's ARP cache for good: without that the first packets of a pair are lost.
void Introduce(Ptr<Ipv4Interface> a, Ptr<Ipv4Interface> b);

} // namespace ns3::marl

#endif // NS3MARL_MODELS_IPV4_NEIGHBOURS_H
