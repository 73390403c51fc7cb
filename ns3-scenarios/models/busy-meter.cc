// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/busy-meter.h"

#include <algorithm>

namespace ns3::marl
{

void
BusyMeter::NotifyState(Time /* start */, Time duration, WifiPhyState state)
{
    if (state == WifiPhyState::TX || state == WifiPhyState::RX || state == WifiPhyState::CCA_BUSY)
    {
        m_busy += duration;
    }
}

double
BusyMeter::TakeInterval(const Time& now)
{
    const Time length = now - m_intervalStart;
    const double share = length.IsStrictlyPositive() ? (m_busy / length).GetDouble() : 0;
    m_intervalStart = now;
    m_busy = Time(0);
    return std::min(1.0, share);
}

} // namespace ns3::marl
