// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_LOCKSTEP_H
#define NS3MARL_BRIDGE_LOCKSTEP_H

#include "bridge/scenario.h"
#include "bridge/wire.h"

#include <functional>
#include <string_view>
#include <vector>

namespace ns3::marl
{

/// One episode: builds the network and stops simulated time at every tick for one exchange.
class Lockstep
{
  public:
    /// Hands out the observation and, at ticks 0 to T-1, fills the action; false ends the episode early. At the last
    /// tick the action is null.
    using Exchange = std::function<bool(const Observation& observation, const Stamp& stamp, Action* action)>;

    Lockstep(Scenario& scenario, Spec spec, bool withTables, Exchange exchange);

    /// Builds and runs the episode to its end. \throws Error, and whatever the scenario throws
    void Run();

    uint64_t GetTick() const;

  private:
    struct Bounds
    {
        std::vector<float> low;  ///< [F]
        std::vector<float> high; ///< [F]
    };

    static Bounds MakeBounds(const std::vector<Feature>& features);
    uint64_t CheckRows(std::span<float> rows,
                       const Bounds& bounds,
                       const std::vector<Feature>& features,
                       const std::string& where,
                       const std::vector<std::string>& names) const;
    uint64_t CheckObservation();
    void CheckAction();
    void Tick();

    Scenario& m_scenario;
    Spec m_spec;
    bool m_withTables;
    Exchange m_exchange;
    Observation m_observation;
    Action m_action;
    std::vector<Bounds> m_groupBounds;
    std::vector<Bounds> m_stateBounds;
    uint64_t m_tick{0};
    Stamp m_stamp;
    int64_t m_wallNs{0}; ///< when the simulation was last let go
    int64_t m_cpuNs{0};
};

/// Reads an action's bytes. \throws Error (SPEC_VIOLATION) when groups or sizes are not those of the spec
void ReadAction(const ActionRequest& request, const Spec& spec, Action& action);

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_LOCKSTEP_H
