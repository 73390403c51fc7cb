// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_WORLD_H
#define NS3MARL_SCENARIOS_AIOT_MEC_WORLD_H

#include "models/age-tracker.h"
#include "models/compute-node.h"
#include "models/edge-gateway.h"
#include "models/edge-server.h"
#include "models/energy-meter.h"
#include "models/offload-client.h"
#include "models/radio-network.h"
#include "models/status-board.h"
#include "models/task-ledger.h"
#include "models/task-source.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "scenarios/aiot-mec/settings.h"
#include "scenarios/aiot-mec/traces.h"

namespace ns3::marl::aiot_mec
{

/// A device: its models and what it remembers.
struct Device
{
    std::unique_ptr<TaskSource> source;
    std::unique_ptr<ComputeNode> cpu;
    std::unique_ptr<OffloadClient> client;
    std::unique_ptr<EnergyMeter> energy;
    std::unique_ptr<StatusBoard> board;
    AgeTracker age;
    std::vector<uint32_t> slotServers; ///< which server stands in which slot

    std::optional<TaskParameters> arrival; ///< the task of this tick
    std::optional<uint32_t> arrivalId;     ///< its id, unless it arrived at the last observation
    Time jitter;                           ///< of this tick
    double lastPowerDbm{0};
    TaskOutcome lastOutcome{TaskOutcome::UNRESOLVED};
    Time lastLatency; ///< of the last completed task

    double GetAboveIdleJ() const; ///< transmit and compute energy beyond idling, since the beginning
};

/// A server: its computer and its radios.
struct Server
{
    std::unique_ptr<EdgeServer> computer;
    std::unique_ptr<EdgeGateway> gateway;
};

/// The simulated network with its devices, servers and tasks. Time runs as
///
///   boundary - 5 ms   fading moves, servers close their interval and broadcast it, each in its own slot
///   boundary          BeginTick: the tasks of the tick arrive; Decide for each of them
///   + jitter          offloaded parts go to the radio
///   ... deadline      tasks complete or fail
class World
{
  public:
    static constexpr int64_t STATUS_LEAD_MS = 5;

    /// \param taskEnded is called when a task completes or fails, after the device took note
    World(const Settings& settings, std::function<void(const Task&)> taskEnded);

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
    uint64_t GetFragmentsSent() const;
    uint64_t GetFragmentsReceived() const;

  private:
    void CreateNetwork();
    void CreateServers();
    void CreateDevices();
    void CreateDevice(uint32_t index);
    std::vector<uint32_t> GetSlotServers(uint32_t device) const;
    void PrepareTick(uint64_t tick);
    void SendStatus(uint32_t server, const Time& boundary);
    void LearnEverything();
    void Send(uint32_t task);
    void NoteEnd(const Task& task);
    uint8_t GetTid(const TaskParameters& task) const;

    const Settings& m_settings;
    std::function<void(const Task&)> m_taskEnded;
    std::unique_ptr<Traces> m_traces;
    std::unique_ptr<RadioNetwork> m_network;
    std::unique_ptr<TaskLedger> m_ledger;
    std::vector<Device> m_devices;
    std::vector<Server> m_servers;
    uint64_t m_fragmentsSent{0};
};

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_WORLD_H
