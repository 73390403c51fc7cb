// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// Three stations around a sink send it one packet each tick. They are too far apart to hear each other, so two that send
// at the same time collide at the sink: carrier sensing does not help, only learning does. Each station chooses when to
// send (one of four slots) and how loud.
//
// A scenario is one class with the methods below and one line of main; the learner takes names, shapes and bounds from
// Describe.

#include "bridge/scenario.h"

#include "ns3/constant-position-mobility-model.h"
#include "ns3/node-container.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/wifi-helper.h"
#include "ns3/wifi-mac-helper.h"
#include "ns3/wifi-net-device.h"
#include "ns3/wifi-phy.h"
#include "ns3/yans-wifi-helper.h"

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

// Columns of an observation, in the order in which Describe declares them.
constexpr uint32_t LAST_DELIVERED = 0, LAST_SLOT = 1, LAST_POWER = 2, INDEX = 3;
constexpr uint32_t SLOTS = 4;
constexpr double POWER_LOW_DBM = 0, POWER_HIGH_DBM = 20;
constexpr double POWER_COST = 0.2;       // what full power costs, when a delivery pays 1
constexpr uint32_t PAYLOAD_BYTES = 1000; // about 1.4 ms on the air
const Time SLOT = MilliSeconds(2);

class TemplateScenario : public Scenario
{
  public:
    // 1. What a user may set: each member holds the default. Units stand in the help.
    void AddArguments(Arguments& arguments) override
    {
        arguments.Add("stations", "Number of stations, 1 to 4", m_stations);
        arguments.Add("distance", "Of each station from the sink [m]", m_distanceM);
        arguments.Add("ticks", "Actions in an episode", m_ticks);
    }

    // 2. Check the arguments together, then say what agents see and do. Nothing is built here.
    Spec Describe() override
    {
        if (m_stations < 1 || m_stations > SLOTS || m_distanceM <= 0)
        {
            // Name what is wrong and what would be right: the learner's user reads this.
            throw Error(FaultKind::CONFIG, "template takes --stations=1 to 4 and a --distance above 0 m; mend them");
        }
        Group group{"stations", {}, {}, {}, {}};
        for (uint32_t i = 0; i < m_stations; i++)
        {
            group.agents.push_back("station_" + std::to_string(i));
        }
        // name, unit, lowest, highest value, saturating (clip to the bounds, or fail?), description
        group.features = {
            {"last_delivered", "1", 0, 1, false, "1: the packet of the last tick reached the sink"},
            {"last_slot", "1", 0, SLOTS - 1.0, false, "Slot of the last tick"},
            {"last_power_dbm", "dBm", POWER_LOW_DBM, POWER_HIGH_DBM, false, "Power of the last tick"},
            {"index_share", "1", 0, 1, false, "Tells stations apart: without it they could not choose differently"},
        };
        group.discreteHeads = {{"slot", {"slot-0", "slot-1", "slot-2", "slot-3"}, 0, std::nullopt, "When to send"}};
        group.continuousHeads = {
            {"power", "dBm", POWER_LOW_DBM, POWER_HIGH_DBM, POWER_HIGH_DBM, std::nullopt, "How loud to send"}};
        Spec spec{"template", MilliSeconds(20), m_ticks, {group}, {}, {}, {}};
        // What only a critic may see: here, how many packets the sink got from each station.
        spec.state = {{"sink", group.agents, {{"delivered_share", "1", 0, 1, false, "Of the packets so far"}}}};
        spec.metrics = {{"delivery_ratio", "1", "Packets that reached the sink over packets sent", true}};
        return spec;
    }

    // 3. Build the network. Seed and run number of ns-3 are set; what draws random numbers gets its stream explicitly.
    void Build() override
    {
        NodeContainer nodes(m_stations + 1); // the sink is the last one
        for (uint32_t i = 0; i <= m_stations; i++)
        {
            const double angle = 2 * std::numbers::pi * i / m_stations;
            const double radiusM = i < m_stations ? m_distanceM : 0;
            const auto mobility = CreateObject<ConstantPositionMobilityModel>();
            mobility->SetPosition({radiusM * std::cos(angle), radiusM * std::sin(angle), 0});
            nodes.Get(i)->AggregateObject(mobility);
        }
        YansWifiPhyHelper phy;
        phy.SetChannel(YansWifiChannelHelper::Default().Create()); // log-distance path loss
        WifiMacHelper mac;
        mac.SetType("ns3::AdhocWifiMac");
        WifiHelper wifi;
        wifi.SetStandard(WIFI_STANDARD_80211a);
        wifi.SetRemoteStationManager("ns3::ConstantRateWifiManager", "NonUnicastMode", StringValue("OfdmRate6Mbps"));
        m_radios = wifi.Install(phy, mac, nodes);
        WifiHelper::AssignStreams(m_radios, 1);
        m_radios.Get(m_stations)->SetReceiveCallback(MakeCallback(&TemplateScenario::Receive, this));
        m_slots.assign(m_stations, 0);
        m_powersDbm.assign(m_stations, POWER_HIGH_DBM);
        m_delivered.assign(m_stations, false);
        m_deliveredSum.assign(m_stations, 0);
    }

    // 4. At each boundary: account for the interval that ended, then fill what agents see. The observation comes reset:
    // zeros, every choice allowed (see Mask), every agent asked to act (see Decides).
    void Observe(uint64_t tick, Observation& observation) override
    {
        double sum = 0;
        for (uint32_t i = 0; i < m_stations; i++)
        {
            const auto features = observation.groups[0].Features(i);
            features[LAST_DELIVERED] = m_delivered[i] ? 1 : 0;
            features[LAST_SLOT] = static_cast<float>(m_slots[i]);
            features[LAST_POWER] = static_cast<float>(m_powersDbm[i]);
            features[INDEX] = static_cast<float>((i + 0.5) / m_stations);
            m_deliveredSum[i] += m_delivered[i] ? 1 : 0;
            sum += m_deliveredSum[i];
            observation.State(0, i)[0] = tick == 0 ? 0 : static_cast<float>(m_deliveredSum[i]) / tick;
        }
        observation.Metric(0) = sum / (tick * m_stations); // NaN at tick 0: nothing to measure yet
    }

    // 5. What the interval was worth, for each agent. Called after Observe, from tick 1 on.
    void Reward(uint64_t /* tick */, Observation& observation) override
    {
        for (uint32_t i = 0; i < m_stations; i++)
        {
            const double effort = std::pow(10, (m_powersDbm[i] - POWER_HIGH_DBM) / 10); // share of full power
            observation.groups[0].Reward(i) = static_cast<float>((m_delivered[i] ? 1 : 0) - POWER_COST * effort);
        }
    }

    // 6. Do what the agents chose; the bridge has checked it against the spec. Simulated time then runs to the next tick.
    void Act(uint64_t /* tick */, const Action& action) override
    {
        for (uint32_t i = 0; i < m_stations; i++)
        {
            m_slots[i] = action.groups[0].Discrete(i, 0);
            m_powersDbm[i] = action.groups[0].Continuous(i, 0);
            m_delivered[i] = false;
            Simulator::Schedule(SLOT * m_slots[i], &TemplateScenario::Send, this, i);
        }
    }

    // 7. A simple policy for runs without a learner (--standalone), also the yardstick that learning has to beat.
    void Decide(uint64_t /* tick */, const Observation& /* observation */, Action& action) override
    {
        for (uint32_t i = 0; i < m_stations; i++)
        {
            action.groups[0].Discrete(i, 0) = static_cast<int32_t>(i);
            action.groups[0].Continuous(i, 0) = POWER_HIGH_DBM;
        }
    }

  private:
    void Send(uint32_t station)
    {
        const auto radio = DynamicCast<WifiNetDevice>(m_radios.Get(station));
        radio->GetPhy()->SetTxPowerStart(m_powersDbm[station]);
        radio->GetPhy()->SetTxPowerEnd(m_powersDbm[station]);
        std::vector<uint8_t> payload(PAYLOAD_BYTES, static_cast<uint8_t>(station));
        radio->Send(Create<Packet>(payload.data(), payload.size()), radio->GetBroadcast(), 0x88b5);
    }

    bool Receive(Ptr<NetDevice>, Ptr<const Packet> packet, uint16_t, const Address&)
    {
        uint8_t station = 0;
        packet->CopyData(&station, 1);
        m_delivered.at(station) = true;
        return true;
    }

    uint32_t m_stations{3};
    double m_distanceM{50};
    uint64_t m_ticks{100};

    NetDeviceContainer m_radios;
    std::vector<int32_t> m_slots;
    std::vector<double> m_powersDbm;
    std::vector<bool> m_delivered;        // in the interval
    std::vector<uint64_t> m_deliveredSum; // in the episode
};

} // namespace

int
main(int argc, char* argv[])
{
    return RunScenario<TemplateScenario>(argc, argv, "template");
}
