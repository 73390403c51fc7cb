// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/arguments.h"
#include "bridge/error.h"

#include "ns3/config.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/test.h"

#include <cmath>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include "scenarios/aiot-mec/exogenous-reader.h"
#include "scenarios/aiot-mec/exogenous-writer.h"
#include "scenarios/aiot-mec/exogenous.h"
#include "scenarios/aiot-mec/world.h"

using namespace ns3;
using namespace ns3::marl;
using namespace ns3::marl::aiot_mec;

namespace
{

const std::vector<std::string> SMALL{"--devices=8", "--servers=3", "--ticks=25", "--shadowing=5"};
const std::string WAYPOINTS = "--mobility=random-waypoint";
const std::string RUNNING = "--speedMax=20";
const double NOISE_DBM = 10 * std::log10(1.3803e-23 * 290 * 20e6 * 1000) + 7; ///< kTB in mW, 7 dB noise figure

void
Resolve(Settings& settings, const std::vector<std::string>& words)
{
    Config::Reset(); // also resets the seed
    RngSeedManager::SetSeed(4);
    RngSeedManager::SetRun(2);
    RadioNetwork::SetAttributeDefaults();
    Arguments arguments;
    settings.AddArguments(arguments);
    arguments.Parse(words);
    settings.Resolve();
}

/// A world without decisions, followed from boundary to boundary; NaN where no task arrives.
std::vector<double>
Follow(const Settings& settings)
{
    std::vector<double> values;
    World world(settings, [](const Task& /* task */) {});
    world.Build();
    for (uint64_t tick = 0; tick <= settings.ticks; tick++)
    {
        Simulator::Stop(WorldClock::GetBoundary(tick, settings.tick) - Simulator::Now());
        Simulator::Run();
        world.BeginTick(tick, false);
        for (uint32_t index = 0; index < settings.devices; index++)
        {
            const auto& device = world.GetDevices()[index];
            const auto place = world.GetNetwork().GetDevice(index)->GetObject<MobilityModel>()->GetPosition();
            const auto task = device.arrival.value_or(TaskParameters{});
            values.insert(values.end(),
                          {device.cpu->GetRateHz(),
                           device.jitter.GetSeconds(),
                           device.arrival ? 1.0 : 0.0,
                           task.GetCycles(),
                           task.deadline.GetSeconds(),
                           task.premium ? 1.0 : 0.0,
                           place.x,
                           place.y,
                           place.z});
            for (uint32_t server = 0; server < settings.servers; server++)
            {
                values.push_back(world.GetNetwork().GetSnrDb(index, server));
            }
        }
    }
    for (const auto& server : world.GetServers())
    {
        values.push_back(server.computer->GetRateHz());
    }
    Simulator::Destroy();
    return values;
}

/// The same from a world that was drawn beforehand, with the equations of docs/models.
std::vector<double>
Compute(const Settings& settings, const Exogenous& world)
{
    std::vector<double> values;
    for (uint64_t row = 0; row <= settings.ticks; row++)
    {
        for (uint32_t index = 0; index < world.devices; index++)
        {
            const auto& draw = world.GetDraw(row, index);
            const auto task = draw.task.value_or(TaskParameters{});
            const Vector place =
                world.IsMoving() ? world.positions[row * world.devices + index] : world.placement[index];
            values.insert(values.end(),
                          {world.deviceRatesHz[index],
                           draw.jitter.GetSeconds(),
                           draw.task ? 1.0 : 0.0,
                           task.GetCycles(),
                           task.deadline.GetSeconds(),
                           task.premium ? 1.0 : 0.0,
                           place.x,
                           place.y,
                           place.z});
            for (uint32_t server = 0; server < world.servers; server++)
            {
                const std::size_t link = index * world.servers + server;
                const std::size_t cell = row * world.devices * world.servers + link;
                const double distanceM = CalculateDistance(place, world.serverPlaces[server]);
                const double shadowingDb =
                    world.IsMoving() ? world.shadowingDb[cell] : world.placementShadowingDb[link];
                const double lossDb = 46.68 + 30 * std::log10(std::max(1.0, distanceM)) - shadowingDb;
                values.push_back(30 - lossDb + world.fadingDb[cell] - NOISE_DBM);
            }
        }
    }
    values.insert(values.end(), world.serverRatesHz.begin(), world.serverRatesHz.end());
    return values;
}

/// What is drawn beforehand is what an episode draws under way.
class DrawnBeforehand : public TestCase
{
  public:
    DrawnBeforehand()
        : TestCase("a world drawn beforehand is the one that an episode draws")
    {
    }

  private:
    void DoRun() override
    {
        for (const auto& more : std::vector<std::vector<std::string>>{
                 {}, {"--serverRates=11,12,13", "--preset=stress"}, {WAYPOINTS, RUNNING, "--pause=0.3s"}})
        {
            auto words = SMALL;
            words.insert(words.end(), more.begin(), more.end());
            Settings settings;
            Resolve(settings, words);
            const auto followed = Follow(settings);
            const auto computed = Compute(settings, DrawExogenous(settings));
            NS_TEST_ASSERT_MSG_EQ(computed.size(), followed.size(), "as many quantities");
            for (std::size_t i = 0; i < followed.size(); i++)
            {
                // the ways are computed to the nanosecond; shadowing follows them
                if (!(std::abs(computed[i] - followed[i]) < 1e-6))
                {
                    NS_TEST_EXPECT_MSG_EQ(computed[i], followed[i], "quantity " << i);
                    return;
                }
            }
        }
    }
};

bool
IsSame(const Exogenous& a, const Exogenous& b)
{
    bool isSame = a.placement == b.placement && a.serverPlaces == b.serverPlaces &&
                  a.deviceRatesHz == b.deviceRatesHz && a.serverRatesHz == b.serverRatesHz &&
                  a.placementShadowingDb == b.placementShadowingDb && a.fadingDb == b.fadingDb &&
                  a.positions == b.positions && a.shadowingDb == b.shadowingDb && a.mobility.kind == b.mobility.kind &&
                  a.mobility.legs.size() == b.mobility.legs.size() && a.draws.size() == b.draws.size();
    for (const auto& [device, legs] : a.mobility.legs)
    {
        const auto& others = b.mobility.legs.at(device);
        isSame = isSame && legs.size() == others.size();
        for (std::size_t i = 0; isSame && i < legs.size(); i++)
        {
            isSame = legs[i].goal == others[i].goal && legs[i].speedMps == others[i].speedMps;
        }
    }
    for (std::size_t i = 0; isSame && i < a.draws.size(); i++)
    {
        const auto task = a.draws[i].task.value_or(TaskParameters{});
        const auto other = b.draws[i].task.value_or(TaskParameters{});
        isSame = a.draws[i].jitter == b.draws[i].jitter && a.draws[i].task.has_value() == b.draws[i].task.has_value() &&
                 task.sizeBytes == other.sizeBytes && task.densityCyclesPerBit == other.densityCyclesPerBit &&
                 task.deadline == other.deadline && task.premium == other.premium;
    }
    return isSame;
}

/// A folder that is gone with its object.
class Folder
{
  public:
    Folder()
    {
        std::filesystem::create_directories(path);
    }

    ~Folder()
    {
        std::filesystem::remove_all(path);
    }

    std::filesystem::path path{std::filesystem::temp_directory_path() /
                               ("ns3marl-exogenous-test-" + std::to_string(getpid()))};
};

class WrittenAndRead : public TestCase
{
  public:
    WrittenAndRead()
        : TestCase("what is written comes back, and what does not fit is refused by name")
    {
    }

  private:
    void DoRun() override
    {
        const Folder folder;
        const auto name = (folder.path / "world").string();
        for (const auto& more : std::vector<std::vector<std::string>>{{}, {WAYPOINTS, RUNNING, "--pause=0s"}})
        {
            auto words = SMALL;
            words.insert(words.end(), more.begin(), more.end());
            words.push_back("--exogenousOut=" + name);
            Settings settings;
            Resolve(settings, words);
            const auto world = DrawExogenous(settings);
            NS_TEST_EXPECT_MSG_EQ(world.IsMoving(), !more.empty(), "moving");
            NS_TEST_EXPECT_MSG_EQ(world.IsShadowed(), true, "shadowed");
            WriteExogenous(world, settings);
            for (const auto& in : {name, name + "-seed4-run2"})
            {
                Settings reading;
                Resolve(reading, {SMALL[0], SMALL[1], SMALL[2], "--exogenousIn=" + in});
                NS_TEST_EXPECT_MSG_EQ(IsSame(ReadExogenous(reading), world), true, "read from " << in);
            }
        }
        ExpectShorter(name);
        ExpectRefusal({"--devices=9", SMALL[1], SMALL[2]}, name, "'devices': expected 9");
        ExpectRefusal({SMALL[0], SMALL[1], "--ticks=26"}, name, "'ticks': expected at least 26");
        ExpectRefusal(
            {SMALL[0], SMALL[1], SMALL[2], "--area=30"}, name, "'placement_m': expected numbers between 0 and 30");
        ExpectRefusal(SMALL, name + "s", "with the seed and run of this episode");
    }

    /// Fewer ticks than the world has.
    void ExpectShorter(const std::string& name)
    {
        Settings settings;
        Resolve(settings, {SMALL[0], SMALL[1], "--ticks=10", "--exogenousIn=" + name});
        const auto world = ReadExogenous(settings);
        NS_TEST_EXPECT_MSG_EQ(world.fadingDb.size(), 11 * 8 * 3, "fading");
        NS_TEST_EXPECT_MSG_EQ(world.draws.size(), 11 * 8, "tasks");
        NS_TEST_EXPECT_MSG_EQ(world.positions.size(), 11 * 8, "places");
    }

    void ExpectRefusal(std::vector<std::string> words, const std::string& name, const std::string& expected)
    {
        words.push_back("--exogenousIn=" + name);
        Settings settings;
        Resolve(settings, words);
        std::string refusal;
        try
        {
            ReadExogenous(settings);
        }
        catch (const Error& error)
        {
            refusal = error.what();
        }
        NS_TEST_EXPECT_MSG_NE(refusal.find(expected), std::string::npos, refusal << " does not say " << expected);
    }
};

class ExogenousTestSuite : public TestSuite
{
  public:
    ExogenousTestSuite()
        : TestSuite("ns3marl-aiot-mec-exogenous", Type::SYSTEM)
    {
        AddTestCase(new DrawnBeforehand, TestCase::Duration::QUICK);
        AddTestCase(new WrittenAndRead, TestCase::Duration::QUICK);
    }
};

const ExogenousTestSuite g_exogenousTestSuite;

} // namespace
