// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/energy-meter.h"

#include "ns3/abort.h"

namespace ns3::marl
{

EnergyMeter::EnergyMeter(const ModemPower& power, const Time& start)
    : m_power(power),
      m_start(start)
{
    NS_ABORT_MSG_IF(power.amplifierEfficiency <= 0 || power.amplifierEfficiency > 1,
                    "The efficiency of the amplifier lies in (0, 1], not at " << power.amplifierEfficiency);
}

void
EnergyMeter::Tune(uint32_t radio)
{
    m_tuned = radio;
}

void
EnergyMeter::NotifyTxBegin(uint32_t /* radio */, double outputW)
{
    m_outputW = outputW;
}

void
EnergyMeter::NotifyState(uint32_t radio, Time start, Time duration, WifiPhyState state)
{
    if (start < m_start)
    {
        return;
    }
    if (state == WifiPhyState::TX)
    {
        m_amplifierJ += m_outputW / m_power.amplifierEfficiency * duration.GetSeconds();
        m_transmitTime += duration;
        m_busyTime += duration;
    }
    else if (radio == m_tuned && state == WifiPhyState::RX)
    {
        m_receiveTime += duration;
        m_busyTime += duration;
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
    // A transmission is entered when it begins, so it may reach beyond now.
    const Time idle = Max(Time(0), now - m_start - m_transmitTime - m_receiveTime);
    return m_power.idleW * idle.GetSeconds();
}

Time
EnergyMeter::GetBusyTime() const
{
    return m_busyTime;
}

} // namespace ns3::marl
