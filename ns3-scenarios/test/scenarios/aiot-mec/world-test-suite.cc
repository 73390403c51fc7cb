// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/arguments.h"

#include "ns3/config.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/test.h"

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "scenarios/aiot-mec/accounts.h"
#include "scenarios/aiot-mec/world.h"

using namespace ns3;
using namespace ns3::marl;
using namespace ns3::marl::aiot_mec;

namespace
{

/// What a policy is asked: the device and what the world knows of it.
using Policy = std::function<OffloadingDecision(uint32_t index, const Device& device)>;

/// An episode of the world under a policy, without the bridge.
class Episode
{
  public:
    Episode(const std::vector<std::string>& words, uint32_t seed)
    {
        Config::Reset(); // also resets the seed
        RngSeedManager::SetSeed(seed);
        RngSeedManager::SetRun(1);
        RadioNetwork::SetAttributeDefaults();
        Arguments arguments;
        settings.AddArguments(arguments);
        arguments.Parse(words);
        settings.Resolve();
        accounts = std::make_unique<Accounts>(settings);
        world = std::make_unique<World>(settings, [this](const Task& task) {
            accounts->NoteEnd(task);
            ended.push_back(task);
        });
    }

    ~Episode()
    {
        Simulator::Destroy();
    }

    void Run(const Policy& policy)
    {
        for (uint64_t tick = 0; tick <= settings.ticks; tick++)
        {
            Simulator::Stop(World::GetStart() + settings.tick * static_cast<int64_t>(tick) - Simulator::Now());
            Simulator::Run();
            if (tick > 0)
            {
                accounts->CloseInterval(*world);
                rewards.push_back(accounts->GetRewards()[0]);
            }
            world->BeginTick(tick, tick < settings.ticks);
            world->GetLedger().CheckConservation();
            Log(tick, policy);
        }
        metrics = accounts->GetMetrics(*world);
    }

    double GetMetric(const std::string& name) const
    {
        const auto described = Accounts::DescribeMetrics();
        for (std::size_t i = 0; i < described.size(); i++)
        {
            if (described[i].name == name)
            {
                return metrics.at(i);
            }
        }
        return std::nan("");
    }

    Settings settings;
    std::unique_ptr<Accounts> accounts;
    std::unique_ptr<World> world;
    std::vector<Task> ended;
    std::vector<double> rewards;
    std::vector<double> exogenous; ///< all that must not depend on the policy
    std::vector<double> metrics;

  private:
    void Log(uint64_t tick, const Policy& policy)
    {
        for (uint32_t i = 0; i < settings.devices; i++)
        {
            const auto& device = world->GetDevices()[i];
            for (uint32_t server = 0; server < settings.servers; server++)
            {
                exogenous.push_back(world->GetNetwork().GetSnrDb(i, server));
            }
            exogenous.push_back(device.cpu->GetRateHz());
            exogenous.push_back(device.jitter.GetSeconds());
            exogenous.push_back(device.arrival ? device.arrival->GetCycles() : 0);
            exogenous.push_back(device.arrival ? device.arrival->deadline.GetSeconds() : 0);
            if (device.arrivalId && tick < settings.ticks)
            {
                world->Decide(i, policy(i, device));
            }
        }
        world->EndDecisions();
    }
};

const std::vector<std::string> SMALL{"--devices=10", "--servers=3", "--ticks=30"};

OffloadingDecision
StayLocal(uint32_t /* index */, const Device& /* device */)
{
    return {};
}

OffloadingDecision
OffloadToBest(uint32_t index, const Device& device)
{
    uint32_t best = 0;
    for (uint32_t server = 1; server < 3; server++)
    {
        if (device.board->GetServer(server).snrDb > device.board->GetServer(best).snrDb)
        {
            best = server;
        }
    }
    const uint32_t channel = device.client->IsIdle() ? index % 4 : device.client->GetTunedChannel();
    return {OffloadingMode::FULL, best, channel, 30, 1};
}

/// Placement, CPU rates, arrivals, task parameters, jitter and fading are the same whatever the policy does, and another
/// seed changes them.
class ExogenousWorld : public TestCase
{
  public:
    ExogenousWorld()
        : TestCase("the exogenous world does not depend on the policy")
    {
    }

  private:
    void DoRun() override
    {
        std::vector<std::vector<double>> worlds;
        for (const auto& [policy, seed] :
             std::vector<std::pair<Policy, uint32_t>>{{StayLocal, 1}, {OffloadToBest, 1}, {StayLocal, 2}})
        {
            Episode episode(SMALL, seed);
            episode.Run(policy);
            worlds.push_back(episode.exogenous);
        }
        NS_TEST_EXPECT_MSG_EQ((worlds[0] == worlds[1]), true, "two policies, one seed");
        NS_TEST_EXPECT_MSG_EQ((worlds[0] == worlds[2]), false, "one policy, two seeds");
    }
};

/// The same seed gives the same episode, also in a process that has run others before.
class Repeats : public TestCase
{
  public:
    Repeats()
        : TestCase("the same seed gives the same episode")
    {
    }

  private:
    void DoRun() override
    {
        std::vector<std::vector<double>> rewards;
        for (int round = 0; round < 2; round++)
        {
            Episode episode(SMALL, 7);
            episode.Run(OffloadToBest);
            rewards.push_back(episode.rewards);
        }
        NS_TEST_EXPECT_MSG_EQ((rewards[0] == rewards[1]), true, "rewards of all ticks");
    }
};

/// Conservation, and metrics that can be told from the tasks themselves.
class Accounting : public TestCase
{
  public:
    Accounting()
        : TestCase("metrics agree with the tasks")
    {
    }

  private:
    void DoRun() override
    {
        Episode episode({"--devices=10", "--servers=3", "--ticks=40", "--preset=stress"}, 3);
        uint32_t decision = 0;
        episode.Run([&](uint32_t index, const Device& device) {
            auto choice = OffloadToBest(index, device);
            choice.mode = static_cast<OffloadingMode>(decision++ % 3);
            choice.ratio = 0.6;
            return choice;
        });
        uint32_t completed = 0;
        double latencyS = 0;
        for (const auto& task : episode.ended)
        {
            NS_TEST_EXPECT_MSG_LT_OR_EQ(task.end, task.GetExpiry(), "no task outlives its deadline");
            if (task.outcome == TaskOutcome::COMPLETED)
            {
                completed++;
                latencyS += (task.end - task.arrival).GetSeconds();
                NS_TEST_EXPECT_MSG_EQ(task.IsDone(), true, "every part is done");
            }
        }
        NS_TEST_EXPECT_MSG_GT(completed, 20, "tasks that complete");
        NS_TEST_EXPECT_MSG_EQ(episode.GetMetric("tasks_completed"), completed, "completed");
        NS_TEST_EXPECT_MSG_EQ_TOL(episode.GetMetric("latency_mean_s"), latencyS / completed, 1e-12, "latency");
        NS_TEST_EXPECT_MSG_EQ(episode.GetMetric("tasks_arrived"),
                              episode.ended.size() + episode.GetMetric("tasks_unresolved"),
                              "conservation");
        // one modem for each device: its states fill the time
        const double timeS = 40 * 0.025 * 10;
        const double activeS =
            episode.GetMetric("energy_receive_j") / 0.939 + episode.GetMetric("energy_idle_j") / 0.819;
        NS_TEST_EXPECT_MSG_LT_OR_EQ(activeS, timeS, "receiving and idling");
        NS_TEST_EXPECT_MSG_GT(activeS, 0.8 * timeS, "transmitting takes little of it");
        for (const double reward : episode.rewards)
        {
            NS_TEST_EXPECT_MSG_LT_OR_EQ(reward, 100, "reward of a tick");
            NS_TEST_EXPECT_MSG_GT_OR_EQ(reward, 0, "reward of a tick");
        }
    }
};

/// Devices hear every server in reach before the first decision, and what they hear is true.
class Knowledge : public TestCase
{
  public:
    Knowledge()
        : TestCase("devices know what was broadcast")
    {
    }

  private:
    void DoRun() override
    {
        for (const auto* csi : {"--csi=measured", "--csi=genie"})
        {
            Episode episode({"--devices=20", "--servers=3", "--ticks=1", csi}, 5);
            uint32_t heard = 0;
            Simulator::Stop(World::GetStart());
            Simulator::Run();
            for (uint32_t i = 0; i < 20; i++)
            {
                for (uint32_t server = 0; server < 3; server++)
                {
                    const auto& entry = episode.world->GetDevices()[i].board->GetServer(server);
                    if (entry.known)
                    {
                        heard++;
                        NS_TEST_EXPECT_MSG_EQ_TOL(entry.snrDb,
                                                  episode.world->GetNetwork().GetSnrDb(i, server),
                                                  0.05,
                                                  "SNR of device " << i << " and server " << server);
                        NS_TEST_EXPECT_MSG_EQ_TOL(entry.status.rateHz,
                                                  episode.world->GetServers()[server].computer->GetRateHz(),
                                                  1,
                                                  "rate of the server");
                    }
                }
            }
            NS_TEST_EXPECT_MSG_GT(heard, 50, "of 60 pairs, with " << csi);
        }
    }
};

class AiotMecWorldTestSuite : public TestSuite
{
  public:
    AiotMecWorldTestSuite()
        : TestSuite("ns3marl-aiot-mec-world", Type::SYSTEM)
    {
        AddTestCase(new ExogenousWorld, TestCase::Duration::QUICK);
        AddTestCase(new Repeats, TestCase::Duration::QUICK);
        AddTestCase(new Accounting, TestCase::Duration::QUICK);
        AddTestCase(new Knowledge, TestCase::Duration::QUICK);
    }
};

const AiotMecWorldTestSuite g_aiotMecWorldTestSuite;

} // namespace
