// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/status-header.h"

#include <algorithm>
#include <cmath>

namespace ns3::marl
{

namespace
{

constexpr double SHARE_STEPS = 65535;

uint16_t
EncodeShare(double share)
{
    return static_cast<uint16_t>(std::lround(std::clamp(share, 0.0, 1.0) * SHARE_STEPS));
}

} // namespace

NS_OBJECT_ENSURE_REGISTERED(StatusHeader);

TypeId
StatusHeader::GetTypeId()
{
    static TypeId tid = TypeId("ns3::marl::StatusHeader").SetParent<Header>().AddConstructor<StatusHeader>();
    return tid;
}

TypeId
StatusHeader::GetInstanceTypeId() const
{
    return GetTypeId();
}

uint32_t
StatusHeader::GetSerializedSize() const
{
    return 2 + 8 + 2 + 8 + 4 + 1 + 2 * status.busy.size();
}

void
StatusHeader::Serialize(Buffer::Iterator start) const
{
    start.WriteHtonU16(status.server);
    start.WriteHtonU64(std::llround(status.rateHz));
    start.WriteHtonU16(EncodeShare(status.utilisation));
    start.WriteHtonU64(status.meanWait.GetNanoSeconds());
    start.WriteHtonU32(status.received);
    start.WriteU8(status.busy.size());
    for (const double busy : status.busy)
    {
        start.WriteHtonU16(EncodeShare(busy));
    }
}

uint32_t
StatusHeader::Deserialize(Buffer::Iterator start)
{
    status.server = start.ReadNtohU16();
    status.rateHz = static_cast<double>(start.ReadNtohU64());
    status.utilisation = start.ReadNtohU16() / SHARE_STEPS;
    status.meanWait = NanoSeconds(start.ReadNtohU64());
    status.received = start.ReadNtohU32();
    status.busy.resize(start.ReadU8());
    for (auto& busy : status.busy)
    {
        busy = start.ReadNtohU16() / SHARE_STEPS;
    }
    return GetSerializedSize();
}

void
StatusHeader::Print(std::ostream& os) const
{
    os << "server " << status.server << " utilisation " << status.utilisation << " wait "
       << status.meanWait.As(Time::MS) << " received " << status.received;
}

} // namespace ns3::marl
