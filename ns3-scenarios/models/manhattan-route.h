// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_MANHATTAN_ROUTE_H
#define NS3MARL_MODELS_MANHATTAN_ROUTE_H

#include "models/manhattan-condition.h"

#include "ns3/mobility-model.h"
#include "ns3/random-variable-stream.h"
#include "ns3/vector.h"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace ns3::marl
{

/// A part of a Manhattan grid that vehicles drive on: streets x = 0, blockX, ... and y = 0, blockY, ... up to the last block.
struct DrivenStreets
{
    ManhattanGrid grid;
    uint32_t blocksX{2};
    uint32_t blocksY{1};
    double laneM{3.5}; ///< from the centre line of the street to the lane, which is on its right

    double GetWidthM() const;  ///< from the first to the last street along y
    double GetHeightM() const; ///< from the first to the last street along x
    double GetLengthM() const; ///< of all streets together

    /// \param share in [0, 1): of all streets, one after the other \return a point of a centre line, at height 0
    Vector GetPlace(double share) const;
};

/// The way of a vehicle, drawn crossing by crossing as far as it is asked for. It begins at a random point of the streets in a random direction and
/// at each crossing goes straight on with probability 1/2 and turns left or right with 1/4 each (3GPP TR 36.885, annex
/// A.1.2); where a street ends, the others keep their proportion. Vehicles that follow one another drive one route.
class ManhattanRoute
{
  public:
    enum Turn : uint32_t
    {
        STRAIGHT,
        LEFT,
        RIGHT,
        TURNS,
    };

    /// \param heightM of the vehicle's antenna \param stream of its draws
    ManhattanRoute(const DrivenStreets& streets, double heightM, int64_t stream);

    /// \param distanceM from the beginning of the route, at least 0 \return where that is
    Vector GetPlace(double distanceM);

    /// \return direction of driving there, of length 1
    Vector GetDirection(double distanceM);

    const std::array<uint64_t, TURNS>& GetTurns() const; ///< how often each was taken so far

  private:
    /// Where lanes meet: the vehicle changes its direction there, or passes.
    struct Corner
    {
        double distanceM; ///< from the beginning of the route
        Vector place;
    };

    /// \return the corner behind the place, the next one being drawn
    std::vector<Corner>::const_iterator FindLeg(double distanceM);
    void Cross();
    Vector GetLane(const Vector& centre, int dx, int dy) const;

    DrivenStreets m_streets;
    double m_heightM;
    Ptr<UniformRandomVariable> m_draw;
    std::vector<Corner> m_corners;
    int m_x{0}; ///< crossing ahead
    int m_y{0};
    int m_dx{0}; ///< direction of driving: one is 0, the other 1 or -1
    int m_dy{0};
    std::array<uint64_t, TURNS> m_turns{};
};

/// A vehicle that drives a route at a constant speed. Where it is follows from the time alone, to the last bit, however
/// often it is asked; ns-3's models of waypoints add up steps.
class RouteMobilityModel : public MobilityModel
{
  public:
    static TypeId GetTypeId();

    /// \param startM where it is on the route at time 0 \param speedMps above 0
    void SetRoute(std::shared_ptr<ManhattanRoute> route, double startM, double speedMps);

  private:
    Vector DoGetPosition() const override;
    void DoSetPosition(const Vector& position) override; ///< aborts: the route says where the vehicle is
    Vector DoGetVelocity() const override;
    double GetDistanceM() const;

    std::shared_ptr<ManhattanRoute> m_route;
    double m_startM{0};
    double m_speedMps{0};
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_MANHATTAN_ROUTE_H
