// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_WORLD_H
#define NS3MARL_SCENARIOS_AIOT_MEC_WORLD_H

#include "models/radio-network.h"
#include "models/task-ledger.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "scenarios/aiot-mec/device.h"
#include "scenarios/aiot-mec/exogenous.h"
#include "scenarios/aiot-mec/server.h"
#include "scenarios/aiot-mec/settings.h"
#include "scenarios/aiot-mec/traces.h"

namespace ns3::marl::aiot_mec
{

/// The simulated network with its devices, servers and tasks. Time runs as
///
///   boundary - 5 ms   empty batteries end devices, fading moves, servers close their interval and broadcast it, each in its own slot
///   boundary          BeginTick: the tasks of the tick arrive; Decide for each of them
///   + jitter          offloaded parts go to the radio
///   ... deadline      tasks complete or fail
class World
{
  public:
    /// \param taskEnded is called when a task completes or fails, after the device took note
    World(const Settings& settings, std::function<void(const Task&)> taskEnded);
    ~World();
    World(const World&) = delete; // callbacks know where it stands
    World& operator=(const World&) = delete;

    /// Builds the network at simulated time 0.
    void Build();

    /// Connects the trace sources that the arguments name. \throws Error (CONFIG) about one that does not exist
    void ConnectTraces();
    void CompleteTraces(); ///< at the end

    static Time GetStart(); ///< simulated time of tick 0

    /// \param counts false: tasks are only looked at, nobody will decide on them
    void BeginTick(uint64_t tick, bool counts);

    /// For a device whose arrivalId is set.
    void Decide(uint32_t device, OffloadingDecision decision);

    /// After the decisions of a tick.
    void EndDecisions();

    const std::vector<Device>& GetDevices() const;
    const std::vector<Server>& GetServers() const;
    const RadioNetwork& GetNetwork() const;
    const TaskLedger& GetLedger() const;

    /// Aborts unless tasks, fragments, jobs and the time of every modem add up.
    void CheckConservation() const;

  private:
    void PrepareExogenous();
    void CreateNetwork();
    void CreateServers();
    void ScheduleFailures();
    void CreateDevices();
    void CreateDevice(uint32_t index);
    void PrepareTick(uint64_t tick);
    void MoveGains(uint64_t tick);
    void SendStatus(uint32_t server, const Time& boundary);
    void LearnEverything();
    void DrainBatteries();
    void Send(uint32_t task);
    void NoteEnd(const Task& task);

    const Settings& m_settings;
    std::function<void(const Task&)> m_taskEnded;
    std::optional<Exogenous> m_exogenous; ///< drawn or read beforehand; nothing: drawn under way
    std::unique_ptr<Traces> m_traces;
    std::unique_ptr<RadioNetwork> m_network;
    Ptr<TaskLedger> m_ledger;
    std::vector<Device> m_devices;
    std::vector<Server> m_servers;
};

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_WORLD_H
