// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/compute-node.h"

#include "ns3/simulator.h"
#include "ns3/test.h"

#include <map>

using namespace ns3;
using namespace ns3::marl;

namespace
{

/// Jobs of 1e8, 2e8 and 1e8 cycles at 1 GHz: one after the other, at 0.1, 0.3 and 0.4 s.
class FirstComeFirstServed : public TestCase
{
  public:
    FirstComeFirstServed()
        : TestCase("jobs run one after the other")
    {
    }

  private:
    void DoRun() override
    {
        ComputeNode cpu(1e9, 1e-27);
        std::map<uint32_t, Time> ends;
        uint32_t id = 0;
        for (const double cycles : {1e8, 2e8, 1e8})
        {
            cpu.Submit(id, cycles, [&ends, id] { ends[id] = Simulator::Now(); });
            id++;
        }
        NS_TEST_EXPECT_MSG_EQ(cpu.GetBacklog(), Seconds(0.4), "work of all jobs");
        Simulator::Stop(Seconds(0.2));
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(cpu.GetBacklog(), Seconds(0.2), "what is left after 0.2 s");
        NS_TEST_EXPECT_MSG_EQ_TOL(cpu.GetExecutedCycles(), 2e8, 1, "executed after 0.2 s");
        NS_TEST_EXPECT_MSG_EQ(cpu.GetUnfinished(), 2, "one running, one waiting");
        Simulator::Stop(Seconds(1));
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(ends.at(0), Seconds(0.1), "end of the first job");
        NS_TEST_EXPECT_MSG_EQ(ends.at(1), Seconds(0.3), "end of the second job");
        NS_TEST_EXPECT_MSG_EQ(ends.at(2), Seconds(0.4), "end of the third job");
        Simulator::Destroy();
    }
};

/// The running job leaves after 0.05 of its 0.1 s: the next one starts at once, and the half that ran is paid for.
class AbandonedJob : public TestCase
{
  public:
    AbandonedJob()
        : TestCase("an abandoned job makes room and keeps its cost")
    {
    }

  private:
    void DoRun() override
    {
        ComputeNode cpu(1e9, 1e-27);
        bool hasFirstEnded = false;
        Time secondEnd;
        cpu.Submit(1, 1e8, [&] { hasFirstEnded = true; });
        cpu.Submit(2, 1e8, [&] { secondEnd = Simulator::Now(); });
        cpu.Submit(3, 1e8, [] {});
        Simulator::Schedule(Seconds(0.05), [&] {
            cpu.Abandon(1);
            cpu.Abandon(3);
            cpu.Abandon(99);
        });
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(hasFirstEnded, false, "the abandoned job");
        NS_TEST_EXPECT_MSG_EQ(secondEnd, Seconds(0.15), "the next job");
        NS_TEST_EXPECT_MSG_EQ_TOL(cpu.GetExecutedCycles(), 1.5e8, 1, "half a job and a whole one");
        NS_TEST_EXPECT_MSG_EQ_TOL(cpu.GetEnergyJ(), 0.15, 1e-9, "kappa f^2 c = 1e-27 1e18 1.5e8 J");
        Simulator::Destroy();
    }
};

/// Tran and Pompili (IEEE TVT 2019): 1000 Mcycles at 1 GHz with kappa 5e-27 take 1 s and 5 J.
class PublishedEnergy : public TestCase
{
  public:
    PublishedEnergy()
        : TestCase("time and energy of a published example")
    {
    }

  private:
    void DoRun() override
    {
        ComputeNode cpu(1e9, 5e-27);
        Time end;
        cpu.Submit(0, 1e9, [&] { end = Simulator::Now(); });
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(end, Seconds(1), "time");
        NS_TEST_EXPECT_MSG_EQ_TOL(cpu.GetEnergyJ(), 5, 1e-9, "energy");
        Simulator::Destroy();
    }
};

class ComputeNodeTestSuite : public TestSuite
{
  public:
    ComputeNodeTestSuite()
        : TestSuite("ns3marl-compute-node", Type::UNIT)
    {
        AddTestCase(new FirstComeFirstServed, TestCase::Duration::QUICK);
        AddTestCase(new AbandonedJob, TestCase::Duration::QUICK);
        AddTestCase(new PublishedEnergy, TestCase::Duration::QUICK);
    }
};

const ComputeNodeTestSuite g_computeNodeTestSuite;

} // namespace
