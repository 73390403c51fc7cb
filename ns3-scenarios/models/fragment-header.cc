// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/fragment-header.h"

#include <cmath>

namespace ns3::marl
{

NS_OBJECT_ENSURE_REGISTERED(FragmentHeader);

TypeId
FragmentHeader::GetTypeId()
{
    static TypeId tid = TypeId("ns3::marl::FragmentHeader").SetParent<Header>().AddConstructor<FragmentHeader>();
    return tid;
}

TypeId
FragmentHeader::GetInstanceTypeId() const
{
    return GetTypeId();
}

uint32_t
FragmentHeader::GetSerializedSize() const
{
    return SIZE_BYTES;
}

void
FragmentHeader::Serialize(Buffer::Iterator start) const
{
    start.WriteHtonU32(job.id);
    start.WriteHtonU16(fragment);
    start.WriteHtonU16(fragmentCount);
    start.WriteHtonU64(std::llround(job.cycles));
    start.WriteHtonU64(job.expiry.GetNanoSeconds());
    start.WriteHtonU64(job.deadline.GetNanoSeconds());
    start.WriteU8(job.premium ? 1 : 0);
    start.WriteU8(tid);
}

uint32_t
FragmentHeader::Deserialize(Buffer::Iterator start)
{
    job.id = start.ReadNtohU32();
    fragment = start.ReadNtohU16();
    fragmentCount = start.ReadNtohU16();
    job.cycles = static_cast<double>(start.ReadNtohU64());
    job.expiry = NanoSeconds(start.ReadNtohU64());
    job.deadline = NanoSeconds(start.ReadNtohU64());
    job.premium = start.ReadU8() != 0;
    tid = start.ReadU8();
    return SIZE_BYTES;
}

void
FragmentHeader::Print(std::ostream& os) const
{
    os << "task " << job.id << " fragment " << fragment << " of " << fragmentCount << " cycles " << job.cycles
       << " expiry " << job.expiry.As(Time::MS) << (job.premium ? " premium" : "");
}

} // namespace ns3::marl
