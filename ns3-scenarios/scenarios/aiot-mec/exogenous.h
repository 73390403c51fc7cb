// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_H
#define NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_H

#include "models/mobility.h"
#include "models/propagation.h"
#include "models/task-source.h"

#include "ns3/nstime.h"
#include "ns3/vector.h"

#include <cstdint>
#include <vector>

#include "scenarios/aiot-mec/settings.h"

namespace ns3::marl::aiot_mec
{

/// When a world moves.
struct WorldClock
{
    static constexpr int64_t STATUS_LEAD_MS = 5; ///< fading and shadowing move this long before each boundary

    static Time GetStart(); ///< simulated time of tick 0
    static Time GetBoundary(uint64_t tick, const Time& length);
};

/// All that happens to an episode whatever the devices do, drawn before it begins. There is a row for each boundary 0 to T.
struct Exogenous
{
    uint64_t ticks{0}; ///< T
    uint32_t devices{0};
    uint32_t servers{0};
    std::vector<Vector> placement;            ///< [device] at simulated time 0
    std::vector<Vector> serverPlaces;         ///< [server]
    std::vector<double> deviceRatesHz;        ///< [device]
    std::vector<double> serverRatesHz;        ///< [server]
    std::vector<double> placementShadowingDb; ///< [device][server] gain at simulated time 0
    std::vector<double> fadingDb;             ///< [row][device][server]
    std::vector<TaskSource::Draw> draws;      ///< [row][device]
    Mobility mobility;                        ///< with the ways of random waypoints
    std::vector<Vector> positions;            ///< [row][device] at the boundary; empty: devices stand
    std::vector<double> shadowingDb;          ///< [row][device][server]; empty: devices stand

    bool IsMoving() const;
    bool IsShadowed() const; ///< by any other gain than 0 dB
    const TaskSource::Draw& GetDraw(uint64_t row, uint32_t device) const;

    /// The gains of simulated time 0.
    void Place(Shadowing& shadowing) const;

    /// The gains of a row.
    void Apply(uint64_t row, GaussMarkovFading& fading, Shadowing& shadowing) const;
};

/// Draws what an episode would draw under way, from the same streams.
Exogenous DrawExogenous(const Settings& settings);

/// \param stream of the draw [Hz]
double GetDeviceRate(const Settings& settings, int64_t stream);

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_H
