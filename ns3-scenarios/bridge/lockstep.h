// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_LOCKSTEP_H
#define NS3MARL_BRIDGE_LOCKSTEP_H

#include "bridge/scenario.h"
#include "bridge/wire.h"

#include "ns3/event-id.h"

#include <functional>
#include <vector>

namespace ns3::marl
{

/// One episode: builds the network and stops simulated time at every boundary, for one exchange where somebody is asked.
class Lockstep
{
  public:
    /// Hands out the observation and fills the action, which is null at the last exchange; false ends the episode early.
    using Exchange = std::function<bool(const Observation& observation, const Stamp& stamp, Action* action)>;

    /// \param withBuiltin stamps carry what the scenario's own policy chooses
    Lockstep(Scenario& scenario, const Spec& spec, bool withBuiltin, Exchange exchange);
    ~Lockstep();
    Lockstep(const Lockstep&) = delete;
    Lockstep& operator=(const Lockstep&) = delete;

    /// Builds and runs the episode to its end. \throws Error, and whatever the scenario throws
    void Run();

    /// \return the number of the exchange that is under way or to come next
    uint64_t GetTick() const;

    // What Scenario's methods of the same names do.
    void RequestDecision();
    void Finish();
    TableRows& Rows(const TableHandle& table);

  private:
    struct Bounds
    {
        std::vector<float> low;  ///< [F]
        std::vector<float> high; ///< [F]
    };

    static Bounds MakeBounds(const std::vector<Feature>& features);
    uint64_t CheckRow(std::span<float> values,
                      const Bounds& bounds,
                      const std::vector<Feature>& features,
                      const std::string& where,
                      const std::string& name) const;
    uint64_t CheckObservation();
    void CheckAction(Action& action, const std::string& whose) const;
    void CheckChoices(const Group& group, uint32_t agent, const Action& action, const std::string& whose) const;
    void CheckLevels(const Group& group, uint32_t agent, Action& action, const std::string& whose) const;

    void ReachRegular();   ///< the event of a regular boundary
    void ReachRequested(); ///< the event of a requested one
    void PassBoundary();
    bool IsSomebodyActive() const;
    void ClearAbsent();
    void FillRewards();
    bool MakeExchange(); ///< \return whether the episode goes on

    Scenario& m_scenario;
    const Spec m_spec;
    bool m_withBuiltin;
    Exchange m_exchange;
    Observation m_observation;
    Rewards m_rewards;
    Action m_action;
    Action m_builtin;
    std::vector<TableRows> m_tables;
    std::vector<Bounds> m_groupBounds;
    std::vector<Bounds> m_stateBounds;
    std::vector<std::vector<uint8_t>> m_wasPresent; ///< [A] per group, at the exchange before

    Boundary m_boundary;
    Time m_boundaryTime;        ///< of the boundary before
    EventId m_requested;        ///< the event of a requested boundary
    bool m_isInBoundary{false}; ///< before the exchange
    bool m_isFinished{false};   ///< the scenario has called Finish
    bool m_isOver{false};       ///< the last exchange was made
    Time m_exchangeTime{-1};    ///< of the exchange before
    uint64_t m_tick{0};         ///< number of the exchange
    Stamp m_stamp;
    int64_t m_wallNs{0}; ///< when the simulation was last let go
    int64_t m_cpuNs{0};
};

/// Reads an action's bytes. \throws Error (SPEC_VIOLATION) when groups or sizes are not those of the spec
void ReadAction(const ActionRequest& request, const Spec& spec, Action& action);

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_LOCKSTEP_H
