// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/arguments.h"

#include "ns3/config.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/test.h"

#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/edge-cloud/accounts.h"
#include "scenarios/edge-cloud/world.h"

using namespace ns3;
using namespace ns3::marl;
using namespace ns3::marl::edge_cloud;

namespace
{

using DevicePolicy = std::function<OffloadingDecision(const Device& device)>;
using GatewayPolicy = std::function<GatewayDecision(const Gateway& gateway, uint64_t tick)>;

/// An episode of the world under a policy, without the bridge.
class Episode
{
  public:
    explicit Episode(const std::vector<std::string>& words, uint32_t seed = 1)
    {
        Config::Reset(); // also resets the seed
        RngSeedManager::SetSeed(seed);
        RngSeedManager::SetRun(1);
        RadioNetwork::SetAttributeDefaults();
        Arguments arguments;
        settings.AddArguments(arguments);
        arguments.Parse(words);
        settings.Resolve();
        world = std::make_unique<World>(settings, [this](const Task& task, const Journey& journey) {
            accounts->NoteEnd(task, journey);
            ended.emplace_back(task, journey);
        });
        accounts = std::make_unique<Accounts>(settings, *world);
        accounts->Describe(m_spec);
        world->Build();
    }

    ~Episode()
    {
        Simulator::Destroy();
    }

    /// Runs on until every task has ended.
    void Run(const DevicePolicy& devices, const GatewayPolicy& gateways)
    {
        for (uint64_t tick = 0; tick <= settings.ticks; tick++)
        {
            Simulator::Stop(World::GetStart() + settings.tick * static_cast<int64_t>(tick) - Simulator::Now());
            Simulator::Run();
            if (tick > 0)
            {
                world->CloseInterval();
                accounts->CloseInterval();
            }
            world->BeginTick(tick, tick < settings.ticks);
            world->CheckConservation();
            Decide(tick, devices, gateways);
        }
        Simulator::Stop(Seconds(1));
        Simulator::Run();
        world->CheckConservation();
        for (const auto& metric : m_spec.metrics)
        {
            m_metrics[metric.name] = metric.value();
        }
    }

    double GetMetric(const std::string& name) const
    {
        return m_metrics.at(name);
    }

    uint64_t GetTasks() const
    {
        return ended.size();
    }

    Settings settings;
    std::unique_ptr<World> world;
    std::unique_ptr<Accounts> accounts;
    std::vector<std::pair<Task, Journey>> ended;
    std::vector<double> exogenous; ///< all that must not depend on the policy
    uint64_t switches{0};          ///< of devices, on or off

  private:
    void Decide(uint64_t tick, const DevicePolicy& devices, const GatewayPolicy& gateways)
    {
        m_wereOn.resize(settings.devices, true);
        for (const auto& device : world->GetDevices())
        {
            switches += device.isOn != m_wereOn[device.index] ? 1 : 0;
            m_wereOn[device.index] = device.isOn;
            for (uint32_t gateway = 0; gateway < settings.gateways; gateway++)
            {
                exogenous.push_back(world->GetNetwork().GetSnrDb(device.index, gateway));
            }
            exogenous.push_back(device.cpu->GetRateHz());
            exogenous.push_back(device.isOn);
            exogenous.push_back(device.arrival ? device.arrival->GetCycles() : 0);
            exogenous.push_back(device.arrival ? device.arrival->deadline.GetSeconds() : 0);
        }
        if (tick == settings.ticks)
        {
            return;
        }
        for (const auto& gateway : world->GetGateways())
        {
            world->Decide(gateway.index, gateways(gateway, tick));
        }
        for (const auto& device : world->GetDevices())
        {
            if (device.arrivalId)
            {
                world->Decide(device.index, devices(device));
            }
        }
        world->EndDecisions();
    }

    Spec m_spec;                             ///< with the metrics
    std::map<std::string, double> m_metrics; ///< at the end of the episode
    std::vector<bool> m_wereOn;
};

const std::vector<std::string> SMALL{"--devices=6", "--ticks=40"};

OffloadingDecision
StayLocal(const Device& /* device */)
{
    return {};
}

/// To the gateway on the tuned channel: gateway j is on channel j.
OffloadingDecision
Offload(const Device& device)
{
    const uint32_t channel = device.client->GetTunedChannel();
    return {OffloadingMode::FULL, channel, channel, 30, 1};
}

GatewayPolicy
Always(double mostCyclesAtEdge, double rateHz)
{
    return [=](const Gateway&, uint64_t) { return GatewayDecision{{mostCyclesAtEdge}, rateHz}; };
}

const GatewayPolicy AT_EDGE = Always(PlacementRule::EVERYTHING_AT_EDGE, 3e9);
const GatewayPolicy TO_CLOUD = Always(PlacementRule::EVERYTHING_TO_CLOUD, 3e9);

/// Tasks, fading, CPU rates and who is on are the same whatever the agents do, and another seed changes them.
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
        const auto play = [](const DevicePolicy& devices, const GatewayPolicy& gateways, uint32_t seed) {
            Episode episode({"--devices=6", "--ticks=40", "--churn=0.1"}, seed);
            episode.Run(devices, gateways);
            return episode.exogenous;
        };
        const auto local = play(StayLocal, AT_EDGE, 1);
        NS_TEST_EXPECT_MSG_EQ((local == play(Offload, TO_CLOUD, 1)), true, "another policy");
        NS_TEST_EXPECT_MSG_EQ((local == play(StayLocal, AT_EDGE, 2)), false, "another seed");
    }
};

/// Every task ends once, where its placement says, and the counts of every place agree.
class Places : public TestCase
{
  public:
    Places()
        : TestCase("tasks are computed where the agents say")
    {
    }

  private:
    void DoRun() override
    {
        {
            Episode episode(SMALL);
            episode.Run(StayLocal, AT_EDGE);
            NS_TEST_EXPECT_MSG_EQ(episode.GetTasks(), episode.GetMetric("tasks_arrived"), "all tasks ended");
            NS_TEST_EXPECT_MSG_EQ(episode.GetMetric("local_share"), 1, "nothing is offloaded");
            NS_TEST_EXPECT_MSG_EQ(episode.GetMetric("energy_gateways_j"), 0, "gateways idle");
            NS_TEST_EXPECT_MSG_EQ(episode.GetMetric("completion_ratio") +
                                      episode.GetMetric("failed_local_late") / static_cast<double>(episode.GetTasks()),
                                  1,
                                  "a local task fails in one way");
        }
        {
            Episode episode(SMALL);
            episode.Run(Offload, AT_EDGE);
            CheckPlace(episode, Place::EDGE);
            NS_TEST_EXPECT_MSG_EQ(episode.GetMetric("backhaul_utilisation"), 0, "nothing is forwarded");
            NS_TEST_EXPECT_MSG_EQ(episode.GetMetric("cloud_utilisation"), 0, "the cloud idles");
            // P = kappa f^3 while a gateway computes
            double busyS = 0;
            for (const auto& gateway : episode.world->GetGateways())
            {
                busyS += gateway.computer->GetBusyTime().GetSeconds();
            }
            NS_TEST_EXPECT_MSG_EQ_TOL(episode.GetMetric("energy_gateways_j"), 5e-29 * 27e27 * busyS, 1e-9, "energy");
        }
        {
            Episode episode(SMALL);
            episode.Run(Offload, TO_CLOUD);
            CheckPlace(episode, Place::CLOUD);
            NS_TEST_EXPECT_MSG_EQ(episode.GetMetric("edge_utilisation"), 0, "gateways idle");
            NS_TEST_EXPECT_MSG_GT(episode.GetMetric("cloud_utilisation"), 0, "the cloud works");
            for (const auto& [task, journey] : episode.ended)
            {
                if (!journey.atCloud.IsZero())
                {
                    // with headers of 30 B for each 1400 B, at 3 Mb/s, behind whatever else waits
                    const double bytes = task.parameters.sizeBytes + 30 * std::ceil(task.parameters.sizeBytes / 1400.0);
                    NS_TEST_EXPECT_MSG_GT_OR_EQ((journey.atCloud - journey.forwarded).GetSeconds(),
                                                8 * bytes / 3e6 + 5e-3 - 1e-6,
                                                "no task is faster than the link");
                }
            }
        }
    }

    /// Every task that came to a gateway went on to this place.
    void CheckPlace(const Episode& episode, Place place)
    {
        NS_TEST_EXPECT_MSG_EQ(episode.GetTasks(), episode.GetMetric("tasks_arrived"), "all tasks ended");
        uint64_t completed = 0;
        for (const auto& [task, journey] : episode.ended)
        {
            const bool came = !task.uplinkEnd.IsZero();
            NS_TEST_EXPECT_MSG_EQ((journey.place == (came ? place : Place::NONE)), true, "task " << task.id);
            completed += task.outcome == TaskOutcome::COMPLETED ? 1 : 0;
        }
        NS_TEST_EXPECT_MSG_GT(completed, episode.GetTasks() / 3, "completed");
    }
};

/// Light tasks stay, heavy ones go to the cloud.
class ByWork : public TestCase
{
  public:
    ByWork()
        : TestCase("the threshold splits tasks by their work")
    {
    }

  private:
    void DoRun() override
    {
        constexpr double THRESHOLD = 2e8;
        Episode episode(SMALL);
        episode.Run(Offload, Always(THRESHOLD, 3e9));
        std::map<Place, uint32_t> counts;
        for (const auto& [task, journey] : episode.ended)
        {
            counts[journey.place]++;
            if (journey.place != Place::NONE)
            {
                const bool isHeavy = std::round(task.parameters.GetCycles()) > THRESHOLD;
                NS_TEST_EXPECT_MSG_EQ((journey.place == Place::CLOUD), isHeavy, "task " << task.id);
            }
        }
        NS_TEST_EXPECT_MSG_GT(counts[Place::EDGE], 10, "light ones");
        NS_TEST_EXPECT_MSG_GT(counts[Place::CLOUD], 10, "heavy ones");
    }
};

/// A computer that changes its rate is charged for each rate as long as it ran: kappa f^2 for every cycle at most, and at least.
class Energy : public TestCase
{
  public:
    Energy()
        : TestCase("energy of gateways that change their rate")
    {
    }

  private:
    void DoRun() override
    {
        const auto play = [](const GatewayPolicy& gateways) {
            Episode episode(SMALL);
            episode.Run(Offload, gateways);
            double cycles = 0;
            for (const auto& [task, journey] : episode.ended)
            {
                cycles += task.computeEnd.IsZero() ? 0 : task.parameters.GetCycles();
            }
            return std::pair(episode.GetMetric("energy_gateways_j"), cycles);
        };
        const auto [lowJ, lowCycles] = play(Always(PlacementRule::EVERYTHING_AT_EDGE, 2e9));
        const auto [highJ, highCycles] = play(AT_EDGE);
        const auto [mixedJ, mixedCycles] = play([](const Gateway&, uint64_t tick) {
            return GatewayDecision{{PlacementRule::EVERYTHING_AT_EDGE}, tick % 2 == 0 ? 2e9 : 3e9};
        });
        NS_TEST_EXPECT_MSG_GT_OR_EQ(lowJ, 5e-29 * 4e18 * lowCycles * (1 - 1e-9), "what was done at 2 GHz");
        NS_TEST_EXPECT_MSG_GT_OR_EQ(highJ, 5e-29 * 9e18 * highCycles * (1 - 1e-9), "what was done at 3 GHz");
        NS_TEST_EXPECT_MSG_GT(mixedJ, lowJ, "more than at the lower rate");
        NS_TEST_EXPECT_MSG_LT(mixedJ, highJ, "less than at the higher one");
        NS_TEST_EXPECT_MSG_GT(mixedCycles, lowCycles, "more work in time");
    }
};

/// A backhaul with room for two fragments drops; an overloaded one is late; both are told apart.
class FullBackhaul : public TestCase
{
  public:
    FullBackhaul()
        : TestCase("why tasks miss their deadline on the way to the cloud")
    {
    }

  private:
    void DoRun() override
    {
        {
            Episode episode({"--devices=6", "--ticks=20", "--backhaulQueue=2"});
            episode.Run(Offload, TO_CLOUD);
            NS_TEST_EXPECT_MSG_GT(episode.GetMetric("backhaul_drops"), 0, "fragments dropped");
            NS_TEST_EXPECT_MSG_EQ(episode.accounts->GetEnded(TaskEnd::BACKHAUL_LATE), 0, "what has room is in time");
            NS_TEST_EXPECT_MSG_GT(episode.accounts->GetEnded(TaskEnd::BACKHAUL_DROPPED), 0, "tasks dropped");
        }
        {
            Episode episode({"--devices=6", "--ticks=20", "--backhaulRate=0.5", "--backhaulQueue=100000"});
            episode.Run(Offload, TO_CLOUD);
            NS_TEST_EXPECT_MSG_EQ(episode.accounts->GetEnded(TaskEnd::BACKHAUL_DROPPED), 0, "nothing is dropped");
            NS_TEST_EXPECT_MSG_GT(episode.accounts->GetEnded(TaskEnd::BACKHAUL_LATE), 0, "but late");
        }
    }
};

/// Devices switch off and on; their tasks end then, and later ones complete again.
class Churn : public TestCase
{
  public:
    Churn()
        : TestCase("devices leave and come back")
    {
    }

  private:
    void DoRun() override
    {
        Episode episode({"--devices=6", "--ticks=100", "--churn=0.1"});
        episode.Run(Offload, Always(2e8, 3e9));
        NS_TEST_EXPECT_MSG_GT(episode.switches, 20, "of 600 draws at 10 %");
        NS_TEST_EXPECT_MSG_LT(episode.GetMetric("devices_on"), 1, "some are off");
        NS_TEST_EXPECT_MSG_EQ(episode.GetTasks(), episode.GetMetric("tasks_arrived"), "all tasks ended");
        NS_TEST_EXPECT_MSG_GT(episode.accounts->GetEnded(TaskEnd::DEVICE_OFF), 0, "in the middle of something");
        NS_TEST_EXPECT_MSG_GT(episode.GetMetric("completion_ratio"), 0.5, "the others go on");
        NS_TEST_EXPECT_MSG_EQ(episode.world->GetLedger().GetUnresolved(), 0, "nothing stays behind");
    }
};

class EdgeCloudTestSuite : public TestSuite
{
  public:
    EdgeCloudTestSuite()
        : TestSuite("ns3marl-edge-cloud", Type::SYSTEM)
    {
        AddTestCase(new ExogenousWorld, TestCase::Duration::QUICK);
        AddTestCase(new Places, TestCase::Duration::QUICK);
        AddTestCase(new ByWork, TestCase::Duration::QUICK);
        AddTestCase(new Energy, TestCase::Duration::QUICK);
        AddTestCase(new FullBackhaul, TestCase::Duration::QUICK);
        AddTestCase(new Churn, TestCase::Duration::QUICK);
    }
};

const EdgeCloudTestSuite g_edgeCloudTestSuite;

} // namespace
