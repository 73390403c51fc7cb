// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_VALIDATION_LINK_H
#define NS3MARL_VALIDATION_LINK_H

#include "models/radio-network.h"

#include "ns3/nstime.h"
#include "ns3/socket.h"
#include "ns3/wifi-phy.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace ns3::marl::validation
{

/// A device and a server of RadioNetwork on one channel, without fading, and what their radios report.
class Link
{
  public:
    /// A frame that the device sent.
    struct Frame
    {
        uint32_t bytes{0}; ///< PSDU
        WifiMode mode;
        double powerW{0};
        Time duration;
    };

    /// A frame that the server heard.
    struct Heard
    {
        double signalDbm{0};
        double noiseDbm{0};
    };

    static constexpr uint32_t HEADER_BYTES = 28; ///< of UDP and IPv4

    Link(RadioSettings settings, double distanceM);
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    /// \return the distance at which a transmission of 30 dBm arrives with this SNR
    static double GetDistanceM(const RadioSettings& settings, double snrDb);

    void SetRate(uint8_t mcs, double powerDbm);      ///< of frames to the server
    void Send(uint32_t count, uint32_t packetBytes); ///< to the server; sizes include IPv4 and UDP
    void Broadcast(uint32_t packetBytes);            ///< at the mode of the attribute NonUnicastMode
    void Run(const Time& span);                      ///< simulates on

    RadioNetwork& GetNetwork();
    Ptr<WifiNetDevice> GetDeviceRadio() const;
    Ptr<WifiNetDevice> GetServerRadio() const;
    const std::vector<Frame>& GetFrames() const;
    const std::vector<Heard>& GetHeard() const;
    uint32_t GetReceived() const; ///< packets

  private:
    void Trace();

    std::unique_ptr<RadioNetwork> m_network;
    Ptr<Socket> m_sender;
    Ptr<Socket> m_receiver;
    std::vector<Frame> m_frames;
    std::vector<Heard> m_heard;
    uint32_t m_received{0};
};

} // namespace ns3::marl::validation

#endif // NS3MARL_VALIDATION_LINK_H
