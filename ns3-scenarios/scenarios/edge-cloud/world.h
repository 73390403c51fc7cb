// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_EDGE_CLOUD_WORLD_H
#define NS3MARL_SCENARIOS_EDGE_CLOUD_WORLD_H

#include "models/radio-network.h"
#include "models/task-ledger.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "scenarios/edge-cloud/backhaul.h"
#include "scenarios/edge-cloud/device.h"
#include "scenarios/edge-cloud/gateway.h"
#include "scenarios/edge-cloud/journey.h"
#include "scenarios/edge-cloud/settings.h"

namespace ns3::marl::edge_cloud
{

/// What a gateway does until the next tick.
struct GatewayDecision
{
    PlacementRule rule;
    double rateHz{0}; ///< of its computer
};

/// The simulated network with its devices, gateways, cloud and tasks. Time runs as
///
///   boundary - 10 ms  the cloud reports its load to the gateways
///   boundary - 5 ms   fading moves, gateways close their interval and broadcast it, each in its own slot
///   boundary          BeginTick: devices switch on and off, the tasks of the tick arrive; the agents decide
///   + jitter          offloaded tasks go to the radio
///   ... deadline      tasks complete or fail
class World
{
  public:
    using EndedCallback = std::function<void(const Task& task, const Journey& journey)>;

    /// \param ended is called when a task completes or fails, after its device took note
    World(const Settings& settings, EndedCallback ended);
    World(const World&) = delete; // callbacks know where it stands
    World& operator=(const World&) = delete;

    /// Builds the network at simulated time 0.
    void Build();

    static Time GetStart(); ///< simulated time of tick 0

    /// Ends the interval before a boundary: what gateways counted in it.
    void CloseInterval();

    /// \param counts false: tasks are only looked at, nobody will decide on them
    void BeginTick(uint64_t tick, bool counts);

    /// For a device whose arrivalId is set. Its server is a gateway, its channel that of the gateway.
    void Decide(uint32_t device, const OffloadingDecision& decision);

    void Decide(uint32_t gateway, const GatewayDecision& decision);

    /// After the decisions of a tick.
    void EndDecisions();

    const std::vector<Device>& GetDevices() const;
    const std::vector<Gateway>& GetGateways() const;
    const EdgeServer& GetCloud() const;
    const Backhaul& GetBackhaul() const;
    const RadioNetwork& GetNetwork() const;
    const TaskLedger& GetLedger() const;
    GatewayCounts GetCounts(const Gateway& gateway) const; ///< since the beginning

    /// Aborts unless tasks, fragments, packets on the backhaul, jobs and the time of every modem add up.
    void CheckConservation() const;

  private:
    void CreateNetwork();
    void CreateCloud();
    void CreateGateway(uint32_t index);
    void CreateDevice(uint32_t index);
    void Report();
    void PrepareTick(uint64_t tick);
    void Churn(Device& device, uint64_t tick);
    void Send(uint32_t task);
    void PlaceJob(Gateway& gateway, const EdgeJob& job);
    void Return(Gateway& gateway, const EdgeJob& job);
    Journey* FindJourney(uint32_t task);
    void NoteEnd(const Task& task);

    const Settings& m_settings;
    EndedCallback m_ended;
    std::vector<Vector> m_devicePlaces;
    std::unique_ptr<RadioNetwork> m_network;
    std::unique_ptr<Backhaul> m_backhaul;
    Ptr<TaskLedger> m_ledger;
    std::vector<Device> m_devices;
    std::vector<Gateway> m_gateways;
    std::vector<GatewayCounts> m_marks; ///< [gateway] counts at the last boundary
    Ptr<EdgeServer> m_cloud;
    std::map<uint32_t, uint32_t> m_cloudJobs; ///< by task: the gateway that its result goes to
    std::map<uint32_t, Journey> m_journeys;   ///< by task: of those under way
};

} // namespace ns3::marl::edge_cloud

#endif // NS3MARL_SCENARIOS_EDGE_CLOUD_WORLD_H
