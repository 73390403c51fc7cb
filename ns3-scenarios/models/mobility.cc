// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/mobility.h"

#include "models/csv-file.h"

#include "ns3/constant-position-mobility-model.h"
#include "ns3/double.h"
#include "ns3/pointer.h"
#include "ns3/position-allocator.h"
#include "ns3/random-variable-stream.h"
#include "ns3/random-waypoint-mobility-model.h"
#include "ns3/waypoint-mobility-model.h"

namespace ns3::marl
{

namespace
{

constexpr double LONGEST_S = 1e9;

Ptr<MobilityModel>
MakeStanding(const Vector& place)
{
    const auto model = CreateObject<ConstantPositionMobilityModel>();
    model->SetPosition(place);
    return model;
}

Ptr<MobilityModel>
MakeRandomWaypoint(const Mobility& mobility, const Vector& place, double areaM, int64_t stream)
{
    const auto side = [areaM] {
        const auto variable = CreateObject<UniformRandomVariable>();
        variable->SetAttribute("Max", DoubleValue(areaM));
        return variable;
    };
    const auto goals = CreateObject<RandomRectanglePositionAllocator>();
    goals->SetX(side());
    goals->SetY(side());
    goals->SetZ(place.z);
    const auto speed = CreateObject<UniformRandomVariable>();
    speed->SetAttribute("Min", DoubleValue(mobility.speedMinMps));
    speed->SetAttribute("Max", DoubleValue(mobility.speedMaxMps));
    const auto pause = CreateObject<ConstantRandomVariable>();
    pause->SetAttribute("Constant", DoubleValue(mobility.pause.GetSeconds()));
    const auto model = CreateObject<RandomWaypointMobilityModel>();
    model->SetAttribute("PositionAllocator", PointerValue(goals));
    model->SetAttribute("Speed", PointerValue(speed));
    model->SetAttribute("Pause", PointerValue(pause));
    model->AssignStreams(stream);
    model->SetPosition(place);
    return model;
}

Ptr<MobilityModel>
MakeTraced(const std::vector<Waypoint>& waypoints)
{
    const auto model = CreateObject<WaypointMobilityModel>();
    for (const auto& waypoint : waypoints)
    {
        model->AddWaypoint(waypoint);
    }
    return model;
}

} // namespace

void
Mobility::ReadTrace(const std::string& path, uint32_t devices, double areaM, double heightM)
{
    const CsvFile file(path, {"device", "time", "x", "y"});
    trace.clear();
    for (uint32_t row = 0; row < file.GetRows(); row++)
    {
        auto& waypoints = trace[file.GetIndex(row, 0, devices)];
        const Time time = Seconds(file.GetNumber(row, 1, 0, LONGEST_S));
        if (!waypoints.empty() && time <= waypoints.back().time)
        {
            file.Refuse(row, "a time after that of the device's row before");
        }
        const double x = file.GetNumber(row, 2, 0, areaM);
        const double y = file.GetNumber(row, 3, 0, areaM);
        waypoints.emplace_back(time, Vector(x, y, heightM));
    }
}

std::vector<Ptr<MobilityModel>>
Mobility::Make(const std::vector<Vector>& places, double areaM, int64_t stream) const
{
    std::vector<Ptr<MobilityModel>> models;
    for (uint32_t device = 0; device < places.size(); device++)
    {
        if (kind == MobilityKind::RANDOM_WAYPOINT)
        {
            models.push_back(MakeRandomWaypoint(*this, places[device], areaM, stream + device * STREAMS));
        }
        else if (kind == MobilityKind::TRACE && trace.contains(device))
        {
            models.push_back(MakeTraced(trace.at(device)));
        }
        else
        {
            models.push_back(MakeStanding(places[device]));
        }
    }
    return models;
}

} // namespace ns3::marl
