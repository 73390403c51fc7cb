// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_COGNITIVE_V2X_PAIR_H
#define NS3MARL_COGNITIVE_V2X_PAIR_H

#include "models/age-tracker.h"
#include "models/busy-meter.h"

#include "ns3/mac48-address.h"
#include "ns3/nstime.h"
#include "ns3/packet.h"
#include "ns3/wifi-net-device.h"
#include "ns3/wifi-phy.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace ns3::marl::cognitive_v2x
{

/// A transmitter that sends status updates to a receiver ahead of it, and what its radios report. An update is one frame
/// to the receiver's address: the receiver's radio acknowledges it, the transmitter's repeats it while it lives.
class Pair
{
  public:
    /// What happened in a tick.
    struct Interval
    {
        std::optional<uint32_t> channel;     ///< where an update was to be sent; none: silent
        bool transmitted{false};             ///< it was on the air at least once
        bool acknowledged{false};            ///< the transmitter knows that it arrived
        bool received{false};                ///< it arrived
        double energyJ{0};                   ///< emitted by both vehicles
        double busyRatio{0};                 ///< share of the tick in which the transmitter's radio was busy
        std::vector<Mac48Address> overheard; ///< other senders of data frames, each once
        std::optional<double> signalDbm;     ///< of the acknowledgement
    };

    /// \param updateBytes size of an update \param start when both ages are 0
    Pair(const Ptr<WifiNetDevice>& transmitter,
         const Ptr<WifiNetDevice>& receiver,
         uint32_t updateBytes,
         const Time& start);
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    /// An update that was measured now is handed to the radio after a delay.
    void Send(uint32_t channel, const Time& delay);

    Interval TakeInterval(); ///< since the last call

    Mac48Address GetAddress() const;       ///< of the transmitter
    const AgeTracker& GetAge() const;      ///< of information, at the receiver
    const AgeTracker& GetKnownAge() const; ///< as far as it was acknowledged

  private:
    void Enqueue(Ptr<Packet> update);
    void NoteEmitted(bool isTransmitter, const WifiConstPsduMap& psdus, const WifiTxVector& vector, double powerW);
    void NoteHeard(const Packet& frame, double signalDbm);
    void NoteReceived(const Packet& update);

    Ptr<WifiNetDevice> m_transmitter;
    Ptr<WifiNetDevice> m_receiver;
    uint32_t m_updateBytes;
    AgeTracker m_age;
    AgeTracker m_knownAge;
    Time m_generation; ///< of the update that was sent last
    BusyMeter m_busy;
    Interval m_interval;
};

} // namespace ns3::marl::cognitive_v2x

#endif // NS3MARL_COGNITIVE_V2X_PAIR_H
