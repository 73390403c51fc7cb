// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/edge-gateway.h"
#include "models/edge-server.h"
#include "models/energy-meter.h"
#include "models/expiring-send.h"
#include "models/offload-client.h"
#include "models/radio-network.h"
#include "models/task-ledger.h"

#include "ns3/config.h"
#include "ns3/simulator.h"
#include "ns3/test.h"
#include "ns3/wifi-mac.h"
#include "ns3/wifi-phy-state-helper.h"
#include "ns3/wifi-phy.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

constexpr uint8_t VIDEO_TID = 5;

/// One device and one server on two channels, over real packets.
class Pair
{
  public:
    /// \param distanceM between the two \param rateHz of the server \param place EdgeGateway::Callbacks::place
    Pair(double distanceM, double rateHz, const std::function<void(const EdgeJob&)>& place = {})
    {
        Config::Reset();
        RadioNetwork::SetAttributeDefaults();
        RadioSettings settings;
        settings.channels = 2;
        settings.tids = {0, VIDEO_TID};
        network = std::make_unique<RadioNetwork>(
            settings, std::vector<Vector>{{0, 0, 1.5}}, std::vector<Vector>{{distanceM, 0, 1.5}});
        network->AssignStreams(1000); // the fading is not started: gains stay at 0 dB
        ledger = std::make_unique<TaskLedger>([this](const Task& task) {
            client->Forget(task.id);
            ended.push_back(task);
        });
        server = std::make_unique<EdgeServer>(rateHz, Discipline::DEADLINE, PriorityWeights{});
        EdgeGateway::Callbacks atServer;
        atServer.fragment = [this](uint32_t id, bool accepted) { ledger->NoteFragment(id, accepted); };
        atServer.received = [this](uint32_t id) { ledger->Note(id, &Task::uplinkEnd); };
        atServer.dropped = [this](uint32_t id) { ledger->NoteServerFailure(id); };
        atServer.place = place;
        gateway = std::make_unique<EdgeGateway>(*network, 0, *server, atServer);
        server->SetStartedCallback([this](uint32_t id) { ledger->Note(id, &Task::computeStart); });
        server->SetDoneCallback([this](const EdgeJob& job) {
            ledger->Note(job.id, &Task::computeEnd);
            gateway->SendResult(job);
        });
        meter = std::make_unique<EnergyMeter>(ModemPower{}, Time(0));
        OffloadClient::Callbacks callbacks;
        callbacks.result = [this](uint32_t id) { ledger->Note(id, &Task::resultTime); };
        callbacks.onAir = [this](uint32_t id, uint32_t first, uint32_t again, const Time& duration) {
            ledger->NoteOnAir(id, first, again, duration);
        };
        callbacks.status = [this](const ServerStatus& status, double snrDb) {
            heardSnrDb.push_back(snrDb);
            lastStatus = status;
        };
        callbacks.snrDb = [this](uint32_t) { return network->GetSnrDb(0, 0); };
        callbacks.tuned = [this](uint32_t channel) { meter->Tune(channel); };
        client = std::make_unique<OffloadClient>(*network, 0, true, callbacks);
        for (uint32_t channel = 0; channel < 2; channel++)
        {
            const auto phy = network->GetDeviceRadio(0, channel)->GetPhy();
            meter->Connect(channel, phy);
            phy->TraceConnectWithoutContext("PhyTxPsduBegin",
                                            Callback<void, WifiConstPsduMap, WifiTxVector, double>(
                                                [this](WifiConstPsduMap, WifiTxVector vector, double powerW) {
                                                    if (vector.GetModulationClass() == WIFI_MOD_CLASS_HE)
                                                    {
                                                        transmissions.push_back(
                                                            {vector.GetMode().GetMcsValue(), powerW});
                                                    }
                                                }));
            phy->GetState()->TraceConnectWithoutContext(
                "State",
                Callback<void, Time, Time, WifiPhyState>([this](Time /* start */, Time duration, WifiPhyState state) {
                    if (state == WifiPhyState::TX)
                    {
                        transmitTime += duration;
                    }
                }));
        }
    }

    ~Pair()
    {
        Simulator::Destroy();
    }

    /// A task of 28 000 B, 20 fragments, that is decided now.
    uint32_t Offload(int64_t deadlineMs, uint32_t channel, double powerDbm, uint8_t tid = 0)
    {
        Task task;
        task.arrival = Simulator::Now();
        task.parameters = {28000, 1000, MilliSeconds(deadlineMs), false};
        const uint32_t id = ledger->Open(task);
        ledger->NoteDecision(id, {OffloadingMode::FULL, 0, channel, powerDbm, 1});
        client->Accept(*ledger->Find(id));
        ledger->Note(id, &Task::uplinkStart);
        const uint32_t sent = client->Send(*ledger->Find(id), tid);
        ledger->NoteSent(id, sent);
        fragments += sent;
        return id;
    }

    /// \return fragments that wait at the device
    uint32_t GetQueued(uint32_t channel) const
    {
        const auto peer = network->GetServerRadio(0, channel)->GetMac()->GetAddress();
        return RadioNetwork::GetQueue(network->GetDeviceRadio(0, channel), 0)
            ->GetNPackets({WIFI_QOSDATA_QUEUE, WIFI_UNICAST, peer, 0});
    }

    /// \return frames of any kind that wait at the device
    uint32_t GetQueuedFrames(uint32_t channel) const
    {
        return RadioNetwork::GetQueue(network->GetDeviceRadio(0, channel), 0)->GetNPackets();
    }

    struct Transmission
    {
        uint8_t mcs;
        double powerW;
    };

    std::unique_ptr<RadioNetwork> network;
    std::unique_ptr<TaskLedger> ledger;
    std::unique_ptr<EdgeServer> server;
    std::unique_ptr<EdgeGateway> gateway;
    std::unique_ptr<EnergyMeter> meter;
    std::unique_ptr<OffloadClient> client;
    std::vector<Task> ended;
    std::vector<double> heardSnrDb;
    ServerStatus lastStatus;
    std::vector<Transmission> transmissions; ///< of data
    Time transmitTime;
    uint32_t fragments{0};
};

/// At 40 m and 30 dBm the SNR is 30 - 46.68 - 30 log10 40 + 93.97 = 29.2 dB; minus 2 dB that is MCS 7, 86 Mb/s. 20
/// fragments of 1400 B and headers then take about 2.7 ms in one A-MPDU, the server 22.4 ms, the result well below 1 ms.
class Completes : public TestCase
{
  public:
    Completes()
        : TestCase("a task completes over the air")
    {
    }

  private:
    void DoRun() override
    {
        Pair pair(40, 10e9);
        Simulator::Schedule(MilliSeconds(10), [&] { pair.Offload(100, 1, 30); });
        Simulator::Stop(MilliSeconds(200));
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(pair.ended.size(), 1, "tasks ended");
        const auto& task = pair.ended[0];
        NS_TEST_EXPECT_MSG_EQ(marl::GetName(task.outcome), "completed", "outcome");
        NS_TEST_EXPECT_MSG_EQ(pair.fragments, 20, "fragments sent");
        NS_TEST_EXPECT_MSG_EQ(pair.gateway->GetFragmentsReceived(), 20, "fragments received");
        NS_TEST_EXPECT_MSG_EQ_TOL((task.uplinkEnd - task.uplinkStart).GetSeconds(), 2.8e-3, 0.3e-3, "uplink");
        NS_TEST_EXPECT_MSG_EQ(
            (task.computeEnd - task.computeStart), MilliSeconds(22) + MicroSeconds(400), "28000 8 1000 / 10 GHz");
        NS_TEST_EXPECT_MSG_LT((task.resultTime - task.computeEnd).GetSeconds(), 1e-3, "downlink");
        NS_TEST_EXPECT_MSG_EQ(pair.GetQueuedFrames(1), 0, "frames left at the device");
        NS_TEST_EXPECT_MSG_EQ(pair.client->IsIdle(), true, "nothing is under way");
        NS_TEST_ASSERT_MSG_GT(pair.transmissions.size(), 0, "transmissions");
        NS_TEST_EXPECT_MSG_EQ(+pair.transmissions[0].mcs, 7, "MCS");
        NS_TEST_EXPECT_MSG_EQ_TOL(pair.transmissions[0].powerW, 1.0, 1e-6, "emitted power");
        NS_TEST_EXPECT_MSG_EQ(task.fragments.onAir, 20, "fragments that were on the air");
        NS_TEST_EXPECT_MSG_EQ(task.retries, 0, "a clean channel needs no retry");
        NS_TEST_EXPECT_MSG_LT((task.firstOnAir - task.uplinkStart), MicroSeconds(200), "an idle channel");
        NS_TEST_EXPECT_MSG_LT(task.airTime, (task.uplinkEnd - task.uplinkStart), "part of the uplink");
        NS_TEST_EXPECT_MSG_GT((task.airTime + MicroSeconds(300)), (task.uplinkEnd - task.uplinkStart), "most of it");
        pair.ledger->CheckConservation();
        pair.meter->CheckConservation(Simulator::Now());
    }
};

/// Out of reach: at the deadline the fragments that are not on the air are gone, and the radio falls silent soon after.
class LeavesNothingBehind : public TestCase
{
  public:
    LeavesNothingBehind()
        : TestCase("at the deadline nothing stays queued")
    {
    }

  private:
    void DoRun() override
    {
        Pair pair(400, 10e9); // mean SNR -0.8 dB
        Simulator::Schedule(MilliSeconds(10), [&] { pair.Offload(30, 0, 30); });
        uint32_t queuedBefore = 0;
        uint32_t queuedAfter = 99;
        Time transmittedSoonAfter;
        Simulator::Schedule(MilliSeconds(39), [&] { queuedBefore = pair.GetQueued(0); });
        // the frame on the air at the deadline may last for its whole duration
        Simulator::Schedule(MilliSeconds(48), [&] {
            queuedAfter = pair.GetQueuedFrames(0);
            transmittedSoonAfter = pair.transmitTime;
        });
        Simulator::Stop(MilliSeconds(300));
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(pair.ended.size(), 1, "tasks ended");
        NS_TEST_EXPECT_MSG_EQ(marl::GetName(pair.ended[0].outcome), "uplink_lost", "outcome");
        NS_TEST_EXPECT_MSG_EQ(pair.ended[0].end, MilliSeconds(40), "arrival and deadline");
        const auto& counts = pair.client->GetWatch().GetCounts(AC_BE);
        NS_TEST_EXPECT_MSG_GT(counts.unanswered, 0, "transmissions without an answer");
        NS_TEST_EXPECT_MSG_GT_OR_EQ(counts.retries, pair.ended[0].retries, "retries of the only task");
        pair.ledger->CheckConservation();
        NS_TEST_EXPECT_MSG_GT(queuedBefore, 0, "frames queued before the deadline");
        NS_TEST_EXPECT_MSG_EQ(queuedAfter, 0, "frames queued after the deadline");
        NS_TEST_EXPECT_MSG_EQ(pair.transmitTime, transmittedSoonAfter, "air time spent on a task that failed");
        NS_TEST_EXPECT_MSG_EQ(pair.client->IsIdle(), true, "nothing is under way");
    }
};

/// A second task with a shorter deadline stands behind a first one: its frames go all the same, the first one's stay.
class ShorterDeadlineBehind : public TestCase
{
  public:
    ShorterDeadlineBehind()
        : TestCase("frames expire with their own task")
    {
    }

  private:
    void DoRun() override
    {
        Pair pair(400, 10e9);
        uint32_t queuedBefore = 0;
        uint32_t queuedAfter = 0;
        Simulator::Schedule(MilliSeconds(10), [&] {
            pair.Offload(90, 0, 30);
            pair.Offload(30, 0, 30);
        });
        Simulator::Schedule(MilliSeconds(39), [&] { queuedBefore = pair.GetQueued(0); });
        Simulator::Schedule(MilliSeconds(41), [&] { queuedAfter = pair.GetQueued(0); });
        Simulator::Stop(MilliSeconds(300));
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(queuedBefore, 40, "both tasks wait");
        NS_TEST_EXPECT_MSG_EQ(queuedAfter, 20, "the first one waits on");
        NS_TEST_EXPECT_MSG_EQ(pair.ended.size(), 2, "tasks ended");
        NS_TEST_EXPECT_MSG_EQ(pair.GetQueuedFrames(0), 0, "nothing stays");
    }
};

/// Without fading the heard SNR of a broadcast is the one of the path loss; a muted radio hears nothing.
class HearsStatus : public TestCase
{
  public:
    HearsStatus()
        : TestCase("the device measures the SNR of what it hears")
    {
    }

  private:
    void DoRun() override
    {
        Pair pair(40, 10e9);
        for (uint32_t channel = 0; channel < 2; channel++)
        {
            Simulator::Schedule(MilliSeconds(10), [&, channel] {
                pair.gateway->TakeStatus();
                pair.gateway->BroadcastStatus(channel, MilliSeconds(15));
            });
        }
        Simulator::Stop(MilliSeconds(30));
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(pair.heardSnrDb.size(), 1, "broadcasts heard: only the tuned channel's");
        NS_TEST_EXPECT_MSG_EQ_TOL(pair.heardSnrDb[0], pair.network->GetSnrDb(0, 0), 0.01, "SNR");
        NS_TEST_EXPECT_MSG_EQ_TOL(pair.heardSnrDb[0], 29.23, 0.02, "30 - 46.68 - 30 log10(40) + 93.97 dB");
        NS_TEST_EXPECT_MSG_EQ(pair.lastStatus.rateHz, 10e9, "rate of the server");
    }
};

/// A broadcast that is on the air when the device retunes comes to its end: it counts with the SNR of the radio that heard it.
class HearsStatusWhileRetuning : public TestCase
{
  public:
    HearsStatusWhileRetuning()
        : TestCase("a status that ends on the channel just left has that channel's SNR")
    {
    }

  private:
    void DoRun() override
    {
        Pair pair(40, 10e9);
        pair.network->GetDeviceRadio(0, 0)->GetPhy()->TraceConnectWithoutContext(
            "PhyRxBegin",
            Callback<void, Ptr<const Packet>, RxPowerWattPerChannelBand>(
                [&](const Ptr<const Packet>&, const RxPowerWattPerChannelBand&) {
                    Simulator::Schedule(MicroSeconds(10), [&] { pair.client->Tune(1); });
                }));
        Simulator::Schedule(MilliSeconds(10), [&] {
            pair.gateway->TakeStatus();
            pair.gateway->BroadcastStatus(0, MilliSeconds(15));
        });
        Simulator::Stop(MilliSeconds(30));
        Simulator::Run();
        NS_TEST_EXPECT_MSG_EQ(pair.client->GetTunedChannel(), 1, "it has retuned");
        NS_TEST_ASSERT_MSG_EQ(pair.heardSnrDb.size(), 1, "broadcasts heard");
        NS_TEST_EXPECT_MSG_EQ_TOL(pair.heardSnrDb[0], pair.network->GetSnrDb(0, 0), 0.01, "SNR");
    }
};

/// Energy from the time that the radio reports to have transmitted, by hand: two tasks at 30 and 20 dBm.
class EnergyByHand : public TestCase
{
  public:
    EnergyByHand()
        : TestCase("energy follows air time and power")
    {
    }

  private:
    void DoRun() override
    {
        Pair pair(40, 100e9);
        Time firstTransmit;
        Simulator::Schedule(MilliSeconds(10), [&] { pair.Offload(90, 0, 30); });
        Simulator::Schedule(MilliSeconds(100), [&] {
            firstTransmit = pair.transmitTime;
            pair.Offload(90, 1, 20);
        });
        Simulator::Stop(MilliSeconds(200));
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(pair.ended.size(), 2, "tasks ended");
        NS_TEST_EXPECT_MSG_EQ(marl::GetName(pair.ended[1].outcome), "completed", "outcome");
        const double firstS = firstTransmit.GetSeconds();
        const double secondS = (pair.transmitTime - firstTransmit).GetSeconds();
        NS_TEST_EXPECT_MSG_GT(secondS, 1.5 * firstS, "10 dB less take MCS 4 instead of 7");
        NS_TEST_EXPECT_MSG_EQ_TOL(pair.meter->GetTransmitJ(), firstS * 10.819 + secondS * 1.819, 1e-9, "transmit");
        NS_TEST_EXPECT_MSG_EQ_TOL(pair.meter->GetTransmitAboveIdleJ(), firstS * 10 + secondS, 1e-9, "above idle");
        const double receiveS = pair.meter->GetReceiveJ() / 0.939;
        NS_TEST_EXPECT_MSG_GT(receiveS, 100e-6, "block acks and results were received");
        NS_TEST_EXPECT_MSG_LT(receiveS, 2e-3, "and little else");
        NS_TEST_EXPECT_MSG_EQ_TOL(
            pair.meter->GetIdleJ(MilliSeconds(200)), 0.819 * (0.2 - firstS - secondS - receiveS), 1e-9, "idle");
    }
};

/// A server that is down from 11 to 60 ms: it drops what it has, refuses what comes, broadcasts nothing, and works again
/// after its recovery.
class ServerFails : public TestCase
{
  public:
    ServerFails()
        : TestCase("a server that is down")
    {
    }

  private:
    void DoRun() override
    {
        Pair pair(40, 10e9);
        Simulator::Schedule(MilliSeconds(10), [&] { pair.Offload(45, 0, 30); }); // its fragments take 2.7 ms
        Simulator::Schedule(MilliSeconds(15), [&] { pair.gateway->Fail(); });    // while it computes
        Simulator::Schedule(MilliSeconds(20), [&] {
            pair.gateway->TakeStatus();
            pair.gateway->BroadcastStatus(0, MilliSeconds(25));
            pair.Offload(36, 0, 30);
        });
        Simulator::Schedule(MilliSeconds(60), [&] {
            NS_TEST_EXPECT_MSG_EQ(pair.gateway->IsDown(), true, "still down");
            NS_TEST_EXPECT_MSG_EQ(pair.gateway->GetStatus().utilisation, 1, "what genies know");
            pair.gateway->Recover();
            pair.gateway->TakeStatus();
            pair.Offload(50, 0, 30);
        });
        Simulator::Stop(MilliSeconds(200));
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(pair.ended.size(), 3, "tasks ended");
        const std::vector<std::string> outcomes{"server_failed", "server_failed", "completed"};
        for (std::size_t i = 0; i < outcomes.size(); i++)
        {
            NS_TEST_EXPECT_MSG_EQ(marl::GetName(pair.ended[i].outcome), outcomes[i], "task " << i);
        }
        NS_TEST_EXPECT_MSG_EQ(pair.ended[0].end, MilliSeconds(55), "the device does not know: at the deadline");
        NS_TEST_EXPECT_MSG_EQ(pair.ended[1].fragments.refused, 20, "fragments refused");
        NS_TEST_EXPECT_MSG_EQ(pair.server->GetDropped(), 1, "jobs dropped");
        NS_TEST_EXPECT_MSG_EQ(pair.heardSnrDb.size(), 0, "broadcasts heard");
        pair.ledger->CheckConservation();
        pair.server->CheckConservation();
    }
};

/// Fragments of the video category are counted apart; nobody answers a device that is out of reach.
class CountsByCategory : public TestCase
{
  public:
    CountsByCategory()
        : TestCase("missing answers by access category")
    {
    }

  private:
    void DoRun() override
    {
        Pair pair(400, 10e9);
        Simulator::Schedule(MilliSeconds(10), [&] { pair.Offload(50, 0, 30, VIDEO_TID); });
        Simulator::Stop(MilliSeconds(100));
        Simulator::Run();
        const auto& watch = pair.client->GetWatch();
        NS_TEST_EXPECT_MSG_GT(watch.GetCounts(AC_VI).unanswered, 0, "video");
        NS_TEST_EXPECT_MSG_EQ(watch.GetCounts(AC_BE).unanswered, 0, "best effort");
    }
};

/// The battery is empty in the middle of an upload: the radio falls silent at once, and for good.
class SwitchesOff : public TestCase
{
  public:
    SwitchesOff()
        : TestCase("a device that is switched off sends nothing")
    {
    }

  private:
    void DoRun() override
    {
        Pair pair(400, 10e9);
        Time transmitted;
        Simulator::Schedule(MilliSeconds(10), [&] { pair.Offload(90, 0, 30); });
        Simulator::Schedule(MilliSeconds(20), [&] {
            pair.ledger->NoteDeath(0);
            pair.client->SwitchOff();
            pair.meter->Stop(Simulator::Now());
            transmitted = pair.transmitTime;
        });
        Simulator::Stop(MilliSeconds(300));
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(pair.ended.size(), 1, "tasks ended");
        NS_TEST_EXPECT_MSG_EQ(marl::GetName(pair.ended[0].outcome), "device_dead", "outcome");
        NS_TEST_EXPECT_MSG_GT(transmitted, Time(0), "it had begun");
        NS_TEST_EXPECT_MSG_EQ(pair.transmitTime, transmitted, "silence");
        NS_TEST_EXPECT_MSG_EQ(pair.GetQueuedFrames(0), 0, "nothing stays queued");
        NS_TEST_EXPECT_MSG_LT_OR_EQ(
            pair.meter->GetTotalJ(MilliSeconds(300)), 0.02 * 10.819, "not more than 20 ms of transmitting");
        pair.meter->CheckConservation(MilliSeconds(300));
        pair.ledger->CheckConservation();
    }
};

/// Switched on again, a device offloads as before: the radio's queue and the agreements with the server are in order.
class SwitchesOnAgain : public TestCase
{
  public:
    SwitchesOnAgain()
        : TestCase("a device that is switched on again offloads")
    {
    }

  private:
    void DoRun() override
    {
        Pair pair(40, 10e9);
        for (int64_t round = 0; round < 5; round++)
        {
            const Time start = MilliSeconds(100 * round);
            Simulator::Schedule(start + MilliSeconds(10), [&] { pair.Offload(50, 0, 30); });
            Simulator::Schedule(start + MilliSeconds(11), [&] { // in the middle of the upload
                pair.ledger->NoteDeath(0);
                pair.client->SwitchOff();
            });
            Simulator::Schedule(start + MilliSeconds(40), [&] { pair.client->SwitchOn(); });
            Simulator::Schedule(start + MilliSeconds(50), [&] { pair.Offload(45, 0, 30); });
        }
        Simulator::Stop(Seconds(1));
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(pair.ended.size(), 10, "tasks ended");
        for (std::size_t i = 0; i < pair.ended.size(); i++)
        {
            NS_TEST_EXPECT_MSG_EQ(
                marl::GetName(pair.ended[i].outcome), (i % 2 == 0 ? "device_dead" : "completed"), "task " << i);
        }
        pair.ledger->CheckConservation();
        pair.meter->CheckConservation(Simulator::Now());
    }
};

/// Who asks for it gets complete tasks instead of the computer, with the bytes that came, and may return the result when it likes.
class PlacedElsewhere : public TestCase
{
  public:
    PlacedElsewhere()
        : TestCase("a complete task is handed to whoever places it")
    {
    }

  private:
    void DoRun() override
    {
        std::vector<EdgeJob> placed;
        Pair* there = nullptr;
        Pair pair(40, 10e9, [&](const EdgeJob& job) {
            placed.push_back(job);
            Simulator::Schedule(MilliSeconds(30), [&there, job] { there->gateway->SendResult(job); });
        });
        there = &pair;
        Simulator::Schedule(MilliSeconds(10), [&] { pair.Offload(100, 0, 30); });
        Simulator::Stop(MilliSeconds(200));
        Simulator::Run();
        NS_TEST_ASSERT_MSG_EQ(placed.size(), 1, "tasks placed");
        NS_TEST_EXPECT_MSG_EQ(placed[0].sizeBytes, 28000, "bytes of the task");
        NS_TEST_EXPECT_MSG_EQ(placed[0].cycles, 28000 * 8 * 1000.0, "work");
        NS_TEST_EXPECT_MSG_EQ(pair.server->TakeInterval().received, 0, "the computer got nothing");
        NS_TEST_ASSERT_MSG_EQ(pair.ended.size(), 1, "tasks ended");
        NS_TEST_EXPECT_MSG_EQ(marl::GetName(pair.ended[0].outcome), "completed", "outcome");
        NS_TEST_EXPECT_MSG_EQ_TOL((pair.ended[0].resultTime - pair.ended[0].uplinkEnd).GetSeconds(),
                                  30.5e-3,
                                  0.5e-3,
                                  "30 ms and the way back");
        pair.ledger->CheckConservation();
    }
};

class OffloadTestSuite : public TestSuite
{
  public:
    OffloadTestSuite()
        : TestSuite("ns3marl-offload", Type::SYSTEM)
    {
        AddTestCase(new Completes, TestCase::Duration::QUICK);
        AddTestCase(new LeavesNothingBehind, TestCase::Duration::QUICK);
        AddTestCase(new ShorterDeadlineBehind, TestCase::Duration::QUICK);
        AddTestCase(new HearsStatus, TestCase::Duration::QUICK);
        AddTestCase(new HearsStatusWhileRetuning, TestCase::Duration::QUICK);
        AddTestCase(new EnergyByHand, TestCase::Duration::QUICK);
        AddTestCase(new ServerFails, TestCase::Duration::QUICK);
        AddTestCase(new CountsByCategory, TestCase::Duration::QUICK);
        AddTestCase(new SwitchesOff, TestCase::Duration::QUICK);
        AddTestCase(new SwitchesOnAgain, TestCase::Duration::QUICK);
        AddTestCase(new PlacedElsewhere, TestCase::Duration::QUICK);
    }
};

const OffloadTestSuite g_offloadTestSuite;

} // namespace
