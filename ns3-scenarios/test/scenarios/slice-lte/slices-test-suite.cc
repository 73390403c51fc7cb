// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "ns3/simulator.h"
#include "ns3/test.h"

#include <map>
#include <vector>

#include "scenarios/slice-lte/accounts.h"
#include "scenarios/slice-lte/ledger.h"
#include "scenarios/slice-lte/settings.h"
#include "scenarios/slice-lte/slice-cpu.h"
#include "scenarios/slice-lte/slice-ffr.h"
#include "scenarios/slice-lte/slice-status.h"

using namespace ns3;
using namespace ns3::marl::slice_lte;

namespace
{

/// What a scheduler asks of it, with its own eyes.
class Asked : public SliceFfr
{
  public:
    void PassSubframes(uint32_t subframes)
    {
        for (uint32_t i = 0; i < subframes; i++)
        {
            DoGetAvailableDlRbg();
        }
    }

    /// \return how many of the 12 RBGs of the last subframe the UE may use
    uint32_t Count(uint16_t rnti)
    {
        uint32_t count = 0;
        for (int rbg = 0; rbg < 12; rbg++)
        {
            count += DoIsDlRbgAvailableForUe(rbg, rnti);
        }
        return count;
    }
};

/// 25 RB are 12 groups. Shares of 0.5, 0.3 and 0.1 are 6, 3.6 and 1.2 of them: 6 in each subframe, 3 or 4, and 1 or 2.
class SharesHold : public TestCase
{
  public:
    SharesHold()
        : TestCase("slices hold their shares, whatever fraction of a group they are")
    {
    }

  private:
    void DoRun() override
    {
        const auto ffr = CreateObject<Asked>();
        ffr->SetDlBandwidth(25);
        ffr->SetUp(3, 10, [](uint32_t) { return true; });
        for (uint16_t slice = 0; slice < 3; slice++)
        {
            ffr->SetSlice(slice + 1, slice);
        }
        ffr->SetPolicy({0.5, 0.3, 0.1}, {true, true, true});
        ffr->PassSubframes(1000);
        const auto held = ffr->TakeHeldShares();
        NS_TEST_EXPECT_MSG_EQ_TOL(held[0], 0.5, 1e-4, "share of slice 0");
        NS_TEST_EXPECT_MSG_EQ_TOL(held[1], 0.3, 1e-4, "share of slice 1");
        NS_TEST_EXPECT_MSG_EQ_TOL(held[2], 0.1, 1e-4, "share of slice 2");
        for (uint32_t i = 0; i < 20; i++)
        {
            ffr->PassSubframes(1);
            NS_TEST_EXPECT_MSG_EQ(ffr->Count(1), 6, "groups of slice 0");
            NS_TEST_EXPECT_MSG_EQ((ffr->Count(2) == 3 || ffr->Count(2) == 4), true, "groups of slice 1");
            NS_TEST_EXPECT_MSG_EQ((ffr->Count(3) == 1 || ffr->Count(3) == 2), true, "groups of slice 2");
            NS_TEST_EXPECT_MSG_EQ(ffr->Count(9), 12, "groups of a UE without a slice");
        }
    }
};

/// Slice 2 has nothing to send: what it lends goes to 0 and 1 as 2 to 1, and comes back when the lending period is over.
class IdleSharesAreLent : public TestCase
{
  public:
    IdleSharesAreLent()
        : TestCase("idle shares are lent for a lending period")
    {
    }

  private:
    void DoRun() override
    {
        bool busy = false; // slice 2
        const auto ffr = CreateObject<Asked>();
        ffr->SetDlBandwidth(25);
        ffr->SetUp(3, 100, [&busy](uint32_t slice) { return slice < 2 || busy; });
        ffr->SetPolicy({0.4, 0.2, 0.4}, {false, false, true});
        ffr->PassSubframes(50);
        busy = true;
        ffr->PassSubframes(50);
        auto held = ffr->TakeHeldShares();
        NS_TEST_EXPECT_MSG_EQ_TOL(held[0], 0.4 + 0.4 * 2 / 3, 2e-3, "share of the first borrower");
        NS_TEST_EXPECT_MSG_EQ_TOL(held[1], 0.2 + 0.4 / 3, 2e-3, "share of the second one");
        NS_TEST_EXPECT_MSG_EQ(held[2], 0, "share of the lender");
        ffr->PassSubframes(100);
        held = ffr->TakeHeldShares();
        NS_TEST_EXPECT_MSG_EQ_TOL(held[2], 0.4, 2e-3, "share of the lender, once it has something to send");
    }
};

/// 1e8 cycles at 1e9 Hz take 0.1 s. The rate falls to a quarter at 0.15 s, in the middle of the second job, which then
/// needs 0.2 s more. The third one may begin until 0.3 s and cannot.
class RateChanges : public TestCase
{
  public:
    RateChanges()
        : TestCase("a running job goes on at the new rate, and one that waited too long is dropped")
    {
    }

  private:
    void DoRun() override
    {
        std::map<uint32_t, std::pair<Time, bool>> ends;
        SliceCpu cpu([&ends](uint32_t job, bool done) { ends[job] = {Simulator::Now(), done}; });
        cpu.SetRate(1e9);
        for (const uint32_t job : {0, 1, 2})
        {
            cpu.Submit(job, 1e8, Seconds(0.3));
        }
        Simulator::Schedule(Seconds(0.15), &SliceCpu::SetRate, &cpu, 0.25e9);
        Simulator::Schedule(Seconds(0.25), [this, &cpu] {
            NS_TEST_EXPECT_MSG_EQ_TOL(cpu.GetBacklogCycles(), 1.25e8, 1, "a quarter of the second job, and the third");
            const double executed = cpu.TakeExecutedCycles();
            NS_TEST_EXPECT_MSG_EQ_TOL(executed, 1.75e8, 1, "until 0.25 s");
        });
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(ends.at(0).first, Seconds(0.1), "end of the first job");
        NS_TEST_EXPECT_MSG_EQ(ends.at(1).first, Seconds(0.35), "end of the second job");
        NS_TEST_EXPECT_MSG_EQ(ends.at(2).first, Seconds(0.35), "end of the third job");
        NS_TEST_EXPECT_MSG_EQ((ends.at(0).second && ends.at(1).second && !ends.at(2).second), true, "what was done");
        NS_TEST_EXPECT_MSG_EQ_TOL(cpu.GetBacklogCycles(), 0, 1, "left");
        Simulator::Destroy();
    }
};

/// 20 jobs created, 18 in time and 1 missed. eMBB: 18 of 20. URLLC: 1 of 19 is late where 1 of 10 is worth nothing. mMTC: 18 of 19.
class IntervalsAreWorthWhatTheAgreementSays : public TestCase
{
  public:
    IntervalsAreWorthWhatTheAgreementSays()
        : TestCase("each slice is satisfied by its own measure, and pays for what it holds")
    {
    }

  private:
    void DoRun() override
    {
        Settings settings;
        settings.urllcTolerance = 0.1;
        settings.radioPrice = 0.2;
        settings.cpuPrice = 0.3;
        const Ledger ledger(settings.services);
        const Accounts accounts(settings, ledger);
        Ledger::Count jobs;
        for (const auto slice : ALL_SLICES)
        {
            NS_TEST_EXPECT_MSG_EQ(accounts.GetSatisfaction(slice, jobs), 1, "without jobs");
        }
        jobs.created = 20;
        jobs.inTime = 18;
        jobs.missed = 1;
        NS_TEST_EXPECT_MSG_EQ_TOL(accounts.GetSatisfaction(EMBB, jobs), 18.0 / 20, 1e-12, "eMBB");
        NS_TEST_EXPECT_MSG_EQ_TOL(accounts.GetSatisfaction(URLLC, jobs), 1 - 10.0 / 19, 1e-12, "URLLC");
        NS_TEST_EXPECT_MSG_EQ_TOL(accounts.GetSatisfaction(MMTC, jobs), 18.0 / 19, 1e-12, "mMTC");
        jobs.missed = 18;
        NS_TEST_EXPECT_MSG_EQ(accounts.GetSatisfaction(URLLC, jobs), 0, "URLLC beyond its tolerance");
        jobs.created = 10;
        NS_TEST_EXPECT_MSG_EQ(accounts.GetSatisfaction(EMBB, jobs), 1, "eMBB with jobs of the interval before");

        SliceStatus status;
        status.satisfaction = 0.9;
        status.radioHeld = 0.5;
        status.cpuShare = 0.25;
        NS_TEST_EXPECT_MSG_EQ_TOL(accounts.GetReward(status), 100 * (0.9 - 0.1 - 0.075), 1e-9, "reward");
    }
};

class SliceLteTestSuite : public TestSuite
{
  public:
    SliceLteTestSuite()
        : TestSuite("ns3marl-slice-lte", Type::UNIT)
    {
        AddTestCase(new SharesHold, TestCase::Duration::QUICK);
        AddTestCase(new IdleSharesAreLent, TestCase::Duration::QUICK);
        AddTestCase(new RateChanges, TestCase::Duration::QUICK);
        AddTestCase(new IntervalsAreWorthWhatTheAgreementSays, TestCase::Duration::QUICK);
    }
};

SliceLteTestSuite g_sliceLteTestSuite;

} // namespace
