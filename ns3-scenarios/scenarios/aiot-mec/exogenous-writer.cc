// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/exogenous-writer.h"

#include "bridge/episode-file.h"
#include "bridge/error.h"
#include "models/npy-file.h"

#include "ns3/rng-seed-manager.h"

#include <array>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/aiot-mec/exogenous-header.h"

namespace ns3::marl::aiot_mec
{

namespace
{

namespace fs = std::filesystem;

constexpr std::array<std::pair<MobilityKind, const char*>, 3> MOBILITY_NAMES{
    {{MobilityKind::STATIC, "static"},
     {MobilityKind::RANDOM_WAYPOINT, "random-waypoint"},
     {MobilityKind::TRACE, "trace"}}};

std::vector<double>
Flatten(const std::vector<Vector>& places)
{
    std::vector<double> values;
    for (const auto& place : places)
    {
        values.insert(values.end(), {place.x, place.y, place.z});
    }
    return values;
}

class Writer
{
  public:
    explicit Writer(fs::path folder)
        : m_folder(std::move(folder))
    {
    }

    template <typename T>
    void Write(const std::string& name, const NpyShape& shape, const std::vector<T>& values) const
    {
        WriteNpy((m_folder / (name + ".npy")).string(), shape, values);
    }

    void WriteTasks(const Exogenous& world, const NpyShape& shape) const
    {
        std::vector<uint8_t> arrives;
        std::vector<int32_t> sizes;
        std::vector<double> densities;
        std::vector<int64_t> deadlines;
        std::vector<uint8_t> premium;
        std::vector<int64_t> jitters;
        for (const auto& draw : world.draws)
        {
            const auto task = draw.task.value_or(TaskParameters{});
            arrives.push_back(draw.task ? 1 : 0);
            sizes.push_back(static_cast<int32_t>(task.sizeBytes));
            densities.push_back(task.densityCyclesPerBit);
            deadlines.push_back(task.deadline.GetNanoSeconds());
            premium.push_back(task.premium ? 1 : 0);
            jitters.push_back(draw.jitter.GetNanoSeconds());
        }
        Write("arrives", shape, arrives);
        Write("size_bytes", shape, sizes);
        Write("density_cycles_per_bit", shape, densities);
        Write("deadline_ns", shape, deadlines);
        Write("premium", shape, premium);
        Write("jitter_ns", shape, jitters);
    }

    void WriteWays(const Mobility& mobility) const
    {
        std::vector<int32_t> devices;
        std::vector<Vector> places;
        if (mobility.kind == MobilityKind::RANDOM_WAYPOINT)
        {
            std::vector<double> speeds;
            for (const auto& [device, legs] : mobility.legs)
            {
                for (const auto& leg : legs)
                {
                    devices.push_back(static_cast<int32_t>(device));
                    places.push_back(leg.goal);
                    speeds.push_back(leg.speedMps);
                }
            }
            Write("leg_device", {devices.size()}, devices);
            Write("leg_goal_m", {devices.size(), 3}, Flatten(places));
            Write("leg_speed_mps", {devices.size()}, speeds);
        }
        else if (mobility.kind == MobilityKind::TRACE)
        {
            std::vector<int64_t> times;
            for (const auto& [device, waypoints] : mobility.trace)
            {
                for (const auto& waypoint : waypoints)
                {
                    devices.push_back(static_cast<int32_t>(device));
                    places.push_back(waypoint.position);
                    times.push_back(waypoint.time.GetNanoSeconds());
                }
            }
            Write("waypoint_device", {devices.size()}, devices);
            Write("waypoint_ns", {devices.size()}, times);
            Write("waypoint_m", {devices.size(), 3}, Flatten(places));
        }
    }

  private:
    fs::path m_folder;
};

} // namespace

void
WriteExogenous(const Exogenous& world, const Settings& settings)
{
    const fs::path folder(GetEpisodeFileName(settings.exogenousOut));
    const std::size_t rows = world.ticks + 1;
    const std::size_t devices = world.devices;
    const std::size_t servers = world.servers;
    ExogenousHeader header;
    for (const auto& [kind, name] : MOBILITY_NAMES)
    {
        header.mobility = world.mobility.kind == kind ? name : header.mobility;
    }
    header.seed = RngSeedManager::GetSeed();
    header.run = RngSeedManager::GetRun();
    header.devices = devices;
    header.servers = servers;
    header.channels = settings.radio.channels;
    header.ticks = world.ticks;
    header.tickNs = settings.tick.GetNanoSeconds();
    header.pathLossExponent = settings.radio.propagation.pathLossExponent;
    header.referenceLossDb = settings.radio.propagation.referenceLossDb;
    header.pauseS = world.mobility.kind == MobilityKind::RANDOM_WAYPOINT ? world.mobility.pause.GetSeconds() : 0.0;
    try
    {
        fs::create_directories(folder);
        fs::remove(folder / ExogenousHeader::FILE); // it comes last: a folder without it is not complete
        const Writer writer(folder);
        writer.Write("placement_m", {devices, 3}, Flatten(world.placement));
        writer.Write("servers_m", {servers, 3}, Flatten(world.serverPlaces));
        writer.Write("device_hz", {devices}, world.deviceRatesHz);
        writer.Write("server_hz", {servers}, world.serverRatesHz);
        writer.Write("placement_shadowing_db", {devices, servers}, world.placementShadowingDb);
        writer.Write("fading_db", {rows, devices, servers}, world.fadingDb);
        writer.WriteTasks(world, {rows, devices});
        if (world.IsMoving())
        {
            writer.Write("positions_m", {rows, devices, 3}, Flatten(world.positions));
            writer.Write("shadowing_db", {rows, devices, servers}, world.shadowingDb);
            writer.WriteWays(world.mobility);
        }
        WriteHeader((folder / ExogenousHeader::FILE).string(), header);
    }
    catch (const std::runtime_error& error) // std::filesystem::filesystem_error is one too
    {
        throw Error(FaultKind::CONFIG,
                    "argument '--exogenousOut=" + settings.exogenousOut + "': " + error.what() +
                        "; name another folder");
    }
}

} // namespace ns3::marl::aiot_mec
