// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/licensed-channel.h"
#include "models/ofdm-air-time.h"

#include "ns3/boolean.h"
#include "ns3/constant-position-mobility-model.h"
#include "ns3/double.h"
#include "ns3/node-container.h"
#include "ns3/propagation-loss-model.h"
#include "ns3/simulator.h"
#include "ns3/spectrum-wifi-helper.h"
#include "ns3/string.h"
#include "ns3/test.h"
#include "ns3/wifi-helper.h"
#include "ns3/wifi-mac-helper.h"
#include "ns3/wifi-net-device.h"
#include "ns3/wifi-phy-state-helper.h"

#include <cmath>
#include <memory>
#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

constexpr double POWER_DBM = 20;
constexpr double LOSS_DB = 70;

/// An 802.11p radio on channel 172 (5860 MHz), and licensed channels on the same spectrum.
class Band
{
  public:
    Band()
        : m_nodes(5)
    {
        for (uint32_t i = 0; i < m_nodes.GetN(); i++)
        {
            const auto mobility = CreateObject<ConstantPositionMobilityModel>();
            mobility->SetPosition({double(i), 0, 0}); // ns-3 knows no loss between stations at one place
            m_nodes.Get(i)->AggregateObject(mobility);
        }
        const auto loss = CreateObject<MatrixPropagationLossModel>();
        loss->SetDefaultLoss(LOSS_DB);
        m_spectrum->AddPropagationLossModel(loss);
        SpectrumWifiPhyHelper phy;
        phy.SetChannel(m_spectrum);
        phy.Set("ChannelSettings", StringValue("{172, 10, BAND_5GHZ, 0}"));
        phy.Set("TxPowerStart", DoubleValue(POWER_DBM));
        phy.Set("TxPowerEnd", DoubleValue(POWER_DBM));
        WifiMacHelper mac;
        mac.SetType("ns3::AdhocWifiMac", "QosSupported", BooleanValue(false));
        WifiHelper wifi;
        wifi.SetStandard(WIFI_STANDARD_80211p);
        wifi.SetRemoteStationManager(
            "ns3::ConstantRateWifiManager", "NonUnicastMode", StringValue("OfdmRate6MbpsBW10MHz"));
        m_radio = DynamicCast<WifiNetDevice>(wifi.Install(phy, mac, NodeContainer(m_nodes.Get(0))).Get(0));
    }

    Ptr<LicensedPhy> Join(uint32_t node, double centreHz)
    {
        const auto licensed = CreateObject<LicensedPhy>();
        licensed->Join(m_spectrum, m_nodes.Get(node), centreHz, 10e6);
        return licensed;
    }

    Ptr<WifiNetDevice> GetRadio() const
    {
        return m_radio;
    }

    uint32_t GetNode(uint32_t node) const
    {
        return m_nodes.Get(node)->GetId();
    }

  private:
    NodeContainer m_nodes;
    Ptr<MultiModelSpectrumChannel> m_spectrum{CreateObject<MultiModelSpectrumChannel>()};
    Ptr<WifiNetDevice> m_radio;
};

double
ToDbm(double powerW)
{
    return 10 * std::log10(powerW) + 30;
}

/// A frame of 1036 B at 6 Mb/s is 1432 us long.
class FramesAreHeard : public TestCase
{
  public:
    FramesAreHeard()
        : TestCase("a primary receiver hears a frame on its channel, and of the neighbour only what leaks")
    {
    }

  private:
    void DoRun() override
    {
        Band band;
        const auto same = band.Join(1, 5860e6);
        const auto next = band.Join(2, 5870e6);
        const auto far = band.Join(3, 5880e6);
        const auto ignorant = band.Join(4, 5860e6);
        for (const auto& phy : {same, next, far})
        {
            phy->Listen({});
        }
        ignorant->Listen({band.GetNode(0)});
        Simulator::Schedule(MilliSeconds(1), [&band] {
            band.GetRadio()->Send(Create<Packet>(1000), band.GetRadio()->GetBroadcast(), 0x88dc);
        });
        Simulator::Stop(MilliSeconds(10));
        Simulator::Run();
        const auto heard = same->TakeHeard();
        NS_TEST_ASSERT_MSG_EQ(heard.size(), 1, "frames on the channel");
        NS_TEST_EXPECT_MSG_EQ(heard[0].sender, band.GetNode(0), "sender");
        NS_TEST_EXPECT_MSG_EQ_TOL((heard[0].end - heard[0].begin).GetSeconds(),
                                  GetOfdm10AirTime(6, 1036).GetSeconds(),
                                  4e-6,
                                  "duration, up to half a symbol");
        NS_TEST_EXPECT_MSG_EQ_TOL(ToDbm(heard[0].powerW), POWER_DBM - LOSS_DB, 0.1, "power in the channel");
        NS_TEST_EXPECT_MSG_EQ(same->TakeHeard().size(), 0, "each frame once");
        const auto leaked = next->TakeHeard();
        NS_TEST_ASSERT_MSG_EQ(leaked.size(), 1, "frames on the next channel");
        // IEEE 802.11-2020, 17.3.9.3: -20 dBr at 5.5 MHz from the centre, -28 at 10, -40 at 15.
        NS_TEST_EXPECT_MSG_LT(ToDbm(leaked[0].powerW), POWER_DBM - LOSS_DB - 24, "leaked power");
        NS_TEST_EXPECT_MSG_GT(ToDbm(leaked[0].powerW), POWER_DBM - LOSS_DB - 40, "leaked power");
        for (const auto& frame : far->TakeHeard())
        {
            NS_TEST_EXPECT_MSG_LT(ToDbm(frame.powerW), POWER_DBM - LOSS_DB - 40, "power two channels further on");
        }
        NS_TEST_EXPECT_MSG_EQ(ignorant->TakeHeard().size(), 0, "frames of an ignored node");
        Simulator::Destroy();
    }
};

/// -55 dBm of a primary user are above the energy threshold of -62 dBm: the radio finds its channel busy for as long as
/// the user is on, in pieces from call to call.
class PrimaryUserOccupies : public TestCase
{
  public:
    PrimaryUserOccupies()
        : TestCase("a radio finds its channel busy while a primary user is on")
    {
    }

  private:
    void DoRun() override
    {
        Band band;
        PrimaryUser user(MilliSeconds(20), MilliSeconds(20));
        user.AssignStreams(7);
        PrimaryLink link(std::move(user), band.Join(1, 5860e6), band.Join(2, 5860e6), 15);
        Time busy;
        band.GetRadio()->GetPhy()->GetState()->TraceConnectWithoutContext(
            "State", Callback<void, Time, Time, WifiPhyState>([&busy](Time, Time duration, WifiPhyState state) {
                busy += state == WifiPhyState::CCA_BUSY ? duration : Time(0);
            }));
        for (uint32_t i = 1; i < 100; i++)
        {
            Simulator::Schedule(MilliSeconds(10 * i), [&link, i] { link.Radiate(MilliSeconds(10 * i + 10)); });
        }
        // A radio reports that its channel was busy when it changes its state the next time.
        Simulator::Schedule(Seconds(1.5), [&band] {
            band.GetRadio()->Send(Create<Packet>(100), band.GetRadio()->GetBroadcast(), 0x88dc);
        });
        Simulator::Stop(Seconds(2));
        Simulator::Run();
        const Time on = link.GetUser().GetOnTime(MilliSeconds(10), Seconds(1));
        NS_TEST_EXPECT_MSG_GT(on, MilliSeconds(300), "time on");
        NS_TEST_EXPECT_MSG_EQ_TOL(busy.GetSeconds(), on.GetSeconds(), 1e-6, "time that the channel is busy");
        Simulator::Destroy();
    }
};

class LicensedChannelTestSuite : public TestSuite
{
  public:
    LicensedChannelTestSuite()
        : TestSuite("ns3marl-licensed-channel", Type::UNIT)
    {
        AddTestCase(new FramesAreHeard, TestCase::Duration::QUICK);
        AddTestCase(new PrimaryUserOccupies, TestCase::Duration::QUICK);
    }
};

LicensedChannelTestSuite g_licensedChannelTestSuite;

} // namespace
