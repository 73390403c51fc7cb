// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/exogenous.h"

#include "ns3/constant-position-mobility-model.h"
#include "ns3/random-variable-stream.h"

#include <algorithm>

#include "scenarios/aiot-mec/server.h"
#include "scenarios/aiot-mec/streams.h"

namespace ns3::marl::aiot_mec
{

namespace
{

std::vector<Ptr<MobilityModel>>
MakeStanding(const std::vector<Vector>& places)
{
    std::vector<Ptr<MobilityModel>> models;
    for (const auto& place : places)
    {
        models.push_back(CreateObject<ConstantPositionMobilityModel>());
        models.back()->SetPosition(place);
    }
    return models;
}

/// Appends the gains of all links.
template <typename Model>
void
AppendGains(const Model& model, const Exogenous& world, std::vector<double>& gainsDb)
{
    for (uint32_t device = 0; device < world.devices; device++)
    {
        for (uint32_t server = 0; server < world.servers; server++)
        {
            gainsDb.push_back(model.GetGainDb(device, server));
        }
    }
}

template <typename Model>
void
SetGains(Model& model, const Exogenous& world, const double* gainsDb)
{
    for (uint32_t device = 0; device < world.devices; device++)
    {
        for (uint32_t server = 0; server < world.servers; server++)
        {
            model.SetGainDb(device, server, *gainsDb++);
        }
    }
}

void
DrawTasks(const Settings& settings, Exogenous& world)
{
    std::vector<TaskSource> sources;
    for (uint32_t device = 0; device < settings.devices; device++)
    {
        sources.emplace_back(settings.tasks);
        sources.back().AssignStreams(device * DEVICE_STREAMS + SOURCE_STREAM);
    }
    for (uint64_t row = 0; row <= settings.ticks; row++)
    {
        for (auto& source : sources)
        {
            world.draws.push_back(source.Next());
        }
    }
}

void
DrawPlaces(const Settings& settings, Exogenous& world)
{
    const auto& placement = settings.placement;
    world.placement = placement.GetDevices(settings.devices, PLACEMENT_STREAM, DEVICE_STREAMS);
    world.serverPlaces = placement.GetServers(settings.servers);
    world.mobility = settings.radioArguments.mobility;
    for (auto& [device, waypoints] : world.mobility.trace)
    {
        world.placement[device] = waypoints.front().position;
    }
    if (world.mobility.kind == MobilityKind::RANDOM_WAYPOINT)
    {
        const Time end = WorldClock::GetBoundary(settings.ticks + 1, settings.tick);
        world.mobility.DrawLegs(world.placement, placement.areaM, MOBILITY_STREAM, end);
    }
    for (uint64_t row = 0; world.IsMoving() && row <= settings.ticks; row++)
    {
        for (uint32_t device = 0; device < settings.devices; device++)
        {
            world.positions.push_back(
                world.mobility.GetPlace(device, world.placement[device], WorldClock::GetBoundary(row, settings.tick)));
        }
    }
}

void
DrawGains(const Settings& settings, Exogenous& world)
{
    const auto& propagation = settings.radio.propagation;
    const auto devices = MakeStanding(world.placement);
    const auto servers = MakeStanding(world.serverPlaces);
    const auto fading = CreateObject<GaussMarkovFading>();
    fading->SetEndpoints(devices, servers, propagation.fadingRho);
    fading->AssignStreams(NETWORK_STREAM);
    fading->Start();
    const auto shadowing = CreateObject<Shadowing>();
    shadowing->SetEndpoints(devices, servers, propagation.shadowingDb, propagation.shadowingDistanceM);
    shadowing->AssignStreams(SHADOWING_STREAM);
    shadowing->Start();
    AppendGains(*shadowing, world, world.placementShadowingDb);
    for (uint64_t row = 0; row <= settings.ticks; row++)
    {
        fading->Advance();
        AppendGains(*fading, world, world.fadingDb);
        if (world.IsMoving())
        {
            const Time time = WorldClock::GetBoundary(row, settings.tick) - MilliSeconds(WorldClock::STATUS_LEAD_MS);
            for (uint32_t device = 0; device < settings.devices; device++)
            {
                devices[device]->SetPosition(world.mobility.GetPlace(device, world.placement[device], time));
            }
            shadowing->Advance();
            AppendGains(*shadowing, world, world.shadowingDb);
        }
    }
}

} // namespace

Time
WorldClock::GetStart()
{
    return MilliSeconds(2 * STATUS_LEAD_MS);
}

Time
WorldClock::GetBoundary(uint64_t tick, const Time& length)
{
    return GetStart() + length * static_cast<int64_t>(tick);
}

bool
Exogenous::IsMoving() const
{
    return mobility.kind != MobilityKind::STATIC;
}

bool
Exogenous::IsShadowed() const
{
    const auto shadows = [](double gainDb) { return gainDb != 0; };
    return std::any_of(placementShadowingDb.begin(), placementShadowingDb.end(), shadows) ||
           std::any_of(shadowingDb.begin(), shadowingDb.end(), shadows);
}

const TaskSource::Draw&
Exogenous::GetDraw(uint64_t row, uint32_t device) const
{
    return draws.at(row * devices + device);
}

void
Exogenous::Place(Shadowing& shadowing) const
{
    SetGains(shadowing, *this, placementShadowingDb.data());
}

void
Exogenous::Apply(uint64_t row, GaussMarkovFading& fading, Shadowing& shadowing) const
{
    const std::size_t begin = row * devices * servers;
    SetGains(fading, *this, fadingDb.data() + begin);
    if (!shadowingDb.empty())
    {
        SetGains(shadowing, *this, shadowingDb.data() + begin);
    }
}

Exogenous
DrawExogenous(const Settings& settings)
{
    Exogenous world;
    world.ticks = settings.ticks;
    world.devices = settings.devices;
    world.servers = settings.servers;
    world.serverRatesHz = GetServerRates(settings, SERVER_STREAM);
    for (uint32_t device = 0; device < settings.devices; device++)
    {
        world.deviceRatesHz.push_back(GetDeviceRate(settings, device * DEVICE_STREAMS + RATE_STREAM));
    }
    DrawTasks(settings, world);
    DrawPlaces(settings, world);
    DrawGains(settings, world);
    return world;
}

double
GetDeviceRate(const Settings& settings, int64_t stream)
{
    const auto rate = CreateObject<UniformRandomVariable>();
    rate->SetStream(stream);
    return rate->GetValue(settings.deviceRateMinHz, settings.deviceRateMaxHz);
}

} // namespace ns3::marl::aiot_mec
