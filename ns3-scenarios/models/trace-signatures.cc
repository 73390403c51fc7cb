// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/trace-signatures.h"

#include "models/edge-server.h"
#include "models/task.h"

#include "ns3/ipv4.h"
#include "ns3/mac48-address.h"
#include "ns3/mobility-model.h"
#include "ns3/packet.h"
#include "ns3/simulator.h"
#include "ns3/wifi-mac.h"
#include "ns3/wifi-mpdu.h"
#include "ns3/wifi-phy-common.h"
#include "ns3/wifi-phy-state.h"
#include "ns3/wifi-psdu.h"
#include "ns3/wifi-tx-vector.h"
#include "ns3/wifi-utils.h"

namespace ns3::marl
{

namespace
{

/// \param write what comes after time and path; its arguments are those of the trace source, to the letter
template <typename... Args>
TraceSignature
Make(const char* callback, const char* columns, void (*write)(std::ostream&, Args...))
{
    return {callback, columns, [write](const std::shared_ptr<std::ostream>& rows) -> CallbackBase {
                return Callback<void, std::string, Args...>([write, rows](const std::string& path, Args... args) {
                    *rows << Simulator::Now().GetSeconds() << ',' << path << ',';
                    write(*rows, args...);
                    *rows << '\n';
                });
            }};
}

template <typename T>
void
WriteChange(std::ostream& os, T before, T after)
{
    os << +before << ',' << +after;
}

void
WriteTimeChange(std::ostream& os, Time before, Time after)
{
    os << before.GetSeconds() << ',' << after.GetSeconds();
}

void
WritePacket(std::ostream& os, Ptr<const Packet> packet)
{
    os << packet->GetUid() << ',' << packet->GetSize();
}

void
WritePacketAndWatts(std::ostream& os, Ptr<const Packet> packet, double powerW)
{
    WritePacket(os, packet);
    os << ',' << WToDbm(powerW);
}

void
WritePacketAndSnr(std::ostream& os, Ptr<const Packet> packet, double snr)
{
    WritePacket(os, packet);
    os << ',' << RatioToDb(snr);
}

void
WritePhyDrop(std::ostream& os, Ptr<const Packet> packet, WifiPhyRxfailureReason reason)
{
    WritePacket(os, packet);
    os << ',' << reason;
}

void
WriteIpPacket(std::ostream& os, Ptr<const Packet> packet, Ptr<Ipv4> /* ipv4 */, uint32_t interface)
{
    WritePacket(os, packet);
    os << ',' << interface;
}

void
WriteSniffed(std::ostream& os,
             Ptr<const Packet> packet,
             uint16_t frequencyMhz,
             WifiTxVector vector,
             MpduInfo /* mpdu */,
             SignalNoiseDbm level,
             uint16_t /* station */)
{
    WritePacket(os, packet);
    os << ',' << frequencyMhz << ',' << vector.GetMode().GetUniqueName() << ',' << level.signal << ',' << level.noise;
}

void
WriteState(std::ostream& os, Time start, Time duration, WifiPhyState state)
{
    os << start.GetSeconds() << ',' << duration.GetSeconds() << ',' << state;
}

void
WriteMpdu(std::ostream& os, Ptr<const WifiMpdu> mpdu)
{
    const auto& header = mpdu->GetHeader();
    os << mpdu->GetPacket()->GetUid() << ',' << mpdu->GetSize() << ',' << header.GetTypeString() << ','
       << header.GetAddr1() << ',' << header.GetSequenceNumber() << ',' << header.IsRetry();
}

void
WriteDroppedMpdu(std::ostream& os, WifiMacDropReason reason, Ptr<const WifiMpdu> mpdu)
{
    WriteMpdu(os, mpdu);
    switch (reason)
    {
    case WIFI_MAC_DROP_FAILED_ENQUEUE:
        os << ",failed_enqueue";
        break;
    case WIFI_MAC_DROP_EXPIRED_LIFETIME:
        os << ",expired_lifetime";
        break;
    case WIFI_MAC_DROP_REACHED_RETRY_LIMIT:
        os << ",reached_retry_limit";
        break;
    case WIFI_MAC_DROP_QOS_OLD_PACKET:
        os << ",old_packet";
        break;
    }
}

void
WriteUnansweredMpdu(std::ostream& os, uint8_t /* reason */, Ptr<const WifiMpdu> mpdu, const WifiTxVector& vector)
{
    WriteMpdu(os, mpdu);
    os << ',' << vector.GetMode().GetUniqueName();
}

void
WriteUnansweredPsdu(std::ostream& os, uint8_t /* reason */, Ptr<const WifiPsdu> psdu, const WifiTxVector& vector)
{
    os << psdu->GetNMpdus() << ',' << psdu->GetSize() << ',' << psdu->GetAddr1() << ','
       << vector.GetMode().GetUniqueName();
}

void
WriteAddress(std::ostream& os, Mac48Address address)
{
    os << address;
}

void
WriteLinkValue(std::ostream& os, uint32_t value, uint8_t link)
{
    os << value << ',' << +link;
}

void
WritePlace(std::ostream& os, Ptr<const MobilityModel> mobility)
{
    const auto place = mobility->GetPosition();
    const auto velocity = mobility->GetVelocity();
    os << place.x << ',' << place.y << ',' << velocity.x << ',' << velocity.y;
}

void
WriteTask(std::ostream& os, const Task& task)
{
    constexpr const char* MODES[]{"local", "partial", "full"};
    const auto& decision = task.decision;
    os << task.id << ',' << task.device << ',' << task.tick << ',' << MODES[static_cast<uint32_t>(decision.mode)] << ','
       << decision.server << ',' << decision.channel << ',' << decision.powerDbm << ',' << decision.ratio << ','
       << task.parameters.GetSizeBits() << ',' << task.parameters.GetCycles() << ','
       << task.parameters.deadline.GetSeconds() << ',' << GetName(task.outcome) << ',' << task.fragments.sent << ','
       << task.fragments.onAir << ',' << task.fragments.received << ',' << task.retries;
}

void
WriteJob(std::ostream& os, const EdgeJob& job)
{
    os << job.id << ',' << job.cycles << ',' << job.premium << ',' << (Simulator::Now() - job.received).GetSeconds()
       << ',' << (job.expiry - Simulator::Now()).GetSeconds();
}

} // namespace

const std::vector<TraceSignature>&
GetTraceSignatures()
{
    static const std::vector<TraceSignature> SIGNATURES{
        Make("ns3::marl::TaskLedger::TaskTracedCallback",
             "task,device,tick,mode,server,channel,power_dbm,ratio,size_bits,cycles,deadline_s,outcome,fragments_sent,"
             "fragments_on_air,fragments_received,retries",
             &WriteTask),
        Make("ns3::marl::EdgeServer::JobTracedCallback", "task,cycles,premium,since_received_s,left_s", &WriteJob),
        Make("ns3::TracedValueCallback::Bool", "old,new", &WriteChange<bool>),
        Make("ns3::TracedValueCallback::Int8", "old,new", &WriteChange<int8_t>),
        Make("ns3::TracedValueCallback::Uint8", "old,new", &WriteChange<uint8_t>),
        Make("ns3::TracedValueCallback::Int16", "old,new", &WriteChange<int16_t>),
        Make("ns3::TracedValueCallback::Uint16", "old,new", &WriteChange<uint16_t>),
        Make("ns3::TracedValueCallback::Int32", "old,new", &WriteChange<int32_t>),
        Make("ns3::TracedValueCallback::Uint32", "old,new", &WriteChange<uint32_t>),
        Make("ns3::TracedValueCallback::Int64", "old,new", &WriteChange<int64_t>),
        Make("ns3::TracedValueCallback::Uint64", "old,new", &WriteChange<uint64_t>),
        Make("ns3::TracedValueCallback::Double", "old,new", &WriteChange<double>),
        Make("ns3::TracedValueCallback::Time", "old_s,new_s", &WriteTimeChange),
        Make("ns3::Packet::TracedCallback", "packet,bytes", &WritePacket),
        Make("ns3::Mac48Address::TracedCallback", "address", &WriteAddress),
        Make("ns3::Ipv4L3Protocol::TxRxTracedCallback", "packet,bytes,interface", &WriteIpPacket),
        Make("ns3::MobilityModel::TracedCallback", "x_m,y_m,speed_x_mps,speed_y_mps", &WritePlace),
        Make("ns3::WifiMpdu::TracedCallback", "packet,bytes,frame,receiver,sequence,retry", &WriteMpdu),
        Make("ns3::WifiMac::DroppedMpduCallback",
             "packet,bytes,frame,receiver,sequence,retry,reason",
             &WriteDroppedMpdu),
        Make("ns3::WifiMac::MpduResponseTimeoutCallback",
             "packet,bytes,frame,receiver,sequence,retry,rate",
             &WriteUnansweredMpdu),
        Make("ns3::WifiMac::PsduResponseTimeoutCallback", "frames,bytes,receiver,rate", &WriteUnansweredPsdu),
        Make("ns3::Txop::BackoffValueTracedCallback", "slots,link", &WriteLinkValue),
        Make("ns3::Txop::CwValueTracedCallback", "slots,link", &WriteLinkValue),
        Make("ns3::WifiPhyStateHelper::StateTracedCallback", "start_s,duration_s,state", &WriteState),
        Make("ns3::WifiPhyStateHelper::RxEndErrorTracedCallback", "packet,bytes,snr_db", &WritePacketAndSnr),
        Make("ns3::WifiPhy::PhyTxBeginTracedCallback", "packet,bytes,power_dbm", &WritePacketAndWatts),
        Make("ns3::WifiPhy::PhyRxDropTracedCallback", "packet,bytes,reason", &WritePhyDrop),
        Make("ns3::WifiPhy::MonitorSnifferRxTracedCallback",
             "packet,bytes,frequency_mhz,rate,signal_dbm,noise_dbm",
             &WriteSniffed),
    };
    return SIGNATURES;
}

} // namespace ns3::marl
