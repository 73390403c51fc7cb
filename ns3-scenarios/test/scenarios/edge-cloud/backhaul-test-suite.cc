// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "ns3/config.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/node-container.h"
#include "ns3/simulator.h"
#include "ns3/test.h"

#include <memory>
#include <vector>

#include "scenarios/edge-cloud/backhaul.h"

using namespace ns3;
using namespace ns3::marl;
using namespace ns3::marl::edge_cloud;

namespace
{

/// 8 Mb/s is 1 us for each byte, which makes times easy to compute.
const BackhaulSettings SLOW{DataRate(8'000'000), MilliSeconds(5), 100};

struct Arrival
{
    uint32_t gateway;
    EdgeJob job;
    Time time;
};

/// Two gateways and a cloud, without any radio.
class Wires
{
  public:
    explicit Wires(const BackhaulSettings& settings)
    {
        Config::Reset();
        NodeContainer gateways(2);
        InternetStackHelper internet;
        internet.SetIpv6StackInstall(false);
        internet.SetRoutingHelper(Ipv4StaticRoutingHelper());
        internet.Install(gateways);
        Backhaul::Callbacks callbacks;
        callbacks.job = [this](uint32_t gateway, const EdgeJob& job) {
            jobs.push_back({gateway, job, Simulator::Now()});
        };
        callbacks.result = [this](uint32_t gateway, const EdgeJob& job) {
            results.push_back({gateway, job, Simulator::Now()});
        };
        callbacks.report = [this](uint32_t gateway, const ServerStatus& status) {
            reportGateways.push_back(gateway);
            lastStatus = status;
        };
        backhaul =
            std::make_unique<Backhaul>(settings, std::vector<Ptr<Node>>{gateways.Get(0), gateways.Get(1)}, callbacks);
        backhaul->AssignStreams(1000);
    }

    ~Wires()
    {
        Simulator::Destroy();
    }

    std::unique_ptr<Backhaul> backhaul;
    std::vector<Arrival> jobs;
    std::vector<Arrival> results;
    std::vector<uint32_t> reportGateways;
    ServerStatus lastStatus;
};

EdgeJob
MakeJob(uint32_t id, uint32_t bytes, int64_t expiryMs = 1000)
{
    EdgeJob job;
    job.id = id;
    job.cycles = 1e8;
    job.expiry = MilliSeconds(expiryMs);
    job.deadline = job.expiry;
    job.sizeBytes = bytes;
    return job;
}

/// 3000 B go as 1400, 1400 and 200 B with 30 B of headers each: 3090 us on the wire and 5 ms to the other end. A second job of 100 B
/// waits for them, and the other gateway's link does not know of it.
class TimesByHand : public TestCase
{
  public:
    TimesByHand()
        : TestCase("serialisation, queueing and propagation by hand")
    {
    }

  private:
    void DoRun() override
    {
        Wires wires(SLOW);
        Simulator::Schedule(MilliSeconds(10), [&] {
            NS_TEST_EXPECT_MSG_EQ(wires.backhaul->SendJob(0, MakeJob(0, 3000)), 0, "dropped");
            NS_TEST_EXPECT_MSG_EQ(wires.backhaul->SendJob(0, MakeJob(1, 100)), 0, "dropped");
            NS_TEST_EXPECT_MSG_EQ(wires.backhaul->SendJob(1, MakeJob(2, 100)), 0, "dropped");
            NS_TEST_EXPECT_MSG_EQ(
                wires.backhaul->GetUp(0).GetQueuedBits(), 8 * (1430 + 230 + 130), "all but the fragment on the wire");
        });
        Simulator::Schedule(MilliSeconds(11), [&] {
            NS_TEST_EXPECT_MSG_EQ(wires.backhaul->GetUp(0).GetBusyTime(Simulator::Now()),
                                  MilliSeconds(1),
                                  "of a transmission that goes on");
            wires.backhaul->CheckConservation();
        });
        Simulator::Schedule(MilliSeconds(40), [&] { wires.backhaul->SendResult(0, MakeJob(0, 3000)); });
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(wires.jobs.size(), 3, "jobs at the cloud");
        NS_TEST_EXPECT_MSG_EQ(wires.jobs[0].time, MicroSeconds(15'130), "130 us and 5 ms");
        NS_TEST_EXPECT_MSG_EQ(wires.jobs[0].gateway, 1, "the other link is idle");
        NS_TEST_EXPECT_MSG_EQ(wires.jobs[1].time, MicroSeconds(18'090), "3090 us and 5 ms");
        NS_TEST_EXPECT_MSG_EQ(wires.jobs[1].job.id, 0, "first come first served");
        NS_TEST_EXPECT_MSG_EQ(wires.jobs[1].job.sizeBytes, 3000, "all bytes came");
        NS_TEST_EXPECT_MSG_EQ(wires.jobs[1].job.cycles, 1e8, "and the work");
        NS_TEST_EXPECT_MSG_EQ(wires.jobs[2].time, MicroSeconds(18'220), "130 us later");
        NS_TEST_ASSERT_MSG_EQ(wires.results.size(), 1, "results at the gateway");
        NS_TEST_EXPECT_MSG_EQ(wires.results[0].time, MicroSeconds(45'230), "200 + 30 B and 5 ms");
        NS_TEST_EXPECT_MSG_EQ(wires.results[0].gateway, 0, "where the job came from");
        NS_TEST_EXPECT_MSG_EQ(
            wires.backhaul->GetUp(0).GetBusyTime(Simulator::Now()), MicroSeconds(3090 + 130), "of both jobs");
        wires.backhaul->CheckConservation();
    }
};

/// Behind the fragment on the wire three have room: 20 fragments lose 16, and the job is never complete.
class DropTail : public TestCase
{
  public:
    DropTail()
        : TestCase("a full queue drops what comes")
    {
    }

  private:
    void DoRun() override
    {
        Wires wires({DataRate(8'000'000), MilliSeconds(5), 3});
        Simulator::Schedule(MilliSeconds(10), [&] {
            NS_TEST_EXPECT_MSG_EQ(wires.backhaul->SendJob(0, MakeJob(0, 20 * 1400)), 16, "dropped");
            wires.backhaul->CheckConservation();
        });
        Simulator::Schedule(MilliSeconds(100), [&] { wires.backhaul->SendJob(0, MakeJob(1, 1400)); });
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(wires.jobs.size(), 1, "jobs at the cloud");
        NS_TEST_EXPECT_MSG_EQ(wires.jobs[0].job.id, 1, "the one that had room");
        NS_TEST_EXPECT_MSG_EQ(wires.backhaul->GetUp(0).GetDropped(), 16, "fragments");
        wires.backhaul->CheckConservation();
    }
};

/// A job that is not complete by its expiry does not reach the cloud's computer.
class ExpiresOnTheWay : public TestCase
{
  public:
    ExpiresOnTheWay()
        : TestCase("a job expires on the way")
    {
    }

  private:
    void DoRun() override
    {
        Wires wires(SLOW);
        Simulator::Schedule(MilliSeconds(10), [&] {
            wires.backhaul->SendJob(0, MakeJob(0, 3000, 18)); // it would be there at 18.09 ms
            wires.backhaul->SendJob(1, MakeJob(1, 3000, 19));
        });
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(wires.jobs.size(), 1, "jobs at the cloud");
        NS_TEST_EXPECT_MSG_EQ(wires.jobs[0].job.id, 1, "the one in time");
        wires.backhaul->CheckConservation();
    }
};

class Reports : public TestCase
{
  public:
    Reports()
        : TestCase("the cloud's report reaches every gateway")
    {
    }

  private:
    void DoRun() override
    {
        Wires wires(SLOW);
        ServerStatus status;
        status.rateHz = 1e10;
        status.meanWait = MilliSeconds(7);
        Simulator::Schedule(MilliSeconds(10), [&] { wires.backhaul->SendReport(status); });
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ((wires.reportGateways == std::vector<uint32_t>{0, 1}), true, "gateways");
        NS_TEST_EXPECT_MSG_EQ(wires.lastStatus.meanWait, MilliSeconds(7), "wait");
        NS_TEST_EXPECT_MSG_EQ(wires.lastStatus.rateHz, 1e10, "rate");
    }
};

class BackhaulTestSuite : public TestSuite
{
  public:
    BackhaulTestSuite()
        : TestSuite("ns3marl-edge-cloud-backhaul", Type::SYSTEM)
    {
        AddTestCase(new TimesByHand, TestCase::Duration::QUICK);
        AddTestCase(new DropTail, TestCase::Duration::QUICK);
        AddTestCase(new ExpiresOnTheWay, TestCase::Duration::QUICK);
        AddTestCase(new Reports, TestCase::Duration::QUICK);
    }
};

const BackhaulTestSuite g_backhaulTestSuite;

} // namespace
