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
#include <numeric>
#include <string>
#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

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

    // 2. Check the arguments together, then say what agents see and do. Nothing is built here. Each Add gives a handle, which
    // is kept in a member: all that follows names features, heads and the rest by it.
    void Describe(Spec& spec) override
    {
        if (m_stations < 1 || m_stations > SLOTS || m_distanceM <= 0 || m_distanceM > 100'000)
        {
            // Name what is wrong and what would be right: the learner's user reads this.
            throw Error(FaultKind::CONFIG,
                        "template takes --stations=1 to 4 and a --distance above 0 m, up to 100000 m; mend them");
        }
        spec.SetTicks(MilliSeconds(20), m_ticks);
        spec.idleTicks = true; // every tick is an exchange, also one at which no station is active

        std::vector<std::string> names;
        for (uint32_t i = 0; i < m_stations; i++)
        {
            names.push_back("station_" + std::to_string(i));
        }
        auto& stations = spec.AddGroup("stations", names);
        m_group = stations.handle;
        // What a station does. A head may depend on an earlier one: .activeIf = m_slot.Is(0, 1).
        m_slot = stations.AddDiscreteHead({.name = "slot",
                                           .choices = {"slot-0", "slot-1", "slot-2", "slot-3"},
                                           .defaultChoice = 0,
                                           .description = "When to send"});
        m_power = stations.AddContinuousHead({.name = "power",
                                              .unit = "dBm",
                                              .low = POWER_LOW_DBM,
                                              .high = POWER_HIGH_DBM,
                                              .defaultValue = POWER_HIGH_DBM,
                                              .description = "How loud to send"});
        // What a station sees. A value outside the bounds ends the episode; .saturating = true clips it instead. A feature that
        // is about one choice of a head says so, and learners score the choice by it.
        m_lastDelivered = stations.AddFeature({.name = "last_delivered",
                                               .unit = "1",
                                               .low = 0,
                                               .high = 1,
                                               .description = "1: the packet of the last tick reached the sink"});
        for (uint32_t slot = 0; slot < SLOTS; slot++) // not its number: the order of slots means nothing
        {
            m_usedSlot.push_back(stations.AddFeature({.name = "used_slot_" + std::to_string(slot),
                                                      .unit = "1",
                                                      .low = 0,
                                                      .high = 1,
                                                      .description = "1: slot of the last tick",
                                                      .describes = m_slot.Choice(slot, "used")}));
        }
        m_lastPower = stations.AddFeature({.name = "last_power_dbm",
                                           .unit = "dBm",
                                           .low = POWER_LOW_DBM,
                                           .high = POWER_HIGH_DBM,
                                           .description = "Power of the last tick"});
        m_indexShare =
            stations.AddFeature({.name = "index_share",
                                 .unit = "1",
                                 .low = 0,
                                 .high = 1,
                                 .description = "Tells stations apart: without it they could not choose differently"});
        // What only a critic may see: here, how many packets the sink got from each station.
        m_deliveredShare = spec.AddState("sink", stations)
                               .AddFeature({.name = "delivered_share",
                                            .unit = "1",
                                            .low = 0,
                                            .high = 1,
                                            .description = "Of the packets so far"});
        // A figure of the episode so far, with the function that computes it; NaN: nothing to measure yet.
        spec.AddMetric({.name = "delivery_ratio",
                        .unit = "1",
                        .description = "Packets that reached the sink over packets sent",
                        .higherIsBetter = true,
                        .value = [this] { return GetDeliveredSum() / static_cast<double>(m_intervals * m_stations); }});
        // Rows that are written as things happen, for --tables=packets.
        m_packets = spec.AddTable({.name = "packets",
                                   .columns = {{.name = "station", .unit = "1", .type = Column::Type::INT64},
                                               {.name = "received_s", .unit = "s"}}});
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

    // 4. At each boundary, account for the interval that just ended.
    void CloseInterval(const Boundary& /* boundary */) override
    {
        m_intervals++;
        for (uint32_t i = 0; i < m_stations; i++)
        {
            m_deliveredSum[i] += m_delivered[i] ? 1 : 0;
        }
    }

    // 5. What that interval was worth to each agent. Rewards add up: one line for each term.
    void Reward(Rewards& rewards) const override
    {
        for (uint32_t i = 0; i < m_stations; i++)
        {
            const double effort = std::pow(10, (m_powersDbm[i] - POWER_HIGH_DBM) / 10); // share of full power
            rewards.Add(m_group, i, m_delivered[i] ? 1 : 0);
            rewards.Add(m_group, i, -POWER_COST * effort);
        }
    }

    // 6. What agents see now. The observation comes reset: zeros, every choice allowed (see Forbid), every agent asked to act
    // (see SetActive) and there (see SetPresent).
    void Observe(Observation& observation) const override
    {
        for (uint32_t i = 0; i < m_stations; i++)
        {
            observation.Set(m_lastDelivered, i, m_delivered[i] ? 1 : 0);
            observation.Set(m_usedSlot[m_slots[i]], i, 1);
            observation.Set(m_lastPower, i, m_powersDbm[i]);
            observation.Set(m_indexShare, i, (i + 0.5) / m_stations);
            const auto deliveredSum = static_cast<double>(m_deliveredSum[i]);
            observation.Set(
                m_deliveredShare, i, m_intervals == 0 ? 0 : deliveredSum / static_cast<double>(m_intervals));
        }
    }

    // 7. Do what the agents chose; the bridge has checked it against the spec. Simulated time then runs to the next tick, or
    // until an event calls RequestDecision().
    void Act(const Action& action) override
    {
        for (uint32_t i = 0; i < m_stations; i++)
        {
            m_slots[i] = action.Get(m_slot, i);
            m_powersDbm[i] = action.Get(m_power, i);
            m_delivered[i] = false;
            Simulator::Schedule(SLOT * m_slots[i], &TemplateScenario::Send, this, i);
        }
    }

    // 8. A simple policy of the scenario's own: the yardstick that learning has to beat, and what --standalone plays.
    void Decide(const Observation& /* observation */, Action& action) const override
    {
        for (uint32_t i = 0; i < m_stations; i++)
        {
            action.Set(m_slot, i, i);
            action.Set(m_power, i, POWER_HIGH_DBM);
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
        Rows(m_packets).Add({int64_t{station}, Simulator::Now().GetSeconds()});
        return true;
    }

    double GetDeliveredSum() const
    {
        return std::accumulate(m_deliveredSum.begin(), m_deliveredSum.end(), 0.0);
    }

    uint32_t m_stations{3};
    double m_distanceM{50};
    uint64_t m_ticks{100};

    GroupHandle m_group;
    DiscreteHeadHandle m_slot;
    ContinuousHeadHandle m_power;
    FeatureHandle m_lastDelivered, m_lastPower, m_indexShare;
    std::vector<FeatureHandle> m_usedSlot; // [slot]
    StateFeatureHandle m_deliveredShare;
    TableHandle m_packets;

    NetDeviceContainer m_radios;
    std::vector<int32_t> m_slots;
    std::vector<double> m_powersDbm;
    std::vector<bool> m_delivered;        // in the interval
    std::vector<uint64_t> m_deliveredSum; // in the episode
    uint64_t m_intervals{0};              // that have ended
};

} // namespace

int
main(int argc, char* argv[])
{
    return RunScenario<TemplateScenario>(argc, argv, "template");
}
