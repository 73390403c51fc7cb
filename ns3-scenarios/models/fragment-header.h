// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_FRAGMENT_HEADER_H
#define NS3MARL_MODELS_FRAGMENT_HEADER_H

#include "models/edge-server.h"

#include "ns3/header.h"

#include <cstdint>

namespace ns3::marl
{

/// Opens the payload of every fragment of an offloaded task: all that a server has to know of it, so that whichever
/// fragment comes first tells. The result comes back with the same header and fragment 0 of 1.
class FragmentHeader : public Header
{
  public:
    static constexpr uint32_t SIZE_BYTES = 34;

    static TypeId GetTypeId();
    TypeId GetInstanceTypeId() const override;
    uint32_t GetSerializedSize() const override;
    void Serialize(Buffer::Iterator start) const override;
    uint32_t Deserialize(Buffer::Iterator start) override;
    void Print(std::ostream& os) const override;

    EdgeJob job; ///< without \c received
    uint16_t fragment{0};
    uint16_t fragmentCount{1};
    uint8_t tid{0}; ///< traffic identifier of the fragments, and of the result
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_FRAGMENT_HEADER_H
