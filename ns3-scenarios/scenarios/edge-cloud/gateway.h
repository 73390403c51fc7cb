// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_EDGE_CLOUD_GATEWAY_H
#define NS3MARL_SCENARIOS_EDGE_CLOUD_GATEWAY_H

#include "models/edge-gateway.h"
#include "models/edge-server.h"
#include "models/status-header.h"

#include "ns3/nstime.h"
#include "ns3/vector.h"

#include <cstdint>
#include <limits>
#include <memory>

namespace ns3::marl::edge_cloud
{

/// Where a gateway sends the tasks that come in: those with more work than this to the cloud, the others to its own computer.
struct PlacementRule
{
    static constexpr double EVERYTHING_AT_EDGE = std::numeric_limits<double>::infinity();
    static constexpr double EVERYTHING_TO_CLOUD = -1;

    double mostCyclesAtEdge{EVERYTHING_AT_EDGE};

    bool IsForCloud(const EdgeJob& job) const
    {
        return job.cycles > mostCyclesAtEdge;
    }
};

/// What a gateway counts; since the beginning.
struct GatewayCounts
{
    uint64_t arrived{0};     ///< tasks complete at the gateway
    double arrivedCycles{0}; ///< of these
    double arrivedBits{0};   ///< of these
    uint64_t forwarded{0};   ///< of these, to the cloud
    uint64_t returned{0};    ///< results sent to devices
    Time backhaulBusy;       ///< its end of the link transmitted
    double energyJ{0};       ///< of its CPU, beyond idling

    GatewayCounts operator-(const GatewayCounts& before) const;
};

/// What a gateway knows of the cloud.
struct CloudReport
{
    bool isKnown{false};
    ServerStatus status;
    Time heard;
};

/// A gateway: its models and what it remembers.
struct Gateway
{
    uint32_t index{0};
    uint32_t channel{0}; ///< on which it takes tasks
    Vector place;
    Ptr<EdgeServer> computer;
    std::unique_ptr<EdgeGateway> radio;
    PlacementRule rule;
    CloudReport cloud;
    GatewayCounts counts;   ///< without what is measured: backhaul and energy
    GatewayCounts interval; ///< the last one

    /// Sets the computer's rate and charges the energy so far. P = kappa f^3 while it computes, so it costs kappa f^2 per cycle.
    void SetRate(double rateHz, double kappa);

    double GetEnergyJ(double kappa) const; ///< of the computer, since the beginning

  private:
    double m_chargedJ{0}; ///< up to the last change of the rate
    Time m_chargedBusy;   ///< the computer's busy time then
};

} // namespace ns3::marl::edge_cloud

#endif // NS3MARL_SCENARIOS_EDGE_CLOUD_GATEWAY_H
