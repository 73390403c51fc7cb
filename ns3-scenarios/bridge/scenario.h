// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_SCENARIO_H
#define NS3MARL_BRIDGE_SCENARIO_H

#include "bridge/arguments.h"
#include "bridge/exchange.h"
#include "bridge/spec.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace ns3::marl
{

/// One topology and its task. A process builds one object of it, for one episode; the calls come in the order below.
/// Any method may throw Error; any other exception becomes a Fault of kind SIMULATION.
class Scenario
{
  public:
    virtual ~Scenario() = default;

    /// Declares the arguments; the members they are bound to hold the defaults.
    virtual void AddArguments(Arguments& arguments) = 0;

    /// Checks the arguments together and gives the spec that follows from them; builds nothing.
    virtual Spec Describe() = 0;

    /// Builds the network at simulated time 0. ns-3's RngSeed and RngRun are set; assign every stream explicitly.
    virtual void Build() = 0;

    /// Simulated time of tick 0, for networks that have to settle first.
    virtual Time GetStart() const
    {
        return Time(0);
    }

    /// Accounts for the interval that just ended, lets the tasks of this tick arrive and fills the observation, which
    /// comes reset (zeros, all choices allowed, all agents asked to act). Called for ticks 0 to T.
    virtual void Observe(uint64_t tick, Observation& observation) = 0;

    /// Fills the rewards of the interval that just ended. Called after Observe, for ticks 1 to T.
    virtual void Reward(uint64_t tick, Observation& observation) = 0;

    /// Applies the joint action; the simulation then runs on to the next tick. Called for ticks 0 to T-1.
    virtual void Act(uint64_t tick, const Action& action) = 0;

    /// A simple policy for `--standalone` runs without a learner; the default leaves the spec's default action.
    virtual void Decide(uint64_t tick, const Observation& observation, Action& action);
};

/// Runs a scenario as a process: `--connect=ENDPOINT` serves one episode to a learner, `--describe ARGS` prints the spec
/// as JSON, `--standalone [--seed=S --run=R] ARGS` runs an episode under the scenario's own policy and prints the final
/// metrics as JSON, `--dialect=ns3gym` serves one to ns3-gym's Python client, `--logComponents` lists ns-3's log components. \return the exit status for `main`.
int RunScenario(int argc,
                char* argv[],
                const std::string& name,
                const std::function<std::unique_ptr<Scenario>()>& make);

template <typename T>
int
RunScenario(int argc, char* argv[], const std::string& name)
{
    return RunScenario(argc, argv, name, [] { return std::make_unique<T>(); });
}

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_SCENARIO_H
