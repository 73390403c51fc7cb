// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/arguments.h"

#include "ns3/config.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/test.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
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
        world = std::make_unique<World>(settings, [this](const Task& task) {
            accounts->NoteEnd(task);
            ended.push_back(task);
        });
        accounts = std::make_unique<Accounts>(settings, *world);
        accounts->Describe(m_spec);
        world->Build();
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
                accounts->CloseInterval();
                rewards.push_back(accounts->GetInterval(0).reward);
                onTick();
            }
            world->BeginTick(tick, tick < settings.ticks);
            world->CheckConservation();
            Log(tick, policy);
        }
        for (const auto& metric : m_spec.metrics)
        {
            m_metrics[metric.name] = metric.value();
        }
    }

    double GetMetric(const std::string& name) const
    {
        return m_metrics.at(name);
    }

    Settings settings;
    std::unique_ptr<World> world;
    std::unique_ptr<Accounts> accounts;
    std::vector<Task> ended;
    std::vector<double> rewards;
    std::function<void()> onTick{[] {}};
    std::vector<double> exogenous; ///< all that must not depend on the policy

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

    Spec m_spec;                             ///< with the metrics
    std::map<std::string, double> m_metrics; ///< at the end of the episode
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

/// What latency and servers' work are worth, told from the tasks themselves.
class LatencyReward : public TestCase
{
  public:
    LatencyReward()
        : TestCase("latency and utilisation in the reward")
    {
    }

  private:
    static std::vector<std::string> GetWords(const std::string& reward)
    {
        return {"--devices=10",
                "--servers=3",
                "--ticks=40",
                "--rewardCompletion=0",
                "--rewardEnergy=0",
                "--rewardAge=0",
                "--rewardLatency=1",
                reward};
    }

    void CheckShares()
    {
        const auto getWords = [](const std::string& reward) {
            return std::vector<std::string>{
                "--devices=10", "--servers=3", "--ticks=40", "--rewardLatency=0.1", "--rewardUtilisation=0.1", reward};
        };
        std::vector<double> rewards;
        double rewardMean = 0;
        {
            Episode team(getWords("--reward=team"), 3);
            team.Run(OffloadToBest);
            rewards = team.rewards;
            rewardMean = team.GetMetric("reward_mean");
        }
        Episode episode(getWords("--reward=agent"), 3);
        std::vector<double> means;
        std::vector<double> spreads;
        episode.onTick = [&] {
            double sum = 0;
            for (uint32_t device = 0; device < 10; device++)
            {
                sum += episode.accounts->GetInterval(device).reward;
            }
            means.push_back(sum / 10);
            spreads.push_back(std::abs(episode.rewards.back() - sum / 10));
        };
        episode.Run(OffloadToBest);
        NS_TEST_ASSERT_MSG_EQ(means.size(), rewards.size(), "ticks");
        for (size_t tick = 0; tick < means.size(); tick++)
        {
            NS_TEST_EXPECT_MSG_EQ_TOL(means[tick], rewards[tick], 1e-9, "the shares' mean is the team's reward");
        }
        NS_TEST_EXPECT_MSG_GT(*std::max_element(spreads.begin(), spreads.end()), 1, "shares differ");
        NS_TEST_EXPECT_MSG_EQ_TOL(episode.GetMetric("reward_mean"), rewardMean, 1e-9, "whoever is paid");
    }

    void CheckTeam()
    {
        Episode episode(GetWords("--reward=team"), 3);
        episode.Run(OffloadToBest);
        const double latency = episode.GetMetric("reward_latency_term");
        const double utilisation = episode.GetMetric("reward_utilisation_term");
        NS_TEST_EXPECT_MSG_EQ_TOL(episode.GetMetric("reward_mean"), 100 * latency, 1e-9, "the only term");
        NS_TEST_EXPECT_MSG_GT(latency, 0, "tasks complete");
        NS_TEST_EXPECT_MSG_LT(latency, episode.GetMetric("reward_completion_term"), "tasks take time");
        NS_TEST_EXPECT_MSG_GT(utilisation, 0, "servers compute");
        NS_TEST_EXPECT_MSG_EQ_TOL(
            utilisation, episode.GetMetric("server_utilisation"), 1e-9, "mean over ticks of equal length");
    }

    void DoRun() override
    {
        CheckShares();
        CheckTeam();
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

/// Every task, fragment and joule is in exactly one place, whatever the preset, the policy and what fails.
class Conservation : public TestCase
{
  public:
    Conservation()
        : TestCase("tasks, fragments and joules add up")
    {
    }

  private:
    void DoRun() override
    {
        const std::vector<std::vector<std::string>> worlds{
            {},
            {"--preset=stress"},
            {"--preset=balanced", "--edca=deadline"},
            {"--preset=easy", "--area=500"},
            {"--preset=stress", "--arrivalProbability=0.9", "--edca=combined", "--devices=30"},
            {"--serverFailures=0:0.2:0.9,1:0.5:1.5", "--csi=genie"},
            {"--battery=1.1"},
        };
        uint32_t decision = 0;
        const Policy mixed = [&decision](uint32_t index, const Device& device) {
            auto choice = OffloadToBest(index, device);
            choice.mode = static_cast<OffloadingMode>(decision % 3);
            choice.server = decision++ % 3;
            choice.powerDbm = 20;
            choice.ratio = 0.7;
            return choice;
        };
        for (const auto& world : worlds)
        {
            for (const auto& policy : {Policy(StayLocal), Policy(OffloadToBest), mixed})
            {
                auto words = SMALL;
                words[2] = "--ticks=12";
                words.insert(words.end(), world.begin(), world.end());
                if (world.size() > 3)
                {
                    words.erase(words.begin()); // it has its own number of devices
                }
                Episode episode(words, 11);
                episode.Run(policy);
                Check(episode);
            }
        }
    }

    void Check(const Episode& episode)
    {
        const auto metric = [&episode](const std::string& name) { return episode.GetMetric(name); };
        const double late = metric("failed_local_late") + metric("failed_compute_late") + metric("failed_result_late");
        const double dropped = metric("failed_queue_expired") + metric("failed_server_failed");
        const double atDevice = metric("failed_uplink_expired") + metric("failed_device_dead");
        NS_TEST_EXPECT_MSG_EQ(metric("tasks_arrived"),
                              metric("tasks_completed") + late + dropped + metric("failed_uplink_lost") + atDevice +
                                  metric("tasks_unresolved"),
                              "every task in exactly one state");
        NS_TEST_EXPECT_MSG_EQ(metric("failed_uplink_late"),
                              metric("failed_uplink_lost") + metric("failed_uplink_expired"),
                              "the two ways to fail before the server");
        NS_TEST_EXPECT_MSG_EQ(metric("fragments_sent"),
                              metric("fragments_received") + metric("fragments_refused") + metric("fragments_lost") +
                                  metric("fragments_expired") + metric("fragments_on_the_way"),
                              "fragments");
        NS_TEST_EXPECT_MSG_LT_OR_EQ(metric("aoi_receipt_mean_ticks"),
                                    metric("aoi_mean_ticks") + 1e-9,
                                    "what was received was generated before");
        NS_TEST_EXPECT_MSG_LT_OR_EQ(
            metric("aoi_mean_ticks"), metric("aoi_mean_standard_ticks") + 1e-9, "premium tasks only add freshness");
        const double partsJ = metric("energy_transmit_j") + metric("energy_receive_j") + metric("energy_idle_j") +
                              metric("energy_compute_j");
        double totalJ = 0;
        for (const auto& device : episode.world->GetDevices())
        {
            const Time now = Simulator::Now();
            totalJ += device.GetTotalJ(now);
            const Time awake = device.death.value_or(now) - World::GetStart();
            const Time states =
                device.energy->GetTransmitTime() + device.energy->GetReceiveTime() + device.energy->GetIdleTime(now);
            NS_TEST_EXPECT_MSG_GT_OR_EQ(states, awake, "time in states");
            NS_TEST_EXPECT_MSG_LT_OR_EQ(states, awake + MilliSeconds(6), "but for a transmission under way");
        }
        NS_TEST_EXPECT_MSG_EQ_TOL(partsJ, totalJ, 1e-9 * totalJ, "joules");
    }
};

/// Server 0 is down from 0.5 to 1.5 s: nobody hears of it, tasks sent to it fail, and it works again afterwards.
class ServerFailures : public TestCase
{
  public:
    ServerFailures()
        : TestCase("devices learn of a failure by what they do not hear")
    {
    }

  private:
    void DoRun() override
    {
        auto words = SMALL;
        words.emplace_back("--serverFailures=0:0.5:1.5");
        Episode episode(words, 9);
        Time longestSilence;
        episode.Run([&](uint32_t index, const Device& device) {
            const auto& entry = device.board->GetServer(0);
            longestSilence = entry.known ? Max(longestSilence, Simulator::Now() - entry.heard) : longestSilence;
            auto choice = OffloadToBest(index, device);
            choice.server = 0;
            return choice;
        });
        NS_TEST_EXPECT_MSG_GT_OR_EQ(longestSilence, Seconds(0.9), "nothing heard of the server");
        uint32_t completedBefore = 0;
        uint32_t completedAfter = 0;
        for (const auto& task : episode.ended)
        {
            const Time since = task.arrival - World::GetStart();
            const bool isDown = since >= Seconds(0.5) && since < Seconds(1.5);
            if (isDown && since < Seconds(1.4)) // later ones may reach it after its recovery
            {
                NS_TEST_EXPECT_MSG_EQ((task.outcome == TaskOutcome::SERVER_FAILED ||
                                       task.outcome == TaskOutcome::UPLINK_LOST ||
                                       task.outcome == TaskOutcome::UPLINK_EXPIRED),
                                      true,
                                      "a task of the failure ended as " << marl::GetName(task.outcome));
            }
            if (task.outcome == TaskOutcome::COMPLETED)
            {
                (since < Seconds(0.5) ? completedBefore : completedAfter)++;
            }
        }
        NS_TEST_EXPECT_MSG_GT(completedBefore, 3, "completed before");
        NS_TEST_EXPECT_MSG_GT(completedAfter, 10, "completed after the recovery");
        NS_TEST_EXPECT_MSG_GT(episode.GetMetric("failed_server_failed"), 10, "failed tasks");
        NS_TEST_EXPECT_MSG_GT(episode.GetMetric("fragments_refused"), 100, "fragments refused");
    }
};

/// 1 J lasts 1.2 s of idling. What others draw does not change, and no device spends more than it has but for a tick.
class Batteries : public TestCase
{
  public:
    Batteries()
        : TestCase("devices end with their batteries")
    {
    }

  private:
    void DoRun() override
    {
        constexpr double BATTERY_J = 1;
        std::vector<std::vector<double>> worlds;
        for (const auto* battery : {"--battery=0", "--battery=1"})
        {
            auto words = SMALL;
            words.emplace_back(battery);
            Episode episode(words, 4);
            episode.Run(OffloadToBest);
            worlds.push_back(episode.exogenous);
            const bool isLimited = worlds.size() == 2;
            NS_TEST_EXPECT_MSG_EQ(episode.GetMetric("devices_alive"), (isLimited ? 0 : 10), "devices alive");
            NS_TEST_EXPECT_MSG_EQ(std::isnan(episode.GetMetric("first_death_s")), !isLimited, "first death");
            if (isLimited)
            {
                NS_TEST_EXPECT_MSG_LT(episode.GetMetric("first_death_s"), 1 / 0.819, "sooner than by idling alone");
                for (const auto& device : episode.world->GetDevices())
                {
                    const double spentJ = device.GetTotalJ(Simulator::Now());
                    NS_TEST_EXPECT_MSG_GT_OR_EQ(spentJ, BATTERY_J, "spent");
                    NS_TEST_EXPECT_MSG_LT(spentJ, BATTERY_J + 0.1 * 10.819, "and at most a tick of transmitting more");
                }
                for (const auto& task : episode.ended)
                {
                    NS_TEST_EXPECT_MSG_LT(task.arrival, Seconds(1.35), "the dead have no tasks");
                }
            }
        }
        // for each tick and device: 3 SNRs, CPU rate, jitter, then cycles and deadline of the task
        constexpr std::size_t COLUMNS = 7;
        for (std::size_t i = 0; i < worlds[0].size(); i++)
        {
            const bool isGone = i % COLUMNS >= 5 && worlds[1][i] == 0;
            NS_TEST_EXPECT_MSG_EQ((worlds[0][i] == worlds[1][i] || isGone), true, "exogenous value " << i);
        }
    }
};

/// The chance that Rayleigh fading takes the server of best mean SNR below a threshold, over 100 devices:
/// 1 - exp(-threshold / mean), each with its own mean SNR.
class Outage : public TestCase
{
  public:
    Outage()
        : TestCase("outage follows the fading")
    {
    }

  private:
    void DoRun() override
    {
        Episode episode({"--devices=100",
                         "--servers=1",
                         "--ticks=20",
                         "--arrivalProbability=0",
                         "--fadingRho=0",
                         "--outageSnr=12",
                         "--outagePower=20"},
                        6);
        episode.Run(StayLocal);
        double expected = 0;
        for (uint32_t device = 0; device < 100; device++)
        {
            const double meanDb = episode.world->GetNetwork().GetPropagation().GetMeanSnrDb(device, 0);
            expected += (1 - std::exp(-std::pow(10, (12 + 10 - meanDb) / 10))) / 100;
        }
        NS_TEST_EXPECT_MSG_GT(expected, 0.1, "a case with outages");
        // 2000 independent samples: a standard error of at most 0.011
        NS_TEST_EXPECT_MSG_EQ_TOL(episode.GetMetric("outage_probability"), expected, 0.045, "outage");
    }
};

/// Thirty devices with a task each on one channel: both categories collide, and premium tasks wait less.
class Categories : public TestCase
{
  public:
    Categories()
        : TestCase("premium tasks go first in the video category")
    {
    }

  private:
    void DoRun() override
    {
        double commonLatencyS = 0;
        for (const auto* edca : {"--edca=none", "--edca=sla"})
        {
            Episode episode({"--devices=30",
                             "--servers=3",
                             "--ticks=6",
                             "--arrivalProbability=1",
                             "--deadlineMin=80ms",
                             "--serverRates=100,100,100",
                             edca},
                            2);
            episode.Run([](uint32_t index, const Device& device) {
                auto choice = OffloadToBest(index, device);
                choice.channel = 0;
                return choice;
            });
            const bool isOff = std::string(edca) == "--edca=none";
            NS_TEST_EXPECT_MSG_GT(episode.GetMetric("retries_best_effort"), 0, "retries, " << edca);
            NS_TEST_EXPECT_MSG_EQ((episode.GetMetric("retries_video") > 0), !isOff, "retries of video, " << edca);
            NS_TEST_EXPECT_MSG_EQ((episode.GetMetric("unanswered_video") > 0), !isOff, "unanswered, " << edca);
            const double latencyS = episode.GetMetric("latency_mean_premium_s");
            if (isOff)
            {
                commonLatencyS = latencyS;
            }
            else
            {
                NS_TEST_EXPECT_MSG_LT(latencyS, 0.8 * commonLatencyS, "premium latency with its own category");
            }
        }
    }
};

/// Given rates go to the servers in order.
class ServerRates : public TestCase
{
  public:
    ServerRates()
        : TestCase("servers have the rates of the list")
    {
    }

  private:
    void DoRun() override
    {
        auto words = SMALL;
        words.emplace_back("--serverRates=12,5,40");
        const Episode episode(words, 1);
        const std::vector<double> rates{12e9, 5e9, 40e9};
        for (uint32_t server = 0; server < 3; server++)
        {
            NS_TEST_EXPECT_MSG_EQ(
                episode.world->GetServers()[server].computer->GetRateHz(), rates[server], "server " << server);
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
        AddTestCase(new LatencyReward, TestCase::Duration::QUICK);
        AddTestCase(new Knowledge, TestCase::Duration::QUICK);
        AddTestCase(new Conservation, TestCase::Duration::QUICK);
        AddTestCase(new ServerFailures, TestCase::Duration::QUICK);
        AddTestCase(new Batteries, TestCase::Duration::QUICK);
        AddTestCase(new Outage, TestCase::Duration::QUICK);
        AddTestCase(new Categories, TestCase::Duration::QUICK);
        AddTestCase(new ServerRates, TestCase::Duration::QUICK);
    }
};

const AiotMecWorldTestSuite g_aiotMecWorldTestSuite;

} // namespace
