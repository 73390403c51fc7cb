// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_COGNITIVE_V2X_UPDATE_HEADER_H
#define NS3MARL_COGNITIVE_V2X_UPDATE_HEADER_H

#include "ns3/header.h"
#include "ns3/nstime.h"

#include <cstdint>

namespace ns3::marl::cognitive_v2x
{

/// The first bytes of a status update: when its content was measured.
class UpdateHeader : public Header
{
  public:
    static constexpr uint32_t BYTES = 8;

    static TypeId GetTypeId();

    explicit UpdateHeader(const Time& generation = Time(0));

    Time GetGeneration() const;

    // of Header
    TypeId GetInstanceTypeId() const override;
    uint32_t GetSerializedSize() const override;
    void Serialize(Buffer::Iterator start) const override;
    uint32_t Deserialize(Buffer::Iterator start) override;
    void Print(std::ostream& stream) const override;

  private:
    Time m_generation;
};

} // namespace ns3::marl::cognitive_v2x

#endif // NS3MARL_COGNITIVE_V2X_UPDATE_HEADER_H
