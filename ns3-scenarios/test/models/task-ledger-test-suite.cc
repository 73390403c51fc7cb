// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/task-ledger.h"

#include "ns3/simulator.h"
#include "ns3/test.h"

#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

Task
MakeTask(int64_t deadlineMs)
{
    Task task;
    task.device = 3;
    task.arrival = Simulator::Now();
    task.parameters = {1000, 1000, MilliSeconds(deadlineMs), false};
    return task;
}

/// One task in time, one late, one whose result comes after the deadline.
class Lifecycle : public TestCase
{
  public:
    Lifecycle()
        : TestCase("a task ends once: at its last part, or at its deadline")
    {
    }

  private:
    void DoRun() override
    {
        std::vector<Task> ended;
        TaskLedger ledger([&](const Task& task) { ended.push_back(task); });
        const uint32_t inTime = ledger.Open(MakeTask(50));
        const uint32_t partial = ledger.Open(MakeTask(60));
        const uint32_t late = ledger.Open(MakeTask(40));
        ledger.NoteDecision(partial, {OffloadingMode::PARTIAL, 0, 0, 0, 0.5});
        ledger.NoteDecision(late, {OffloadingMode::FULL, 0, 0, 0, 1});
        NS_TEST_EXPECT_MSG_EQ(ledger.GetUnresolvedOf(3), 3, "unresolved tasks of the device");
        NS_TEST_EXPECT_MSG_EQ(ledger.GetUnresolvedOf(2), 0, "unresolved tasks of another device");
        Simulator::Schedule(MilliSeconds(10), [&] { ledger.NoteLocalEnd(inTime); });
        Simulator::Schedule(MilliSeconds(20), [&] { ledger.NoteLocalEnd(partial); });
        Simulator::Schedule(MilliSeconds(45), [&] {
            ledger.NoteResult(late);
            ledger.CheckConservation();
        });
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(ended.size(), 3, "tasks ended");
        NS_TEST_EXPECT_MSG_EQ(ended[0].id, inTime, "first");
        NS_TEST_EXPECT_MSG_EQ(ended[0].end, MilliSeconds(10), "at its only part");
        NS_TEST_EXPECT_MSG_EQ(marl::GetName(ended[0].outcome), "completed", "outcome");
        NS_TEST_EXPECT_MSG_EQ(ended[1].id, late, "second");
        NS_TEST_EXPECT_MSG_EQ(ended[1].end, MilliSeconds(40), "at its deadline");
        NS_TEST_EXPECT_MSG_EQ(marl::GetName(ended[1].outcome), "uplink_late", "outcome");
        NS_TEST_EXPECT_MSG_EQ(ended[2].id, partial, "third");
        NS_TEST_EXPECT_MSG_EQ(ended[2].end, MilliSeconds(60), "at its deadline: one part of two");
        NS_TEST_EXPECT_MSG_EQ(ledger.GetEnded(), ledger.GetOpened(), "all ended");
        NS_TEST_EXPECT_MSG_EQ((ledger.Find(late) == nullptr), true, "ended tasks are forgotten");
        Simulator::Destroy();
    }
};

class TaskLedgerTestSuite : public TestSuite
{
  public:
    TaskLedgerTestSuite()
        : TestSuite("ns3marl-task-ledger", Type::UNIT)
    {
        AddTestCase(new Lifecycle, TestCase::Duration::QUICK);
    }
};

const TaskLedgerTestSuite g_taskLedgerTestSuite;

} // namespace
