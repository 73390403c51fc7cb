// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/task-ledger.h"

#include "ns3/simulator.h"
#include "ns3/test.h"

#include <string>
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
        Simulator::Schedule(MilliSeconds(10), [&] { ledger.Note(inTime, &Task::localEnd); });
        Simulator::Schedule(MilliSeconds(20), [&] { ledger.Note(partial, &Task::localEnd); });
        Simulator::Schedule(MilliSeconds(45), [&] {
            ledger.Note(late, &Task::resultTime);
            ledger.CheckConservation();
        });
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(ended.size(), 3, "tasks ended");
        NS_TEST_EXPECT_MSG_EQ(ended[0].id, inTime, "first");
        NS_TEST_EXPECT_MSG_EQ(ended[0].end, MilliSeconds(10), "at its only part");
        NS_TEST_EXPECT_MSG_EQ(marl::GetName(ended[0].outcome), "completed", "outcome");
        NS_TEST_EXPECT_MSG_EQ(ended[1].id, late, "second");
        NS_TEST_EXPECT_MSG_EQ(ended[1].end, MilliSeconds(40), "at its deadline");
        NS_TEST_EXPECT_MSG_EQ(marl::GetName(ended[1].outcome), "uplink_expired", "outcome");
        NS_TEST_EXPECT_MSG_EQ(ended[2].id, partial, "third");
        NS_TEST_EXPECT_MSG_EQ(ended[2].end, MilliSeconds(60), "at its deadline: one part of two");
        NS_TEST_EXPECT_MSG_EQ(ledger.GetEnded(), ledger.GetOpened(), "all ended");
        NS_TEST_EXPECT_MSG_EQ((ledger.Find(late) == nullptr), true, "ended tasks are forgotten");
        Simulator::Destroy();
    }
};

/// Four tasks of 10 fragments: lost in the radio, never on the air, refused by a server that is down, cut off by an empty
/// battery; and one that is still under way.
class Fragments : public TestCase
{
  public:
    Fragments()
        : TestCase("every fragment is accounted for, and tells why its task failed")
    {
    }

  private:
    void DoRun() override
    {
        std::vector<Task> ended;
        TaskLedger ledger([&](const Task& task) { ended.push_back(task); });
        std::vector<uint32_t> ids;
        for (int64_t deadlineMs : {40, 50, 60, 70, 900})
        {
            auto task = MakeTask(deadlineMs);
            task.device = deadlineMs == 70 ? 4 : 3;
            ids.push_back(ledger.Open(task));
            ledger.NoteDecision(ids.back(), {OffloadingMode::FULL, 0, 0, 0, 1});
            ledger.NoteSent(ids.back(), 10);
        }
        Simulator::Schedule(MilliSeconds(5), [&] { ledger.NoteOnAir(ids[0], 6, 0, MilliSeconds(2)); });
        Simulator::Schedule(MilliSeconds(8), [&] {
            ledger.NoteOnAir(ids[0], 1, 3, MilliSeconds(1));
            ledger.NoteOnAir(ids[2], 10, 0, MilliSeconds(3));
            ledger.NoteOnAir(ids[4], 4, 0, MilliSeconds(1));
            for (int i = 0; i < 4; i++)
            {
                ledger.NoteFragment(ids[0], true);
                ledger.NoteFragment(ids[2], i < 3);
                ledger.NoteFragment(ids[4], true);
            }
        });
        Simulator::Schedule(MilliSeconds(55), [&] { ledger.NoteDeath(4); });
        Simulator::Stop(MilliSeconds(100));
        Simulator::Run();
        ledger.CheckConservation();
        NS_TEST_ASSERT_MSG_EQ(ended.size(), 4, "tasks ended");
        const std::vector<std::string> outcomes{"uplink_lost", "uplink_expired", "device_dead", "server_failed"};
        for (std::size_t i = 0; i < outcomes.size(); i++)
        {
            NS_TEST_EXPECT_MSG_EQ(marl::GetName(ended[i].outcome), outcomes[i], "outcome of number " << i);
            NS_TEST_EXPECT_MSG_EQ(ledger.GetEnded(ended[i].outcome), 1, "tasks of this outcome");
        }
        NS_TEST_EXPECT_MSG_EQ(ended[0].firstOnAir, MilliSeconds(5), "first transmission");
        NS_TEST_EXPECT_MSG_EQ(ended[0].airTime, MilliSeconds(3), "two transmissions");
        NS_TEST_EXPECT_MSG_EQ(ended[0].retries, 3, "fragments sent again");
        NS_TEST_EXPECT_MSG_EQ(ended[2].end, MilliSeconds(55), "at the death of the device");
        const auto totals = ledger.GetFragments();
        NS_TEST_EXPECT_MSG_EQ(totals.sent, 50, "sent");
        NS_TEST_EXPECT_MSG_EQ(totals.received, 4 + 3 + 4, "received");
        NS_TEST_EXPECT_MSG_EQ(totals.refused, 1, "refused");
        NS_TEST_EXPECT_MSG_EQ(totals.lost, 3 + 6, "lost: of 7 on the air 4 arrived, of 10 another 4");
        NS_TEST_EXPECT_MSG_EQ(totals.expired, 3 + 10 + 10, "expired");
        NS_TEST_EXPECT_MSG_EQ(totals.onTheWay, 6, "on the way");
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
        AddTestCase(new Fragments, TestCase::Duration::QUICK);
    }
};

const TaskLedgerTestSuite g_taskLedgerTestSuite;

} // namespace
