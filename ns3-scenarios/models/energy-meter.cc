// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/energy-meter.h"

#include "ns3/abort.h"
#include "ns3/wifi-phy-state-helper.h"
#include "ns3/wifi-psdu.h"

namespace ns3::marl
{

NS_OBJECT_ENSURE_REGISTERED(EnergyMeter);

TypeId
EnergyMeter::GetTypeId()
{
    static const TypeId tid = TypeId("ns3::marl::EnergyMeter")
                                  .SetParent<Object>()
                                  .SetGroupName("Ns3Marl")
                                  .AddTraceSource("TransmitJ",
                                                  "Energy of transmitting since the start",
                                                  MakeTraceSourceAccessor(&EnergyMeter::m_transmitTrace),
                                                  "ns3::TracedValueCallback::Double")
                                  .AddTraceSource("ReceiveJ",
                                                  "Energy of receiving since the start",
                                                  MakeTraceSourceAccessor(&EnergyMeter::m_receiveTrace),
                                                  "ns3::TracedValueCallback::Double");
    return tid;
}

EnergyMeter::EnergyMeter(const ModemPower& power, const Time& start)
    : m_power(power),
      m_start(start)
{
    NS_ABORT_MSG_IF(power.amplifierEfficiency <= 0 || power.amplifierEfficiency > 1,
                    "The efficiency of the amplifier lies in (0, 1], not at " << power.amplifierEfficiency);
}

void
EnergyMeter::Connect(uint32_t radio, Ptr<WifiPhy> phy)
{
    phy->TraceConnectWithoutContext(
        "PhyTxPsduBegin",
        Callback<void, WifiConstPsduMap, WifiTxVector, double>(
            [this, radio](WifiConstPsduMap, WifiTxVector, double outputW) { NotifyTxBegin(radio, outputW); }));
    phy->GetState()->TraceConnectWithoutContext(
        "State", Callback<void, Time, Time, WifiPhyState>([this, radio](Time start, Time duration, WifiPhyState state) {
            NotifyState(radio, start, duration, state);
        }));
}

void
EnergyMeter::Tune(uint32_t radio)
{
    m_tuned = radio;
}

void
EnergyMeter::Stop(const Time& now)
{
    m_stop = now;
}

void
EnergyMeter::NotifyTxBegin(uint32_t /* radio */, double outputW)
{
    m_outputW = outputW;
}

void
EnergyMeter::NotifyState(uint32_t radio, Time start, Time duration, WifiPhyState state)
{
    if (start < m_start || (m_stop && start >= *m_stop))
    {
        return;
    }
    if (state == WifiPhyState::TX)
    {
        const double beforeJ = GetTransmitJ();
        m_amplifierJ += m_outputW / m_power.amplifierEfficiency * duration.GetSeconds();
        m_transmitTime += duration;
        m_transmitEnd = start + duration;
        m_busyTime += duration;
        m_transmitTrace(beforeJ, GetTransmitJ());
    }
    else if (radio == m_tuned && state == WifiPhyState::RX)
    {
        const double beforeJ = GetReceiveJ();
        m_receiveTime += duration;
        m_busyTime += duration;
        m_receiveTrace(beforeJ, GetReceiveJ());
    }
    else if (radio == m_tuned && state == WifiPhyState::CCA_BUSY)
    {
        m_busyTime += duration;
    }
}

double
EnergyMeter::GetTransmitJ() const
{
    return m_amplifierJ + m_power.electronicsW * m_transmitTime.GetSeconds();
}

double
EnergyMeter::GetTransmitAboveIdleJ() const
{
    return GetTransmitJ() - m_power.idleW * m_transmitTime.GetSeconds();
}

double
EnergyMeter::GetReceiveJ() const
{
    return m_power.receiveW * m_receiveTime.GetSeconds();
}

double
EnergyMeter::GetIdleJ(const Time& now) const
{
    return m_power.idleW * GetIdleTime(now).GetSeconds();
}

double
EnergyMeter::GetTotalJ(const Time& now) const
{
    return GetTransmitJ() + GetReceiveJ() + GetIdleJ(now);
}

Time
EnergyMeter::GetTransmitTime() const
{
    return m_transmitTime;
}

Time
EnergyMeter::GetReceiveTime() const
{
    return m_receiveTime;
}

Time
EnergyMeter::GetIdleTime(const Time& now) const
{
    // A transmission is entered when it begins, so it may reach beyond now.
    return Max(Time(0), m_stop.value_or(now) - m_start - m_transmitTime - m_receiveTime);
}

void
EnergyMeter::CheckConservation(const Time& now) const
{
    const Time end = m_stop.value_or(now);
    const Time beyond = Max(Time(0), m_transmitEnd - end);
    NS_ABORT_MSG_IF(m_transmitTime + m_receiveTime - beyond > end - m_start,
                    "A modem transmitted for " << m_transmitTime.As(Time::S) << " and received for "
                                               << m_receiveTime.As(Time::S) << " in " << (end - m_start).As(Time::S));
}

Time
EnergyMeter::GetBusyTime() const
{
    return m_busyTime;
}

} // namespace ns3::marl
