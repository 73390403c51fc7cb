// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/manhattan-route.h"

#include "ns3/abort.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ns3::marl
{

NS_OBJECT_ENSURE_REGISTERED(RouteMobilityModel);

namespace
{

constexpr std::array<double, ManhattanRoute::TURNS> TURN_WEIGHTS{0.5, 0.25, 0.25};

} // namespace

double
DrivenStreets::GetWidthM() const
{
    return blocksX * grid.blockXM;
}

double
DrivenStreets::GetHeightM() const
{
    return blocksY * grid.blockYM;
}

double
DrivenStreets::GetLengthM() const
{
    return (blocksX + 1) * GetHeightM() + (blocksY + 1) * GetWidthM();
}

Vector
DrivenStreets::GetPlace(double share) const
{
    const double along = share * GetLengthM();
    const double alongY = (blocksX + 1) * GetHeightM(); // of the streets along y, which come first
    if (along < alongY)
    {
        const double street = std::floor(along / GetHeightM());
        return {street * grid.blockXM, along - street * GetHeightM(), 0};
    }
    const double street = std::min<double>(blocksY, std::floor((along - alongY) / GetWidthM()));
    return {along - alongY - street * GetWidthM(), street * grid.blockYM, 0};
}

ManhattanRoute::ManhattanRoute(const DrivenStreets& streets, double heightM, int64_t stream)
    : m_streets(streets),
      m_heightM(heightM),
      m_draw(CreateObject<UniformRandomVariable>())
{
    NS_ABORT_MSG_IF(streets.blocksX == 0 || streets.blocksY == 0, "ManhattanRoute: there is no block to drive around");
    m_draw->SetStream(stream);
    const double share = m_draw->GetValue();
    const bool forth = m_draw->GetValue() < 0.5;
    const Vector centre = streets.GetPlace(share);
    const bool alongY = share * streets.GetLengthM() < (streets.blocksX + 1) * streets.GetHeightM();
    m_dx = alongY ? 0 : (forth ? 1 : -1);
    m_dy = alongY ? (forth ? 1 : -1) : 0;
    // The crossing ahead of a point between two: the upper one forth, the lower one back.
    const auto ahead = [forth](double position, double blockM, uint32_t blocks) {
        const auto block = std::min<double>(blocks - 1, std::floor(position / blockM));
        return static_cast<int>(block) + (forth ? 1 : 0);
    };
    m_x = alongY ? static_cast<int>(std::lround(centre.x / streets.grid.blockXM))
                 : ahead(centre.x, streets.grid.blockXM, streets.blocksX);
    m_y = alongY ? ahead(centre.y, streets.grid.blockYM, streets.blocksY)
                 : static_cast<int>(std::lround(centre.y / streets.grid.blockYM));
    m_corners.push_back({0, GetLane(centre, m_dx, m_dy)});
}

Vector
ManhattanRoute::GetLane(const Vector& centre, int dx, int dy) const
{
    return {centre.x + m_streets.laneM * dy, centre.y - m_streets.laneM * dx, m_heightM};
}

void
ManhattanRoute::Cross()
{
    const Vector centre(m_x * m_streets.grid.blockXM, m_y * m_streets.grid.blockYM, 0);
    const std::array<std::array<int, 2>, TURNS> ways{{{m_dx, m_dy}, {-m_dy, m_dx}, {m_dy, -m_dx}}};
    std::array<double, TURNS> weights{};
    double sum = 0;
    for (uint32_t turn = 0; turn < TURNS; turn++)
    {
        const int x = m_x + ways[turn][0];
        const int y = m_y + ways[turn][1];
        const bool exists =
            x >= 0 && y >= 0 && x <= static_cast<int>(m_streets.blocksX) && y <= static_cast<int>(m_streets.blocksY);
        weights[turn] = exists ? TURN_WEIGHTS[turn] : 0;
        sum += weights[turn];
    }
    double left = sum * m_draw->GetValue();
    uint32_t turn = STRAIGHT;
    for (uint32_t way = 0; way < TURNS && left >= 0; way++)
    {
        turn = weights[way] > 0 ? way : turn;
        left -= weights[way];
    }
    const auto [dx, dy] = ways[turn];
    Vector corner = GetLane(centre, m_dx, m_dy);
    if (turn != STRAIGHT) // where the lane that it leaves meets the one that it enters
    {
        const Vector entered = GetLane(centre, dx, dy);
        corner.x += entered.x - centre.x;
        corner.y += entered.y - centre.y;
    }
    const auto& last = m_corners.back();
    m_corners.push_back({last.distanceM + CalculateDistance(last.place, corner), corner});
    m_turns[turn]++;
    m_dx = dx;
    m_dy = dy;
    m_x += dx;
    m_y += dy;
}

std::vector<ManhattanRoute::Corner>::const_iterator
ManhattanRoute::FindLeg(double distanceM)
{
    NS_ABORT_MSG_IF(distanceM < 0, "ManhattanRoute: asked for a place before its beginning");
    while (m_corners.back().distanceM <= distanceM)
    {
        Cross();
    }
    return std::ranges::find_if(m_corners, [&](const Corner& each) { return distanceM < each.distanceM; }) - 1;
}

Vector
ManhattanRoute::GetPlace(double distanceM)
{
    const auto leg = FindLeg(distanceM);
    const auto direction = GetDirection(distanceM);
    const double aheadM = distanceM - leg->distanceM;
    return {leg->place.x + aheadM * direction.x, leg->place.y + aheadM * direction.y, m_heightM};
}

Vector
ManhattanRoute::GetDirection(double distanceM)
{
    const auto from = FindLeg(distanceM);
    const auto to = from + 1;
    const double lengthM = to->distanceM - from->distanceM;
    return {(to->place.x - from->place.x) / lengthM, (to->place.y - from->place.y) / lengthM, 0};
}

const std::array<uint64_t, ManhattanRoute::TURNS>&
ManhattanRoute::GetTurns() const
{
    return m_turns;
}

TypeId
RouteMobilityModel::GetTypeId()
{
    static TypeId tid = TypeId("ns3::marl::RouteMobilityModel")
                            .SetParent<MobilityModel>()
                            .SetGroupName("Mobility")
                            .AddConstructor<RouteMobilityModel>();
    return tid;
}

void
RouteMobilityModel::SetRoute(std::shared_ptr<ManhattanRoute> route, double startM, double speedMps)
{
    NS_ABORT_MSG_IF(speedMps <= 0, "RouteMobilityModel: a vehicle drives at a speed above 0 m/s, not " << speedMps);
    m_route = std::move(route);
    m_startM = startM;
    m_speedMps = speedMps;
}

double
RouteMobilityModel::GetDistanceM() const
{
    return m_startM + m_speedMps * Simulator::Now().GetSeconds();
}

Vector
RouteMobilityModel::DoGetPosition() const
{
    return m_route->GetPlace(GetDistanceM());
}

void
RouteMobilityModel::DoSetPosition(const Vector& /* position */)
{
    NS_ABORT_MSG("RouteMobilityModel: the route says where a vehicle is; give it another route");
}

Vector
RouteMobilityModel::DoGetVelocity() const
{
    const auto direction = m_route->GetDirection(GetDistanceM());
    return {m_speedMps * direction.x, m_speedMps * direction.y, 0};
}

} // namespace ns3::marl
