// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_OBSERVER_H
#define NS3MARL_SCENARIOS_AIOT_MEC_OBSERVER_H

#include "bridge/computed-features.h"
#include "bridge/observation.h"
#include "bridge/spec.h"

#include <array>
#include <cstdint>

#include "scenarios/aiot-mec/accounts.h"
#include "scenarios/aiot-mec/heads.h"
#include "scenarios/aiot-mec/world.h"

namespace ns3::marl::aiot_mec
{

/// Declares and fills what devices observe, what they may choose, and the global state.
///
/// A device observes 128 features: its own, then those of the server slots, then those of the channel slots.
class Observer
{
  public:
    Observer(const Settings& settings, const World& world, const Accounts& accounts);

    /// Declares features and state. \param devices the group, with its heads
    void Describe(Spec& spec, Group& devices, const Heads& heads);

    /// Fills what Describe declared, and the masks; at a boundary, after the tasks of the tick arrived.
    void Observe(Observation& observation) const;

    /// \return the feature with the SNR of the server in a slot, as the device heard it last [dB]
    const FeatureHandle& GetHeardSnr(uint32_t slot) const;

  private:
    void DescribeDevices(Group& devices, StateBlock& agentState);
    void DescribeServerSlot(uint32_t slot, Group& devices);
    void DescribeChannelSlot(uint32_t slot, Group& devices);
    void DescribeServerState(Spec& spec);
    void DescribeChannelState(Spec& spec);

    double GetAgeTicks(const Time& then) const; ///< whole ticks since then
    void ObserveServerSlots(const Device& device, Observation& observation) const;
    void ObserveChannelSlots(const Device& device, Observation& observation) const;

    const Settings& m_settings;
    const World& m_world;
    const Accounts& m_accounts;
    GroupHandle m_group;
    Heads m_heads;

    ComputedFeatures<Group, const Device&> m_devices;
    std::array<ComputedFeatures<Group, const StatusBoard::ServerEntry&>, Settings::SERVER_SLOTS> m_serverSlots;
    std::array<ComputedFeatures<Group, const Device&>, Settings::CHANNEL_SLOTS> m_channelSlots;
    std::array<FeatureHandle, Settings::SERVER_SLOTS> m_heardSnrs;
    ComputedFeatures<StateBlock, const Device&> m_agentState;
    ComputedFeatures<StateBlock, const Server&> m_serverState;
    ComputedFeatures<StateBlock, uint32_t> m_channelState;
};

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_OBSERVER_H
