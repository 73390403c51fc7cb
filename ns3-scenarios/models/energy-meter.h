// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_ENERGY_METER_H
#define NS3MARL_MODELS_ENERGY_METER_H

#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/ptr.h"
#include "ns3/traced-callback.h"
#include "ns3/wifi-phy-state.h"
#include "ns3/wifi-phy.h"

#include <cstdint>
#include <optional>

namespace ns3::marl
{

/// Power that a modem draws from its battery.
struct ModemPower
{
    double amplifierEfficiency{0.1}; ///< emitted over drawn power of the amplifier
    double electronicsW{0.819};      ///< drawn while transmitting, beside the amplifier
    double receiveW{0.939};
    double idleW{0.819}; ///< also while the channel is sensed busy
};

/// Energy of one modem that is modelled by several radios of which one is tuned. Receiving and idling count on the tuned
/// radio, transmitting on any:
///
///   E = sum over transmissions (P_out / efficiency + electronics) T + receive T_rx + idle (T - T_tx - T_rx)
class EnergyMeter : public Object
{
  public:
    static TypeId GetTypeId();

    EnergyMeter(const ModemPower& power, const Time& start);

    /// Listens to a radio.
    void Connect(uint32_t radio, Ptr<WifiPhy> phy);

    void Tune(uint32_t radio);

    /// For the radio's trace PhyTxPsduBegin, which comes before the state TX. \param outputW emitted power
    void NotifyTxBegin(uint32_t radio, double outputW);

    /// For the trace State of the radio's WifiPhyStateHelper.
    void NotifyState(uint32_t radio, Time start, Time duration, WifiPhyState state);

    /// The battery is empty: nothing counts from now on.
    void Stop(const Time& now);

    double GetTransmitJ() const;
    double GetTransmitAboveIdleJ() const; ///< what not transmitting would have saved
    double GetReceiveJ() const;
    double GetIdleJ(const Time& now) const;
    double GetTotalJ(const Time& now) const; ///< transmit, receive and idle
    Time GetTransmitTime() const;
    Time GetReceiveTime() const;
    Time GetIdleTime(const Time& now) const;

    /// Aborts when transmitting and receiving took longer than the time since the start, a transmission under way apart.
    void CheckConservation(const Time& now) const;

    Time GetBusyTime() const; ///< the tuned radio was transmitting, receiving or sensed the channel busy

  private:
    ModemPower m_power;
    Time m_start;
    std::optional<Time> m_stop;
    uint32_t m_tuned{0};
    double m_outputW{0}; ///< of the transmission that begins
    double m_amplifierJ{0};
    Time m_transmitTime;
    Time m_transmitEnd; ///< of the last transmission; it is entered when it begins
    Time m_receiveTime;
    Time m_busyTime;
    TracedCallback<double, double> m_transmitTrace;
    TracedCallback<double, double> m_receiveTrace;
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_ENERGY_METER_H
