// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/exogenous-file.h"

#include "bridge/episode-file.h"
#include "bridge/error.h"
#include "models/npy-file.h"

#include "ns3/rng-seed-manager.h"

#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "scenarios/aiot-mec/exogenous-header.h"
#include "scenarios/aiot-mec/require.h"

namespace ns3::marl::aiot_mec
{

namespace
{

namespace fs = std::filesystem;

constexpr double HUGE_NUMBER = 1e18; ///< bound of what has none
constexpr double ROUNDING_M = 1e-6;  ///< a way to the border may end a rounding error beyond it
constexpr std::array<std::pair<MobilityKind, const char*>, 3> MOBILITY_NAMES{
    {{MobilityKind::STATIC, "static"},
     {MobilityKind::RANDOM_WAYPOINT, "random-waypoint"},
     {MobilityKind::TRACE, "trace"}}};
constexpr const char* STRAIGHT = "straight"; ///< between the places at the boundaries

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

/// A world and the settings that it must fit.
class Reader
{
  public:
    Reader(fs::path folder, const Settings& settings)
        : m_folder(std::move(folder)),
          m_settings(settings),
          m_header(ReadHeader((m_folder / ExogenousHeader::FILE).string())),
          m_rows(m_header.ticks + 1)
    {
    }

    Exogenous Read()
    {
        CheckHeader();
        const std::size_t devices = m_settings.devices;
        const std::size_t servers = m_settings.servers;
        Exogenous world;
        world.ticks = m_settings.ticks;
        world.devices = m_settings.devices;
        world.servers = m_settings.servers;
        world.placement = ReadPlaces("placement_m", {devices, 3});
        world.serverPlaces = ReadPlaces("servers_m", {servers, 3});
        world.deviceRatesHz = ReadNumbers<double>("device_hz", {devices}, 1, m_settings.deviceRateMaxHz);
        world.serverRatesHz = ReadNumbers<double>("server_hz", {servers}, 1, m_settings.serverRateMaxHz);
        world.placementShadowingDb = ReadGains("placement_shadowing_db", {devices, servers});
        world.fadingDb = ReadGains("fading_db", {m_rows, devices, servers});
        ReadTasks(world);
        if (m_header.mobility != "static")
        {
            world.positions = ReadPlaces("positions_m", {m_rows, devices, 3});
            world.shadowingDb = ReadGains("shadowing_db", {m_rows, devices, servers});
        }
        ReadWays(world);
        // the rows of the ticks that are not run
        const std::size_t rows = m_settings.ticks + 1;
        world.fadingDb.resize(rows * devices * servers);
        world.draws.resize(rows * devices);
        if (world.IsMoving())
        {
            world.positions.resize(rows * devices);
            world.shadowingDb.resize(rows * devices * servers);
        }
        return world;
    }

  private:
    template <typename T>
    void CheckEntry(const std::string& name, const T& found, const T& expected, const std::string& argument) const
    {
        if (found != expected)
        {
            std::ostringstream message;
            message.precision(15);
            message << "'" << name << "': expected " << expected << ", which follows from the arguments, found "
                    << found << " in '" << (m_folder / ExogenousHeader::FILE).string() << "'; give --" << argument
                    << " as it was when the world was written";
            throw std::invalid_argument(message.str());
        }
    }

    void CheckHeader() const
    {
        const auto& propagation = m_settings.radio.propagation;
        CheckEntry<std::string>("scenario", m_header.scenario, "aiot-mec", "exogenousIn");
        CheckEntry<uint64_t>("devices", m_header.devices, m_settings.devices, "devices");
        CheckEntry<uint64_t>("servers", m_header.servers, m_settings.servers, "servers");
        CheckEntry<uint64_t>("channels", m_header.channels, m_settings.radio.channels, "channels");
        CheckEntry<uint64_t>("tick_ns", m_header.tickNs, m_settings.tick.GetNanoSeconds(), "tick");
        CheckEntry("path_loss_exponent", m_header.pathLossExponent, propagation.pathLossExponent, "exponent");
        CheckEntry("reference_loss_db", m_header.referenceLossDb, propagation.referenceLossDb, "referenceLoss");
        if (m_header.ticks < m_settings.ticks || m_header.ticks > std::numeric_limits<uint32_t>::max())
        {
            throw std::invalid_argument("'ticks': expected at least " + std::to_string(m_settings.ticks) +
                                        ", the ticks of the episode, found " + std::to_string(m_header.ticks) +
                                        "; give a smaller --ticks, or a world that was written with as many");
        }
    }

    /// \param low, high bounds, inclusive; NaN is outside \param counts which of the values count: all, or where not 0
    template <typename T>
    std::vector<T> ReadNumbers(const std::string& name,
                               const NpyShape& shape,
                               double low,
                               double high,
                               const std::vector<uint8_t>* counts = nullptr) const
    {
        std::vector<T> values;
        try
        {
            values = ReadNpy<T>((m_folder / (name + ".npy")).string(), shape);
        }
        catch (const std::invalid_argument& error)
        {
            throw std::invalid_argument("'" + name + "': " + error.what() +
                                        "; write the world again, with --devices, --servers and --ticks as here");
        }
        for (std::size_t i = 0; i < values.size(); i++)
        {
            const auto value = static_cast<double>(values[i]);
            if ((counts == nullptr || (*counts)[i] != 0) && !(value >= low && value <= high))
            {
                Refuse(name, i, shape, value, low, high);
            }
        }
        return values;
    }

    [[noreturn]] void Refuse(const std::string& name,
                             std::size_t index,
                             const NpyShape& shape,
                             double value,
                             double low,
                             double high) const
    {
        std::vector<std::size_t> where(shape.size());
        for (std::size_t axis = shape.size(); axis-- > 0;)
        {
            where[axis] = axis == 0 ? index : index % shape[axis];
            index /= axis == 0 ? 1 : shape[axis];
        }
        std::ostringstream message;
        message.precision(15);
        message << "'" << name << "': expected numbers between " << low << " and " << high << ", found " << value;
        for (std::size_t axis = 0; axis < where.size(); axis++)
        {
            message << (axis == 0 ? " at [" : ", ") << where[axis];
        }
        message << "] in '" << m_folder.string()
                << "'; give the ranges and the --area that the world was written with, or mend it";
        throw std::invalid_argument(message.str());
    }

    std::vector<double> ReadGains(const std::string& name, const NpyShape& shape) const
    {
        constexpr double EXTREME_DB = 300;
        return ReadNumbers<double>(name, shape, -EXTREME_DB, EXTREME_DB);
    }

    /// Within the area, at any height.
    std::vector<Vector> ReadPlaces(const std::string& name, const NpyShape& shape) const
    {
        const double highM = m_settings.placement.areaM + ROUNDING_M;
        const auto values = ReadNumbers<double>(name, shape, -HUGE_NUMBER, HUGE_NUMBER);
        std::vector<Vector> places;
        for (std::size_t i = 0; i < values.size(); i += 3)
        {
            places.emplace_back(values[i], values[i + 1], values[i + 2]);
            for (const std::size_t axis : {i, i + 1})
            {
                if (values[axis] < -ROUNDING_M || values[axis] > highM)
                {
                    Refuse(name, axis, shape, values[axis], 0, m_settings.placement.areaM);
                }
            }
        }
        return places;
    }

    void ReadTasks(Exogenous& world) const
    {
        const NpyShape shape{m_rows, m_settings.devices};
        const auto& ranges = m_settings.tasks;
        const auto arrives = ReadNumbers<uint8_t>("arrives", shape, 0, 1);
        const auto sizes = ReadNumbers<int32_t>("size_bytes", shape, 1, ranges.sizeMaxBytes, &arrives);
        const auto densities = ReadNumbers<double>(
            "density_cycles_per_bit", shape, std::numeric_limits<double>::min(), ranges.densityMax, &arrives);
        const auto deadlines = ReadNumbers<int64_t>(
            "deadline_ns", shape, 1, static_cast<double>(ranges.deadlineMax.GetNanoSeconds()), &arrives);
        const auto premium = ReadNumbers<uint8_t>("premium", shape, 0, 1);
        const auto jitters =
            ReadNumbers<int64_t>("jitter_ns", shape, 0, static_cast<double>(m_settings.tick.GetNanoSeconds()));
        world.draws.resize(arrives.size());
        for (std::size_t i = 0; i < arrives.size(); i++)
        {
            auto& draw = world.draws[i];
            draw.jitter = NanoSeconds(jitters[i]);
            if (arrives[i] != 0)
            {
                draw.task = TaskParameters{
                    static_cast<uint32_t>(sizes[i]), densities[i], NanoSeconds(deadlines[i]), premium[i] != 0};
            }
        }
    }

    std::vector<int32_t> ReadDevices(const std::string& name) const
    {
        return ReadNumbers<int32_t>(name, {NPY_ANY}, 0, m_settings.devices - 1.0);
    }

    void ReadWays(Exogenous& world) const
    {
        auto& mobility = world.mobility;
        if (m_header.mobility == "random-waypoint")
        {
            mobility.kind = MobilityKind::RANDOM_WAYPOINT;
            mobility.pause = Seconds(m_header.pauseS);
            const auto devices = ReadDevices("leg_device");
            const auto goals = ReadPlaces("leg_goal_m", {devices.size(), 3});
            const auto speeds = ReadNumbers<double>("leg_speed_mps", {devices.size()}, 1e-6, HUGE_NUMBER);
            for (std::size_t i = 0; i < devices.size(); i++)
            {
                mobility.legs[devices[i]].push_back({goals[i], speeds[i]});
            }
        }
        else if (m_header.mobility == "trace")
        {
            mobility.kind = MobilityKind::TRACE;
            const auto devices = ReadDevices("waypoint_device");
            const auto times = ReadNumbers<int64_t>("waypoint_ns", {devices.size()}, 0, HUGE_NUMBER);
            const auto places = ReadPlaces("waypoint_m", {devices.size(), 3});
            for (std::size_t i = 0; i < devices.size(); i++)
            {
                AddWaypoint(mobility, devices[i], NanoSeconds(times[i]), places[i]);
            }
        }
        else if (m_header.mobility == STRAIGHT)
        {
            mobility.kind = MobilityKind::TRACE;
            for (uint32_t device = 0; device < world.devices; device++)
            {
                AddWaypoint(mobility, device, Time(0), world.placement[device]);
                for (uint64_t row = 0; row < m_rows; row++)
                {
                    const Time boundary = WorldClock::GetBoundary(row, m_settings.tick);
                    AddWaypoint(mobility, device, boundary, world.positions[row * world.devices + device]);
                }
            }
        }
        else if (m_header.mobility != "static")
        {
            throw std::invalid_argument("'mobility': expected static, straight, random-waypoint or trace, found '" +
                                        m_header.mobility + "'; write the world again");
        }
    }

    static void AddWaypoint(Mobility& mobility, uint32_t device, const Time& time, const Vector& place)
    {
        auto& waypoints = mobility.trace[device];
        if (!waypoints.empty() && time <= waypoints.back().time)
        {
            throw std::invalid_argument("'waypoint_ns': expected times of a device that increase, found " +
                                        std::to_string(time.GetNanoSeconds()) + " after " +
                                        std::to_string(waypoints.back().time.GetNanoSeconds()) + " of device " +
                                        std::to_string(device) + "; mend the world");
        }
        waypoints.emplace_back(time, place);
    }

    fs::path m_folder;
    const Settings& m_settings;
    ExogenousHeader m_header;
    std::size_t m_rows;
};

/// \return the folder as named, or else that of this episode
fs::path
FindFolder(const std::string& name)
{
    for (const auto& folder : {fs::path(name), fs::path(GetEpisodeFileName(name))})
    {
        if (fs::exists(folder / ExogenousHeader::FILE))
        {
            return folder;
        }
    }
    throw std::invalid_argument(
        "neither '" + name + "' nor '" + GetEpisodeFileName(name) + "' holds " + ExogenousHeader::FILE +
        "; name a folder that --exogenousOut wrote, with the seed and run of this episode or with "
        "its full name for every episode");
}

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

Exogenous
ReadExogenous(const Settings& settings)
{
    try
    {
        return Reader(FindFolder(settings.exogenousIn), settings).Read();
    }
    catch (const std::invalid_argument& error)
    {
        throw Error(FaultKind::CONFIG, "argument '--exogenousIn=" + settings.exogenousIn + "': " + error.what());
    }
}

} // namespace ns3::marl::aiot_mec
