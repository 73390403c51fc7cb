// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_STATUS_HEADER_H
#define NS3MARL_MODELS_STATUS_HEADER_H

#include "ns3/header.h"
#include "ns3/nstime.h"

#include <cstdint>
#include <vector>

namespace ns3::marl
{

/// What a server says of itself and of the channels before each tick; averages over the interval that just ended.
struct ServerStatus
{
    uint32_t server{0};
    double rateHz{0};
    double utilisation{0};    ///< share of the time that the CPU ran
    Time meanWait;            ///< of the tasks that began
    uint32_t received{0};     ///< tasks that came in
    std::vector<double> busy; ///< [channel] busy share as the server's radios sensed it
};

/// A ServerStatus as the payload of a broadcast; shares travel in steps of 1/65535, the rate in Hz.
class StatusHeader : public Header
{
  public:
    static TypeId GetTypeId();
    TypeId GetInstanceTypeId() const override;
    uint32_t GetSerializedSize() const override;
    void Serialize(Buffer::Iterator start) const override;
    uint32_t Deserialize(Buffer::Iterator start) override;
    void Print(std::ostream& os) const override;

    ServerStatus status;
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_STATUS_HEADER_H
