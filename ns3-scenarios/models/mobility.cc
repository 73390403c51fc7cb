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

Ptr<RandomWaypointMobilityModel>
MakeWaypointModel(Ptr<PositionAllocator> goals, Ptr<RandomVariableStream> speed, const Time& pauseTime)
{
    const auto pause = CreateObject<ConstantRandomVariable>();
    pause->SetAttribute("Constant", DoubleValue(pauseTime.GetSeconds()));
    const auto model = CreateObject<RandomWaypointMobilityModel>();
    model->SetAttribute("PositionAllocator", PointerValue(goals));
    model->SetAttribute("Speed", PointerValue(speed));
    model->SetAttribute("Pause", PointerValue(pause));
    return model;
}

/// Draws its ways; it stands nowhere yet.
Ptr<RandomWaypointMobilityModel>
MakeRandomWaypoint(const Mobility& mobility, double areaM, double heightM, int64_t stream)
{
    const auto side = [areaM] {
        const auto variable = CreateObject<UniformRandomVariable>();
        variable->SetAttribute("Max", DoubleValue(areaM));
        return variable;
    };
    const auto goals = CreateObject<RandomRectanglePositionAllocator>();
    goals->SetX(side());
    goals->SetY(side());
    goals->SetZ(heightM);
    const auto speed = CreateObject<UniformRandomVariable>();
    speed->SetAttribute("Min", DoubleValue(mobility.speedMinMps));
    speed->SetAttribute("Max", DoubleValue(mobility.speedMaxMps));
    const auto model = MakeWaypointModel(goals, speed, mobility.pause);
    model->AssignStreams(stream);
    return model;
}

/// Goes ways that are known; it stands nowhere yet.
Ptr<RandomWaypointMobilityModel>
MakeLegs(const Mobility& mobility, const std::vector<Mobility::Leg>& legs)
{
    const auto goals = CreateObject<ListPositionAllocator>();
    std::vector<double> speeds;
    for (const auto& leg : legs)
    {
        goals->Add(leg.goal);
        speeds.push_back(leg.speedMps);
    }
    const auto speed = CreateObject<DeterministicRandomVariable>();
    speed->SetValueArray(speeds);
    return MakeWaypointModel(goals, speed, mobility.pause);
}

/// \return the place after a part of a straight way
Vector
GetBetween(const Vector& from, const Vector& to, double share)
{
    return from + Vector((to.x - from.x) * share, (to.y - from.y) * share, (to.z - from.z) * share);
}

Time
GetDuration(const Vector& from, const Mobility::Leg& leg)
{
    return Seconds(CalculateDistance(from, leg.goal) / leg.speedMps);
}

Vector
GetPlaceOnLegs(const Vector& place, const std::vector<Mobility::Leg>& legs, const Time& pause, const Time& time)
{
    Vector from = place;
    Time begin = pause;
    for (const auto& leg : legs)
    {
        const Time duration = GetDuration(from, leg);
        if (time < begin + duration)
        {
            return time <= begin ? from : GetBetween(from, leg.goal, ((time - begin) / duration).GetDouble());
        }
        from = leg.goal;
        begin += duration + pause;
    }
    return from;
}

Vector
GetPlaceOnTrace(const std::vector<Waypoint>& waypoints, const Time& time)
{
    Waypoint from = waypoints.front();
    for (const auto& to : waypoints)
    {
        if (time < to.time)
        {
            return time <= from.time ? from.position
                                     : GetBetween(from.position,
                                                  to.position,
                                                  ((time - from.time) / (to.time - from.time)).GetDouble());
        }
        from = to;
    }
    return from.position;
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

void
Mobility::DrawLegs(const std::vector<Vector>& places, double areaM, int64_t stream, const Time& end)
{
    legs.clear();
    for (uint32_t device = 0; device < places.size(); device++)
    {
        const auto model = MakeRandomWaypoint(*this, areaM, places[device].z, stream + device * STREAMS);
        PointerValue goals;
        PointerValue speed;
        model->GetAttribute("PositionAllocator", goals);
        model->GetAttribute("Speed", speed);
        Vector from = places[device];
        for (Time begin = pause; begin <= end;)
        {
            const Vector goal = goals.Get<PositionAllocator>()->GetNext();
            const Leg leg{goal, speed.Get<RandomVariableStream>()->GetValue()};
            legs[device].push_back(leg);
            begin += GetDuration(from, leg) + pause;
            from = leg.goal;
        }
    }
}

Time
Mobility::GetLegsEnd(uint32_t device, const Vector& place) const
{
    Time end = pause;
    Vector from = place;
    if (const auto own = legs.find(device); own != legs.end())
    {
        for (const auto& leg : own->second)
        {
            end += GetDuration(from, leg) + pause;
            from = leg.goal;
        }
    }
    return end;
}

Vector
Mobility::GetPlace(uint32_t device, const Vector& place, const Time& time) const
{
    if (kind == MobilityKind::RANDOM_WAYPOINT && legs.contains(device))
    {
        return GetPlaceOnLegs(place, legs.at(device), pause, time);
    }
    if (kind == MobilityKind::TRACE && trace.contains(device))
    {
        return GetPlaceOnTrace(trace.at(device), time);
    }
    return place;
}

std::vector<Ptr<MobilityModel>>
Mobility::Make(const std::vector<Vector>& places, double areaM, int64_t stream) const
{
    std::vector<Ptr<MobilityModel>> models;
    for (uint32_t device = 0; device < places.size(); device++)
    {
        if (kind == MobilityKind::RANDOM_WAYPOINT && (legs.empty() || legs.contains(device)))
        {
            const auto model = legs.empty()
                                   ? MakeRandomWaypoint(*this, areaM, places[device].z, stream + device * STREAMS)
                                   : MakeLegs(*this, legs.at(device));
            model->SetPosition(places[device]);
            models.push_back(model);
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
