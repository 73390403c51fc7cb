// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/cognitive-v2x/update-header.h"

namespace ns3::marl::cognitive_v2x
{

NS_OBJECT_ENSURE_REGISTERED(UpdateHeader);

TypeId
UpdateHeader::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::marl::UpdateHeader").SetParent<Header>().SetGroupName("Wifi").AddConstructor<UpdateHeader>();
    return tid;
}

UpdateHeader::UpdateHeader(const Time& generation)
    : m_generation(generation)
{
}

Time
UpdateHeader::GetGeneration() const
{
    return m_generation;
}

TypeId
UpdateHeader::GetInstanceTypeId() const
{
    return GetTypeId();
}

uint32_t
UpdateHeader::GetSerializedSize() const
{
    return BYTES;
}

void
UpdateHeader::Serialize(Buffer::Iterator start) const
{
    start.WriteHtonU64(static_cast<uint64_t>(m_generation.GetNanoSeconds()));
}

uint32_t
UpdateHeader::Deserialize(Buffer::Iterator start)
{
    m_generation = NanoSeconds(static_cast<int64_t>(start.ReadNtohU64()));
    return BYTES;
}

void
UpdateHeader::Print(std::ostream& stream) const
{
    stream << "generation=" << m_generation;
}

} // namespace ns3::marl::cognitive_v2x
