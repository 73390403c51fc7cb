// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/exogenous-reader.h"

#include "bridge/episode-file.h"
#include "bridge/error.h"
#include "models/npy-file.h"

#include <filesystem>
#include <limits>
#include <sstream>
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

constexpr double HUGE_NUMBER = 1e18;         ///< bound of what has none
constexpr double ROUNDING_M = 1e-6;          ///< a way to the border may end a rounding error beyond it
constexpr const char* STRAIGHT = "straight"; ///< between the places at the boundaries

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
            CheckLegs(world);
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

    /// Without ways to the end ns-3's model would begin with the first one again.
    void CheckLegs(const Exogenous& world) const
    {
        const Time end = WorldClock::GetBoundary(m_settings.ticks, m_settings.tick);
        for (uint32_t device = 0; device < world.devices; device++)
        {
            const Time last = world.mobility.GetLegsEnd(device, world.placement[device]);
            if (m_header.pauseS < 0 || last < end)
            {
                std::ostringstream message;
                message << "'leg_device': expected ways and pauses, of at least 0 s, that last to the end of the "
                           "episode at "
                        << end.As(Time::S) << ", found that those of device " << device << " end at "
                        << last.As(Time::S) << "; add ways, or set 'mobility' to straight";
                throw std::invalid_argument(message.str());
            }
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
