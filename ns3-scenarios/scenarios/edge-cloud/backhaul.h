// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_EDGE_CLOUD_BACKHAUL_H
#define NS3MARL_SCENARIOS_EDGE_CLOUD_BACKHAUL_H

#include "models/edge-server.h"
#include "models/status-header.h"

#include "ns3/data-rate.h"
#include "ns3/ipv4-address.h"
#include "ns3/node.h"
#include "ns3/nstime.h"
#include "ns3/point-to-point-net-device.h"
#include "ns3/socket.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace ns3::marl::edge_cloud
{

/// What the links are like.
struct BackhaulSettings
{
    DataRate rate{3'000'000};    ///< each way
    Time delay{MilliSeconds(5)}; ///< propagation, one way
    uint32_t queuePackets{100};  ///< drop-tail, at each end
};

/// The transmitter at one end of a link, and what became of the packets that were handed to it:
///
///   offered = dropped + waiting + begun
class LinkEnd
{
  public:
    LinkEnd(const Ptr<PointToPointNetDevice>& device, const DataRate& rate);
    LinkEnd(const LinkEnd&) = delete; // the device knows where it stands
    LinkEnd& operator=(const LinkEnd&) = delete;

    uint64_t GetDropped() const;             ///< packets that found the queue full
    double GetQueuedBits() const;            ///< waiting, headers included
    Time GetBusyTime(const Time& now) const; ///< in which it transmitted

    /// Aborts unless every packet is dropped, waiting or on the wire, and no more came out at the other end than went in.
    void CheckConservation(uint64_t received) const;

  private:
    Ptr<PointToPointNetDevice> m_device;
    DataRate m_rate;
    uint64_t m_offered{0};
    uint64_t m_dropped{0};
    uint64_t m_begun{0};
    Time m_busy;  ///< of all transmissions begun
    Time m_until; ///< when the last one ends
};

/// Point-to-point links between gateways and a cloud: an IPv4 subnet 10.(100 + gateway).0.0/16 for each, UDP through ns-3's stack.
/// A job goes up in fragments with the header that they had on the air, a result comes down in one datagram. There are no queue discs, so
/// what is sent is in the link's queue, or dropped, when the call returns; what is lost is not sent again.
class Backhaul
{
  public:
    static constexpr uint32_t FRAGMENT_BYTES = 1400; ///< UDP payload, header included
    static constexpr uint32_t RESULT_BYTES = 200;    ///< likewise
    static constexpr uint32_t OVERHEAD_BYTES = 30;   ///< UDP, IPv4 and PPP headers of a datagram

    struct Callbacks
    {
        std::function<void(uint32_t gateway, const EdgeJob& job)> job;    ///< complete at the cloud, before its expiry
        std::function<void(uint32_t gateway, const EdgeJob& job)> result; ///< at the gateway
        std::function<void(uint32_t gateway, const ServerStatus& status)> report; ///< of the cloud, at the gateway
    };

    /// \param gateways nodes with an IPv4 stack
    Backhaul(const BackhaulSettings& settings, const std::vector<Ptr<Node>>& gateways, Callbacks callbacks);

    /// \return how many streams were assigned, from the given one on
    int64_t AssignStreams(int64_t stream);

    /// Sends a job to the cloud. \return fragments that found the queue full
    uint32_t SendJob(uint32_t gateway, const EdgeJob& job);

    /// Sends the result of a job down.
    void SendResult(uint32_t gateway, const EdgeJob& job);

    /// Sends the cloud's status to all gateways.
    void SendReport(const ServerStatus& status);

    Ptr<Node> GetCloud() const;
    const LinkEnd& GetUp(uint32_t gateway) const;   ///< the gateway's transmitter
    const LinkEnd& GetDown(uint32_t gateway) const; ///< the cloud's

    void CheckConservation() const;

  private:
    /// A link: one socket for each end and kind of traffic.
    struct Link
    {
        std::unique_ptr<LinkEnd> up;
        std::unique_ptr<LinkEnd> down;
        Ptr<Socket> atGateway;
        Ptr<Socket> atCloud;
        Ptr<Socket> reports;      ///< at the gateway
        uint64_t receivedUp{0};   ///< datagrams
        uint64_t receivedDown{0}; ///< datagrams
    };

    /// A job that is not complete at the cloud.
    struct Assembly
    {
        uint32_t missing{0};
        uint32_t bytes{0}; ///< that came
    };

    void ReceiveJob(uint32_t gateway, Ptr<Socket> socket);
    void ReceiveResult(uint32_t gateway, Ptr<Socket> socket);
    void ReceiveReport(uint32_t gateway, Ptr<Socket> socket);

    static Ipv4Address GetGatewayAddress(uint32_t gateway);
    static Ipv4Address GetCloudAddress(uint32_t gateway);

    Callbacks m_callbacks;
    Ptr<Node> m_cloud;
    std::vector<Link> m_links;
    std::map<uint32_t, Assembly> m_assemblies; ///< by task
};

} // namespace ns3::marl::edge_cloud

#endif // NS3MARL_SCENARIOS_EDGE_CLOUD_BACKHAUL_H
