// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SLICE_LTE_NETWORK_H
#define NS3MARL_SLICE_LTE_NETWORK_H

#include "ns3/ipv4-address.h"
#include "ns3/lte-common.h"
#include "ns3/lte-helper.h"
#include "ns3/net-device-container.h"
#include "ns3/node-container.h"
#include "ns3/nstime.h"
#include "ns3/point-to-point-epc-helper.h"
#include "ns3/socket.h"

#include <cstdint>
#include <functional>
#include <vector>

#include "scenarios/slice-lte/slice-ffr.h"

namespace ns3::marl::slice_lte
{

/// One LTE cell with its core network (EPC), UEs and an edge server behind the PGW. Jobs travel as UDP datagrams that
/// begin with the job's number.
class Network
{
  public:
    struct Shape
    {
        std::vector<uint32_t> ues; ///< by slice
        uint32_t resourceBlocks;
        double radiusM; ///< UEs are up to here from the eNB
        double speedMps;
    };

    using Received = std::function<void(uint32_t job)>;

    /// Sets the attributes whose defaults do not suit this scenario; call it before the command line is read.
    static void SetAttributeDefaults();

    /// \param up called when a datagram reaches the edge server \param down when one reaches its UE
    Network(const Shape& shape, Received up, Received down);

    /// Tells the slices' UEs apart; to be called when all are connected. \throws Error (SIMULATION) if one is not
    void Begin();

    void SendUp(uint32_t ue, uint32_t job, uint32_t bytes);
    void SendDown(uint32_t ue, uint32_t job, uint32_t bytes);

    Ptr<SliceFfr> GetFfr() const;
    uint32_t GetSlice(uint32_t ue) const;
    uint64_t GetDropped() const; ///< datagrams that found a radio's queue full, both ways

    /// \return mean MCS of the slice's downlink transport blocks since the last call, 0 without one
    double TakeMeanMcs(uint32_t slice);

  private:
    struct Ue
    {
        uint32_t slice;
        Ipv4Address address;
        Ptr<Socket> socket;
    };

    NodeContainer Place(const Shape& shape) const;
    void OpenSockets(Ptr<Node> edge, const NodeContainer& ues);
    void NoteBlock(DlSchedulingCallbackInfo block);
    void NoteDrop(Ptr<const Packet> packet);

    Received m_up;
    Received m_down;
    std::vector<Ue> m_ues;
    Ptr<LteHelper> m_lte; ///< must outlive the network, like the next one
    Ptr<PointToPointEpcHelper> m_epc;
    NetDeviceContainer m_ueDevices;
    Ptr<Socket> m_edgeSocket;
    Ipv4Address m_edgeAddress;
    Ptr<SliceFfr> m_ffr;
    std::vector<uint32_t> m_slices; ///< by RNTI
    std::vector<uint64_t> m_mcsSum; ///< by slice
    std::vector<uint64_t> m_blocks; ///< by slice
    uint64_t m_dropped{0};
};

} // namespace ns3::marl::slice_lte

#endif // NS3MARL_SLICE_LTE_NETWORK_H
