// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/agreed-adhoc-mac.h"

#include "ns3/block-ack-manager.h"
#include "ns3/mac-rx-middle.h"
#include "ns3/mgt-action-headers.h"
#include "ns3/qos-txop.h"

namespace ns3::marl
{

NS_OBJECT_ENSURE_REGISTERED(AgreedAdhocMac);

TypeId
AgreedAdhocMac::GetTypeId()
{
    static TypeId tid = TypeId("ns3::marl::AgreedAdhocMac")
                            .SetParent<AdhocWifiMac>()
                            .SetGroupName("Wifi")
                            .AddConstructor<AgreedAdhocMac>();
    return tid;
}

void
AgreedAdhocMac::Agree(AgreedAdhocMac& originator, AgreedAdhocMac& recipient, uint8_t tid)
{
    constexpr uint16_t FIRST_SEQUENCE = 0; ///< of a pair that has not exchanged frames

    MgtAddBaRequestHeader request;
    request.SetAmsduSupport(true);
    request.SetImmediateBlockAck();
    request.SetTid(tid);
    request.SetTimeout(0); // never lapses
    request.SetBufferSize(originator.GetMpduBufferSize());
    request.SetStartingSequence(FIRST_SEQUENCE);

    MgtAddBaResponseHeader response;
    StatusCode status;
    status.SetSuccess();
    response.SetStatusCode(status);
    response.SetAmsduSupport(true);
    response.SetImmediateBlockAck();
    response.SetTid(tid);
    response.SetTimeout(0);
    response.SetBufferSize(recipient.GetMpduBufferSize());

    const auto originatorManager = originator.GetQosTxop(tid)->GetBaManager();
    // No frame waits for this agreement. Stopping and starting the queue would make it contend anew for what is in it.
    const auto ignore = Callback<void, Mac48Address, uint8_t>([](Mac48Address, uint8_t) {});
    originatorManager->SetBlockDestinationCallback(ignore);
    originatorManager->SetUnblockDestinationCallback(ignore);
    originatorManager->CreateOriginatorAgreement(request, recipient.GetAddress());
    recipient.GetQosTxop(tid)->GetBaManager()->CreateRecipientAgreement(
        response, originator.GetAddress(), FIRST_SEQUENCE, recipient.m_rxMiddle);
    originatorManager->UpdateOriginatorAgreement(response, recipient.GetAddress(), FIRST_SEQUENCE);
}

} // namespace ns3::marl
