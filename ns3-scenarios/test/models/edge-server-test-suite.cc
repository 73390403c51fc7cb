// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/edge-server.h"

#include "ns3/double.h"
#include "ns3/random-variable-stream.h"
#include "ns3/simulator.h"
#include "ns3/test.h"

#include <cmath>
#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

constexpr double RATE_HZ = 1e9;

EdgeJob
MakeJob(uint32_t id, double cycles, int64_t expiryMs, bool premium = false)
{
    return {id, cycles, MilliSeconds(expiryMs), MilliSeconds(expiryMs), premium, {}};
}

/// Job 0 runs; meanwhile jobs 1, 2 and 3 wait.
class Order : public TestCase
{
  public:
    Order(const std::string& name, Discipline discipline, std::vector<uint32_t> expected)
        : TestCase(name),
          m_discipline(discipline),
          m_expected(std::move(expected))
    {
    }

  private:
    void DoRun() override
    {
        EdgeServer server(RATE_HZ, m_discipline, {});
        std::vector<uint32_t> done;
        server.SetDoneCallback([&](const EdgeJob& job) { done.push_back(job.id); });
        server.Submit(MakeJob(0, 1e7, 100));
        server.Submit(MakeJob(1, 1e7, 90));
        server.Submit(MakeJob(2, 1e7, 80));
        server.Submit(MakeJob(3, 1e7, 95, true)); // latest deadline, but premium
        NS_TEST_EXPECT_MSG_EQ(server.GetWaiting(), 3, "waiting behind the first");
        NS_TEST_EXPECT_MSG_EQ(server.GetBacklog(), MilliSeconds(40), "work of four jobs");
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(done.size(), m_expected.size(), "all jobs done");
        for (std::size_t i = 0; i < done.size(); i++)
        {
            NS_TEST_EXPECT_MSG_EQ(done[i], m_expected[i], "job number " << i);
        }
        Simulator::Destroy();
    }

    Discipline m_discipline;
    std::vector<uint32_t> m_expected;
};

/// 50 ms of work each. Job 0 ends in time, job 1 expires while it waits, job 2 while it runs; job 3 came too late.
class Expiry : public TestCase
{
  public:
    Expiry()
        : TestCase("expired jobs are dropped, waiting or running")
    {
    }

  private:
    void DoRun() override
    {
        EdgeServer server(RATE_HZ, Discipline::DEADLINE, {});
        std::vector<uint32_t> started;
        std::vector<uint32_t> done;
        server.SetStartedCallback([&](uint32_t id) { started.push_back(id); });
        server.SetDoneCallback([&](const EdgeJob& job) { done.push_back(job.id); });
        server.Submit(MakeJob(0, 5e7, 60));
        server.Submit(MakeJob(1, 5e7, 40));
        server.Submit(MakeJob(2, 5e7, 80));
        Simulator::Schedule(MilliSeconds(90), [&] { server.Submit(MakeJob(3, 5e7, 90)); });
        Simulator::Stop(MilliSeconds(100));
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(done.size(), 1, "jobs done");
        NS_TEST_EXPECT_MSG_EQ(done[0], 0, "the one in time");
        NS_TEST_ASSERT_MSG_EQ(started.size(), 2, "jobs started");
        NS_TEST_EXPECT_MSG_EQ(started[1], 2, "the one that expires while it runs");
        NS_TEST_EXPECT_MSG_EQ(server.GetExpired(), 3, "jobs dropped");
        NS_TEST_EXPECT_MSG_EQ(server.GetBusyTime(), MilliSeconds(80), "50 ms and 30 ms of a job that was stopped");
        const auto interval = server.TakeInterval();
        NS_TEST_EXPECT_MSG_EQ_TOL(interval.utilisation, 0.8, 1e-9, "80 of 100 ms");
        NS_TEST_EXPECT_MSG_EQ(interval.meanWait, MilliSeconds(25), "0 and 50 ms");
        NS_TEST_EXPECT_MSG_EQ(interval.received, 4, "jobs that came");
        NS_TEST_EXPECT_MSG_EQ(server.TakeInterval().received, 0, "a new interval begins");
        Simulator::Destroy();
    }
};

/// A server that fails drops what runs and what waits, once; it works on afterwards.
class Drop : public TestCase
{
  public:
    Drop()
        : TestCase("a server that fails drops its jobs")
    {
    }

  private:
    void DoRun() override
    {
        EdgeServer server(RATE_HZ, Discipline::DEADLINE, {});
        std::vector<uint32_t> done;
        server.SetDoneCallback([&](const EdgeJob& job) { done.push_back(job.id); });
        server.Submit(MakeJob(0, 5e7, 200));
        server.Submit(MakeJob(1, 5e7, 100));
        Simulator::Schedule(MilliSeconds(20), [&] {
            NS_TEST_EXPECT_MSG_EQ((server.Drop() == std::vector<uint32_t>{0, 1}), true, "running, then waiting");
            NS_TEST_EXPECT_MSG_EQ(server.Drop().size(), 0, "nothing is left");
            server.Submit(MakeJob(2, 5e7, 200));
            server.CheckConservation();
        });
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ((done == std::vector<uint32_t>{2}), true, "jobs done");
        NS_TEST_EXPECT_MSG_EQ(server.GetDropped(), 2, "jobs dropped");
        NS_TEST_EXPECT_MSG_EQ(server.GetExpired(), 0, "dropped jobs do not expire later");
        NS_TEST_EXPECT_MSG_EQ(server.GetBusyTime(), MilliSeconds(70), "20 ms of the dropped job, 50 of the other");
        server.CheckConservation();
        Simulator::Destroy();
    }
};

/// 50 ms of work at 1 GHz: after 20 ms at that rate the other 30 take 60 at half of it. The rate while nothing runs counts from the next job on.
class RateChange : public TestCase
{
  public:
    RateChange()
        : TestCase("a running job goes on at the new rate")
    {
    }

  private:
    void DoRun() override
    {
        EdgeServer server(RATE_HZ, Discipline::DEADLINE, {});
        std::vector<Time> done;
        server.SetDoneCallback([&](const EdgeJob&) { done.push_back(Simulator::Now()); });
        server.Submit(MakeJob(0, 5e7, 1000));
        server.Submit(MakeJob(1, 4e7, 1000));
        Simulator::Schedule(MilliSeconds(20), [&] {
            server.SetRate(RATE_HZ / 2);
            NS_TEST_EXPECT_MSG_EQ(server.GetBacklog(), MilliSeconds(140), "30 and 40 ms of work, at half the rate");
        });
        Simulator::Schedule(MilliSeconds(50), [&] {
            NS_TEST_EXPECT_MSG_EQ(server.GetBacklog(), MilliSeconds(110), "30 ms less");
            server.SetRate(RATE_HZ / 2); // the same again changes nothing
            NS_TEST_EXPECT_MSG_EQ(server.GetBacklog(), MilliSeconds(110), "as before");
        });
        Simulator::Schedule(MilliSeconds(300), [&] {
            server.SetRate(2 * RATE_HZ);
            server.Submit(MakeJob(2, 1e8, 1000));
        });
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(done.size(), 3, "jobs done");
        NS_TEST_EXPECT_MSG_EQ(done[0], MilliSeconds(80), "20 + 60 ms");
        NS_TEST_EXPECT_MSG_EQ(done[1], MilliSeconds(160), "80 ms at half the rate");
        NS_TEST_EXPECT_MSG_EQ(done[2], MilliSeconds(350), "50 ms at twice the rate");
        NS_TEST_EXPECT_MSG_EQ(server.GetBusyTime(), MilliSeconds(210), "of all three");
        NS_TEST_EXPECT_MSG_EQ(server.GetRateHz(), 2 * RATE_HZ, "the last rate");
        server.CheckConservation();
        Simulator::Destroy();
    }
};

/// M/D/1 at rho = 0.5: the mean wait is rho / (2 mu (1 - rho)) = 0.5 service times. With 40 000 jobs its standard error is
/// about 0.008; the tolerance is 4 of them.
class PollaczekKhinchine : public TestCase
{
  public:
    PollaczekKhinchine()
        : TestCase("mean wait of Poisson arrivals and equal jobs")
    {
    }

  private:
    void DoRun() override
    {
        constexpr uint32_t JOBS = 40000;
        constexpr double SERVICE_S = 0.001;
        EdgeServer server(RATE_HZ, Discipline::DEADLINE, {});
        const auto gap = CreateObject<ExponentialRandomVariable>();
        gap->SetStream(77);
        gap->SetAttribute("Mean", DoubleValue(SERVICE_S / 0.5));
        double arrivalS = 0;
        for (uint32_t id = 0; id < JOBS; id++)
        {
            arrivalS += gap->GetValue();
            Simulator::Schedule(Seconds(arrivalS), [&server, id] {
                // the same allowance for all, so the earliest deadline is the first that came
                server.Submit({id, RATE_HZ * SERVICE_S, Simulator::Now() + Seconds(10), Seconds(10), false, {}});
            });
        }
        Simulator::Run();
        const auto interval = server.TakeInterval();
        NS_TEST_EXPECT_MSG_EQ(server.GetExpired(), 0, "nothing expires");
        NS_TEST_EXPECT_MSG_EQ_TOL(interval.meanWait.GetSeconds() / SERVICE_S, 0.5, 0.032, "mean wait in service times");
        Simulator::Destroy();
    }
};

class EdgeServerTestSuite : public TestSuite
{
  public:
    EdgeServerTestSuite()
        : TestSuite("ns3marl-edge-server", Type::UNIT)
    {
        AddTestCase(new Order("earliest deadline first", Discipline::DEADLINE, {0, 2, 1, 3}),
                    TestCase::Duration::QUICK);
        AddTestCase(new Order("highest priority first", Discipline::PRIORITY, {0, 3, 2, 1}), TestCase::Duration::QUICK);
        AddTestCase(new Expiry, TestCase::Duration::QUICK);
        AddTestCase(new Drop, TestCase::Duration::QUICK);
        AddTestCase(new RateChange, TestCase::Duration::QUICK);
        AddTestCase(new PollaczekKhinchine, TestCase::Duration::QUICK);
    }
};

const EdgeServerTestSuite g_edgeServerTestSuite;

} // namespace
