// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/background.h"
#include "models/busy-meter.h"
#include "models/radio-network.h"

#include "ns3/config.h"
#include "ns3/double.h"
#include "ns3/node-list.h"
#include "ns3/packet-sink.h"
#include "ns3/simulator.h"
#include "ns3/test.h"
#include "ns3/wifi-phy-state-helper.h"
#include "ns3/wifi-phy.h"

#include <array>
#include <memory>
#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

constexpr double AREA_M = 1; ///< so small that everybody hears everybody
constexpr double DURATION_S = 20;

/// What a server senses on its two channels while nobody but the background sends.
struct Sensed
{
    std::array<double, 2> busy{};
    uint64_t sinkBytes{0}; ///< of cross traffic
};

Sensed
Sense(const Background& background, PhyKind phy)
{
    Config::Reset();
    RadioNetwork::SetAttributeDefaults();
    RadioSettings settings;
    settings.channels = 2;
    settings.phy = phy;
    RadioNetwork network(settings, std::vector<Vector>{{40, 0, 1.5}}, std::vector<Vector>{{2, 0, 1.5}});
    network.AssignStreams(1000);
    background.AddTo(network, AREA_M, 1.5, 2000);
    std::array<BusyMeter, 2> meters;
    for (uint32_t channel = 0; channel < 2; channel++)
    {
        auto* const meter = &meters[channel];
        network.GetServerRadio(0, channel)
            ->GetPhy()
            ->GetState()
            ->TraceConnectWithoutContext(
                "State",
                Callback<void, Time, Time, WifiPhyState>([meter](Time start, Time duration, WifiPhyState state) {
                    meter->NotifyState(start, duration, state);
                }));
    }
    Simulator::Stop(Seconds(DURATION_S));
    Simulator::Run();
    Sensed sensed;
    for (uint32_t channel = 0; channel < 2; channel++)
    {
        sensed.busy[channel] = meters[channel].TakeInterval(Simulator::Now());
    }
    for (auto node = NodeList::Begin(); node != NodeList::End(); ++node)
    {
        for (uint32_t i = 0; i < (*node)->GetNApplications(); i++)
        {
            if (const auto sink = DynamicCast<PacketSink>((*node)->GetApplication(i)))
            {
                sensed.sinkBytes += sink->GetTotalRx();
            }
        }
    }
    Simulator::Destroy();
    return sensed;
}

class Interferers : public TestCase
{
  public:
    Interferers()
        : TestCase("interferers keep their channels busy for the share of the time that they are told")
    {
    }

  private:
    void DoRun() override
    {
        Background background;
        NS_TEST_EXPECT_MSG_EQ(Sense(background, PhyKind::YANS).busy[0], 0, "nobody there");
        background.interferers = 1;
        for (const double duty : {0.3, 0.7, 1.0})
        {
            background.interfererDuty = duty;
            const auto sensed = Sense(background, PhyKind::YANS);
            // 94 % of the time that it is on; over 20 s the mean of the on periods is good to about 5 %
            NS_TEST_EXPECT_MSG_EQ_TOL(sensed.busy[0], 0.94 * duty, 0.08, "busy share with duty " << duty);
            NS_TEST_EXPECT_MSG_EQ(sensed.busy[1], 0, "the other channel");
        }
    }
};

class CrossTraffic : public TestCase
{
  public:
    CrossTraffic()
        : TestCase("cross traffic arrives at the rate given, on each channel")
    {
    }

  private:
    void DoRun() override
    {
        Background background;
        background.crossTrafficMbps = 10;
        const auto sensed = Sense(background, PhyKind::YANS);
        NS_TEST_EXPECT_MSG_EQ_TOL(8e-6 * sensed.sinkBytes / DURATION_S, 20, 1, "Mb/s on two channels");
        NS_TEST_EXPECT_MSG_GT(sensed.busy[0], 10 / 143.4, "10 Mb/s of MCS 11's 143.4");
        NS_TEST_EXPECT_MSG_EQ_TOL(sensed.busy[0], sensed.busy[1], 0.05, "both channels");
    }
};

class Neighbours : public TestCase
{
  public:
    Neighbours()
        : TestCase("with the spectrum PHY a channel leaks into the next one")
    {
    }

  private:
    void DoRun() override
    {
        Background background;
        background.interferers = 1;
        background.interfererDuty = 1;
        background.powerDbm = 30;
        const auto sensed = Sense(background, PhyKind::SPECTRUM);
        NS_TEST_EXPECT_MSG_GT(sensed.busy[0], 0.9, "its own channel");
        NS_TEST_EXPECT_MSG_GT(sensed.busy[1], 0.8, "the next one: 30 dBm over 2 m leave more than -62 dBm of leakage");
    }
};

class BackgroundTestSuite : public TestSuite
{
  public:
    BackgroundTestSuite()
        : TestSuite("ns3marl-background", Type::SYSTEM)
    {
        AddTestCase(new Interferers, TestCase::Duration::QUICK);
        AddTestCase(new CrossTraffic, TestCase::Duration::QUICK);
        AddTestCase(new Neighbours, TestCase::Duration::QUICK);
    }
};

const BackgroundTestSuite g_backgroundTestSuite;

} // namespace
