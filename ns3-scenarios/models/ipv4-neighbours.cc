// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/ipv4-neighbours.h"

#include "ns3/arp-cache.h"
#include "ns3/ipv4-l3-protocol.h"

namespace ns3::marl
{

namespace
{

void
Enter(Ptr<Ipv4Interface> interface, Ptr<Ipv4Interface> neighbour)
{
    auto* entry = interface->GetArpCache()->Add(neighbour->GetAddress(0).GetLocal());
    entry->SetMacAddress(neighbour->GetDevice()->GetAddress());
    entry->MarkPermanent();
}

} // namespace

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

void
Introduce(Ptr<Ipv4Interface> a, Ptr<Ipv4Interface> b)
{
    Enter(a, b);
    Enter(b, a);
}

} // namespace ns3::marl
