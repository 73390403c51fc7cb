// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_RADIO_NETWORK_H
#define NS3MARL_MODELS_RADIO_NETWORK_H

#include "models/air.h"
#include "models/propagation.h"
#include "models/task-rate-manager.h"

#include "ns3/ipv4-address.h"
#include "ns3/ipv4-interface.h"
#include "ns3/mobility-model.h"
#include "ns3/node-container.h"
#include "ns3/vector.h"
#include "ns3/wifi-mac-queue.h"
#include "ns3/wifi-net-device.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace ns3::marl
{

/// What the radios and the air between them are like.
struct RadioSettings
{
    uint32_t channels{4}; ///< orthogonal 20 MHz channels of the 5 GHz band, at most 8
    PropagationSettings propagation;
    PhyKind phy{PhyKind::YANS};
    std::vector<uint8_t> tids{0}; ///< traffic identifiers in use
};

/// Devices and servers with one 802.11ax ad hoc radio for each channel. Each channel is an IPv4 subnet
/// 10.<channel>.0.0/16 of its own, so the destination address chooses the radio. There are no queue discs.
class RadioNetwork
{
  public:
    static constexpr uint32_t MAXIMUM_CHANNELS = Air::MAXIMUM_CHANNELS;

    /// Defaults of ns-3 attributes that this network relies on; to be set before the command line may override them.
    static void SetAttributeDefaults();

    /// \throws std::invalid_argument that names an attribute whose default was changed and which this network does not take
    static void CheckAttributeDefaults();

    RadioNetwork(const RadioSettings& settings,
                 const std::vector<Ptr<MobilityModel>>& devices,
                 const std::vector<Vector>& serverPositions);

    /// With devices that stand still.
    RadioNetwork(const RadioSettings& settings,
                 const std::vector<Vector>& devicePositions,
                 const std::vector<Vector>& serverPositions);

    /// All but those of the shadowing. \return how many streams were assigned, from the given one on
    int64_t AssignStreams(int64_t stream);

    /// A node that is neither device nor server, with a radio on one channel. It knows nobody's MAC address.
    struct Station
    {
        Ptr<Node> node;
        Ptr<WifiNetDevice> radio;
        Ptr<Ipv4Interface> interface;
    };

    Station AddStation(const Vector& position, uint32_t channel);
    static int64_t AssignStreams(const Station& station, int64_t stream);

    uint32_t GetChannels() const;
    uint32_t GetServers() const;
    Ptr<Node> GetDevice(uint32_t device) const;
    Ptr<Node> GetServer(uint32_t server) const;
    Ptr<WifiNetDevice> GetDeviceRadio(uint32_t device, uint32_t channel) const;
    Ptr<WifiNetDevice> GetServerRadio(uint32_t server, uint32_t channel) const;
    const Propagation& GetPropagation() const;

    static Ipv4Address GetDeviceAddress(uint32_t device, uint32_t channel);
    static Ipv4Address GetServerAddress(uint32_t server, uint32_t channel);
    static Ipv4Address GetBroadcastAddress(uint32_t channel);
    static uint32_t GetChannelOf(Ipv4Address address);

    /// \return of a full-power transmission between the two, as it is now [dB]
    double GetSnrDb(uint32_t device, uint32_t server) const;

    /// Puts the entries of address caches and the block-ack agreements of the two in place, in both directions; call it
    /// before their first frame on a channel. Not made for all pairs at once: most never exchange a frame.
    void Acquaint(uint32_t device, uint32_t server, uint32_t channel) const;

    /// Whether a radio may send to a peer. What waits for the peer stays in the queue.
    static void SetSending(Ptr<WifiNetDevice> radio, const Address& peer, bool isAllowed);

    /// A muted radio hears nothing, not even for carrier sensing; that spares the simulator most of the work.
    static void SetMuted(Ptr<WifiNetDevice> radio, bool muted);

    /// For a station in which nobody listens to broadcasts: PHY and MAC receive them as ever, and IP does not see them.
    static void IgnoreBroadcasts(Ptr<WifiNetDevice> radio);

    static Ptr<TaskRateManager> GetRates(Ptr<WifiNetDevice> radio);
    static Ptr<WifiMacQueue> GetQueue(Ptr<WifiNetDevice> radio, uint8_t tid);

  private:
    std::vector<Ptr<WifiNetDevice>> CreateRadios(const NodeContainer& nodes, uint32_t channel) const;
    void CreateAddresses(uint32_t channel);

    RadioSettings m_settings;
    NodeContainer m_devices;
    NodeContainer m_servers;
    uint32_t m_stations{0};
    std::unique_ptr<Propagation> m_propagation;
    std::unique_ptr<Air> m_air;
    std::vector<std::vector<Ptr<WifiNetDevice>>> m_deviceRadios; ///< [channel][device]
    std::vector<std::vector<Ptr<WifiNetDevice>>> m_serverRadios; ///< [channel][server]
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_RADIO_NETWORK_H
