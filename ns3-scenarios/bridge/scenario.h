// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_SCENARIO_H
#define NS3MARL_BRIDGE_SCENARIO_H

#include "bridge/action.h"
#include "bridge/arguments.h"
#include "bridge/boundary.h"
#include "bridge/error.h"
#include "bridge/observation.h"
#include "bridge/rewards.h"
#include "bridge/spec.h"
#include "bridge/table-rows.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>

namespace ns3::marl
{

class Lockstep;

/// One topology and its task. A process builds one object of it, for one episode, and calls in this order:
///
///     AddArguments   the arguments and their defaults
///     Describe       the spec: agents, features, heads, state, metrics, tables
///     Build          the network at simulated time 0
///
/// then at every boundary, of which the first is at GetStart():
///
///     CloseInterval  account for the interval that just ended       not at the first boundary
///     Reward         what that interval was worth to each agent     not at the first boundary
///     (the bridge asks the metrics for their values: Metric::value)
///     OpenInterval   the next interval begins: its tasks arrive
///     Observe        what agents see now, and who chooses an action
///     Decide         the scenario's own policy                      only where somebody asked for it
///     Act            the joint action takes effect                  not at the last boundary
///
/// Methods that only look are const. Any method may throw Error; any other exception becomes a Fault of kind SIMULATION, save a
/// std::invalid_argument of Describe, which is of kind CONFIG.
///
/// Boundaries come every `tick` of Spec::SetTicks, and whenever the scenario calls RequestDecision(). A boundary at which no
/// present agent is active makes no round trip to the learner unless Spec::idleTicks is set; its rewards and table rows travel
/// with the next one. Act is called all the same, with the defaults of every agent. The first and the last boundary always make
/// one.
class Scenario
{
  public:
    virtual ~Scenario() = default;

    /// Declares the arguments; the members they are bound to hold the defaults.
    virtual void AddArguments(Arguments& arguments) = 0;

    /// Checks the arguments together and declares the spec that follows from them; builds nothing. What the spec's Add methods
    /// give is kept in members: every later access takes it.
    virtual void Describe(Spec& spec) = 0;

    /// Builds the network at simulated time 0. ns-3's RngSeed and RngRun are set; assign every stream explicitly.
    virtual void Build() = 0;

    /// Simulated time of the first boundary, for networks that have to settle first.
    virtual Time GetStart() const;

    /// Accounts for the interval that just ended.
    virtual void CloseInterval(const Boundary& boundary);

    /// Adds what the interval that just ended was worth to each agent.
    virtual void Reward(Rewards& rewards) const = 0;

    /// Begins the next interval, e.g. lets its tasks arrive. Also called at the last boundary, so that agents see what a longer
    /// episode would show them.
    virtual void OpenInterval(const Boundary& boundary);

    /// Fills what agents see. The observation comes reset: zeros, all choices allowed, all agents present and active.
    virtual void Observe(Observation& observation) const = 0;

    /// Applies the joint action; the simulation then runs on to the next boundary.
    virtual void Act(const Action& action) = 0;

    /// The scenario's own policy: a yardstick for learners, played by `--standalone` and by the learner's policy `builtin`. It sees
    /// what a learner sees. The action comes with the spec's defaults, which the default implementation leaves.
    virtual void Decide(const Observation& observation, Action& action) const;

  protected:
    /// Makes a boundary at this moment, from any event of the simulation: after the events that are due at this simulated time
    /// already, and before time goes on. The regular boundaries stay where they are. At most one exchange takes place at a simulated
    /// time: two requests make one, and a request at the time of an exchange is served by that exchange.
    void RequestDecision();

    /// Ends the episode as terminated: the task itself has ended. From an event it makes the last boundary at this moment; from
    /// CloseInterval or OpenInterval it makes that boundary the last one.
    void Finish();

    /// \return the rows of a table, to add to at any time from Build on; they travel with the next exchange, and are dropped when
    /// `--tables` does not ask for the table
    TableRows& Rows(const TableHandle& table);

  private:
    friend class Lockstep;

    Lockstep& GetLockstep(const char* caller) const;

    Lockstep* m_lockstep{nullptr}; ///< of the episode, from Build on
};

/// What RunScenario runs.
struct Program
{
    std::string name;
    std::function<std::unique_ptr<Scenario>()> make;
    bool hasBuiltin; ///< the scenario has a Decide of its own
};

/// Runs a scenario as a process: `--connect=ENDPOINT` serves one episode to a learner, `--describe ARGS` prints the spec
/// as JSON, `--arguments ARGS` prints the arguments with the values that Describe made of them, `--standalone [--seed=S --run=R] ARGS` runs an episode under the scenario's own policy and prints the final
/// metrics as JSON, `--dialect=ns3gym` serves one to ns3-gym's Python client, `--logComponents` lists ns-3's log components.
/// \return the exit status for `main`.
int RunProgram(int argc, char* argv[], const Program& program);

template <typename T>
int
RunScenario(int argc, char* argv[], const std::string& name)
{
    constexpr bool HAS_BUILTIN = !std::is_same_v<decltype(&T::Decide), decltype(&Scenario::Decide)>;
    return RunProgram(argc, argv, {name, [] { return std::make_unique<T>(); }, HAS_BUILTIN});
}

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_SCENARIO_H
