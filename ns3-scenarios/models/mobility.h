// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_MOBILITY_H
#define NS3MARL_MODELS_MOBILITY_H

#include "ns3/mobility-model.h"
#include "ns3/nstime.h"
#include "ns3/vector.h"
#include "ns3/waypoint.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ns3::marl
{

enum class MobilityKind
{
    STATIC,
    RANDOM_WAYPOINT, ///< a pause, then a straight way to a place anywhere in the area, again and again
    TRACE,           ///< straight ways between the places and times of a file
};

/// How devices move.
struct Mobility
{
    /// The file's columns are device,time,x,y: seconds of simulated time, metres. The times of a device increase. Before
    /// its first and after its last row a device stands still. \throws std::invalid_argument that names file and line
    void ReadTrace(const std::string& path, uint32_t devices, double areaM, double heightM);

    /// Draws the ways of random waypoints that begin before \p end, as the models of Make would, so that these only follow
    /// them.
    void DrawLegs(const std::vector<Vector>& places, double areaM, int64_t stream, const Time& end);

    /// \return when a device that starts at \p place has gone its legs, and paused for the last time
    Time GetLegsEnd(uint32_t device, const Vector& place) const;

    /// \return where a device is that starts at \p place, once the legs are drawn
    Vector GetPlace(uint32_t device, const Vector& place, const Time& time) const;

    /// \param places where the devices start; one that the trace names starts at its first place
    /// \param stream each device has STREAMS of them from here on
    std::vector<Ptr<MobilityModel>> Make(const std::vector<Vector>& places, double areaM, int64_t stream) const;

    static constexpr int64_t STREAMS = 8;

    /// A way of random waypoints.
    struct Leg
    {
        Vector goal;
        double speedMps;
    };

    MobilityKind kind{MobilityKind::STATIC};
    double speedMinMps{0.5}; ///< of a way, drawn evenly
    double speedMaxMps{1.5};
    Time pause{Seconds(2)};
    std::map<uint32_t, std::vector<Waypoint>> trace; ///< by device
    std::map<uint32_t, std::vector<Leg>> legs;       ///< of random waypoints, by device; empty: drawn under way
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_MOBILITY_H
