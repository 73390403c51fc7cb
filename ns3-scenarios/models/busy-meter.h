// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_BUSY_METER_H
#define NS3MARL_MODELS_BUSY_METER_H

#include "ns3/nstime.h"
#include "ns3/wifi-phy-state.h"

namespace ns3::marl
{

/// Share of the time in which a radio transmits, receives or senses its channel busy. A busy period counts when the radio
/// reports it, that is at its end (a transmission: at its beginning).
class BusyMeter
{
  public:
    /// For the trace State of the radio's WifiPhyStateHelper.
    void NotifyState(Time start, Time duration, WifiPhyState state);

    /// Ends an interval and begins the next one. \return its busy share, in [0, 1]
    double TakeInterval(const Time& now);

  private:
    Time m_intervalStart;
    Time m_busy; ///< in the interval
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_BUSY_METER_H
