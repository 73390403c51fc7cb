// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_AGREED_ADHOC_MAC_H
#define NS3MARL_MODELS_AGREED_ADHOC_MAC_H

#include "ns3/adhoc-wifi-mac.h"

#include <cstdint>

namespace ns3::marl
{

/// An ad hoc station whose block-ack agreements may be put in place without frames on the air. Without them the first
/// frames of every pair wait for a handshake, which costs 1 to 3 % of the early tasks.
class AgreedAdhocMac : public AdhocWifiMac
{
  public:
    static TypeId GetTypeId();

    /// Sets up what an ADDBA request and its response would have: \p originator may send A-MPDUs of this traffic
    /// identifier to \p recipient. Only before the first frame between the two. From then on the originator
    /// does not hold frames of this identifier back while it negotiates an agreement with another station.
    static void Agree(AgreedAdhocMac& originator, AgreedAdhocMac& recipient, uint8_t tid);
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_AGREED_ADHOC_MAC_H
