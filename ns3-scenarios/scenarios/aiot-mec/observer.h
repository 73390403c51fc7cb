// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_OBSERVER_H
#define NS3MARL_SCENARIOS_AIOT_MEC_OBSERVER_H

#include "bridge/exchange.h"

#include <cstdint>
#include <vector>

#include "scenarios/aiot-mec/accounts.h"
#include "scenarios/aiot-mec/world.h"

namespace ns3::marl::aiot_mec
{

/// Fills observations, masks and the global state from the world, as layout.h orders them.
class Observer
{
  public:
    Observer(const Settings& settings, const World& world, const Accounts& accounts);

    /// Once at each boundary, after the tasks of the tick arrived.
    void Fill(Observation& observation);

  private:
    float GetAgeTicks(const Time& then) const; ///< whole ticks since then
    void FillOwn(uint32_t index, Observation& observation);
    void FillServerSlots(uint32_t index, Observation& observation) const;
    void FillChannelSlots(uint32_t index, Observation& observation) const;
    void FillAgentState(uint32_t index, Observation& observation) const;
    void FillServerState(Observation& observation) const;
    void FillChannelState(Observation& observation) const;

    const Settings& m_settings;
    const World& m_world;
    const Accounts& m_accounts;
    std::vector<Time> m_busyMarks; ///< [device] EnergyMeter::GetBusyTime at the last observation
};

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_OBSERVER_H
