// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/agreed-adhoc-mac.h"
#include "models/air.h"
#include "models/radio-network.h"
#include "models/task-rate-manager.h"
#include "models/tuned-wifi-phy.h"

#include "ns3/arp-cache.h"
#include "ns3/boolean.h"
#include "ns3/config.h"
#include "ns3/constant-position-mobility-model.h"
#include "ns3/double.h"
#include "ns3/he-phy.h"
#include "ns3/ipv4-interface.h"
#include "ns3/ipv4-l3-protocol.h"
#include "ns3/multi-model-spectrum-channel.h"
#include "ns3/propagation-delay-model.h"
#include "ns3/propagation-loss-model.h"
#include "ns3/random-variable-stream.h"
#include "ns3/simulator.h"
#include "ns3/spectrum-wifi-helper.h"
#include "ns3/string.h"
#include "ns3/test.h"
#include "ns3/wifi-helper.h"
#include "ns3/wifi-mac-header.h"
#include "ns3/wifi-mac-helper.h"
#include "ns3/wifi-phy-state-helper.h"
#include "ns3/wifi-psdu.h"
#include "ns3/wifi-tx-vector.h"
#include "ns3/yans-wifi-helper.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

using namespace ns3;
using namespace ns3::marl;

namespace
{

constexpr double SENSITIVITY_DBM = -101;
constexpr uint16_t PROTOCOL = 0x88b5; ///< EtherType for experiments

/// What radios note: station, time [ns], what happened, and its value (SNR, or duration [ns]).
using Note = std::tuple<std::size_t, int64_t, int, double>;

/// ns-3's radios, and ours that are like them.
enum class Kind
{
    YANS,
    TUNED,
    SPECTRUM,
    TUNED_SPECTRUM,
};

/// Ad hoc stations on one channel.
class Stations
{
  public:
    Stations(Kind kind, const std::vector<Vector>& positions)
        : m_kind(kind)
    {
        Config::Reset();
        RadioNetwork::SetAttributeDefaults();
        Mac48Address::ResetAllocationIndex();
        m_nodes.Create(positions.size());
        for (std::size_t i = 0; i < positions.size(); i++)
        {
            const auto mobility = CreateObject<ConstantPositionMobilityModel>();
            mobility->SetPosition(positions[i]);
            m_nodes.Get(i)->AggregateObject(mobility);
        }
        const auto loss =
            CreateObjectWithAttributes<LogDistancePropagationLossModel>("ReferenceLoss", DoubleValue(46.68));
        const auto helper = MakePhy(kind, loss, CreateObject<ConstantSpeedPropagationDelayModel>());
        WifiPhyHelper& phy = *helper;
        phy.Set("ChannelSettings", StringValue("{36, 20, BAND_5GHZ, 0}"));
        phy.Set("RxSensitivity", DoubleValue(SENSITIVITY_DBM));
        WifiMacHelper mac;
        mac.SetType("ns3::marl::AgreedAdhocMac", "QosSupported", BooleanValue(true));
        WifiHelper wifi;
        wifi.SetStandard(WIFI_STANDARD_80211ax);
        wifi.SetRemoteStationManager("ns3::marl::TaskRateManager");
        const auto devices = wifi.Install(phy, mac, m_nodes);
        WifiHelper::AssignStreams(devices, 500);
        for (std::size_t i = 0; i < positions.size(); i++)
        {
            m_radios.push_back(DynamicCast<WifiNetDevice>(devices.Get(i)));
            Watch(i);
        }
        for (const auto& from : m_radios)
        {
            for (const auto& to : m_radios)
            {
                if (from != to)
                {
                    AgreedAdhocMac::Agree(
                        *DynamicCast<AgreedAdhocMac>(from->GetMac()), *DynamicCast<AgreedAdhocMac>(to->GetMac()), 0);
                }
            }
        }
    }

    Ptr<WifiPhy> GetPhy(std::size_t station) const
    {
        return m_radios[station]->GetPhy();
    }

    void SetMuted(std::size_t station, bool muted)
    {
        if (m_kind == Kind::TUNED || m_kind == Kind::TUNED_SPECTRUM)
        {
            RadioNetwork::SetMuted(m_radios[station], muted);
        }
        else
        {
            GetPhy(station)->SetRxSensitivity(muted ? 200 : SENSITIVITY_DBM);
        }
    }

    /// \param to nothing: to all
    void Send(std::size_t from, std::optional<std::size_t> to, uint32_t bytes)
    {
        const Address address = to ? m_radios[*to]->GetAddress() : m_radios[from]->GetBroadcast();
        m_radios[from]->Send(Create<Packet>(bytes), address, PROTOCOL);
    }

    void SetMcs(std::size_t from, std::size_t to, uint8_t mcs)
    {
        RadioNetwork::GetRates(m_radios[from])->SetLink(Mac48Address::ConvertFrom(m_radios[to]->GetAddress()), mcs, 0);
    }

    std::vector<Note> notes;
    uint64_t arrivals{0}; ///< signals that were handed to a radio

  private:
    static std::unique_ptr<WifiPhyHelper> MakePhy(Kind kind,
                                                  Ptr<PropagationLossModel> loss,
                                                  Ptr<PropagationDelayModel> delay)
    {
        if (kind == Kind::YANS)
        {
            const auto air = CreateObject<YansWifiChannel>();
            air->SetPropagationLossModel(loss);
            air->SetPropagationDelayModel(delay);
            auto yans = std::make_unique<YansWifiPhyHelper>();
            yans->SetChannel(air);
            return yans;
        }
        if (kind == Kind::SPECTRUM)
        {
            const auto spectrum = CreateObject<MultiModelSpectrumChannel>();
            spectrum->AddPropagationLossModel(loss);
            spectrum->SetPropagationDelayModel(delay);
            auto plain = std::make_unique<SpectrumWifiPhyHelper>();
            plain->SetChannel(spectrum);
            return plain;
        }
        return Air(kind == Kind::TUNED ? PhyKind::YANS : PhyKind::SPECTRUM, 1, loss).MakePhy(0);
    }

    void Watch(std::size_t station)
    {
        const auto note = [this, station](int what, double value) {
            notes.emplace_back(station, Simulator::Now().GetNanoSeconds(), what, value);
        };
        const auto phy = GetPhy(station);
        if (m_kind == Kind::YANS || m_kind == Kind::TUNED)
        {
            phy->TraceConnectWithoutContext("SignalArrival",
                                            Callback<void, Ptr<const WifiPpdu>, double, Time>(
                                                [this](Ptr<const WifiPpdu>, double, Time) { arrivals++; }));
        }
        else
        {
            phy->TraceConnectWithoutContext(
                "SignalArrival",
                Callback<void, Ptr<const SpectrumSignalParameters>, uint32_t, double, Time>(
                    [this](Ptr<const SpectrumSignalParameters>, uint32_t, double, Time) { arrivals++; }));
        }
        const auto state = phy->GetState();
        state->TraceConnectWithoutContext(
            "RxOk",
            Callback<void, Ptr<const Packet>, double, WifiMode, WifiPreamble>(
                [note](Ptr<const Packet>, double snr, WifiMode, WifiPreamble) { note(-1, snr); }));
        state->TraceConnectWithoutContext(
            "RxError",
            Callback<void, Ptr<const Packet>, double>([note](Ptr<const Packet>, double snr) { note(-2, snr); }));
        state->TraceConnectWithoutContext(
            "State", Callback<void, Time, Time, WifiPhyState>([note](Time, Time duration, WifiPhyState value) {
                note(static_cast<int>(value), duration.GetDouble());
            }));
        m_radios[station]->SetReceiveCallback(
            Callback<bool, Ptr<NetDevice>, Ptr<const Packet>, uint16_t, const Address&>(
                [note](Ptr<NetDevice>, Ptr<const Packet> packet, uint16_t, const Address&) {
                    note(-3, packet->GetSize());
                    return true;
                }));
    }

    Kind m_kind;
    NodeContainer m_nodes;
    std::vector<Ptr<WifiNetDevice>> m_radios;
};

/// Twelve stations over 250 m, some out of reach of each other, with bursts for each other and for all at random times and
/// rates, so that A-MPDUs of others succeed, fail in part and collide: what every radio receives, with which SNR, when, and
/// each of its states must be the same with our radios as with ns-3's. On one channel radios are also muted and
/// unmuted at random; in the spectrum, where ns-3's muted radios still sense energy, some are muted all the time.
class SameReceptions : public TestCase
{
  public:
    SameReceptions(Kind tuned, Kind plain)
        : TestCase(tuned == Kind::TUNED ? "a TunedWifiChannel gives the receptions of a YansWifiChannel"
                                        : "TunedSpectrumPhys receive what SpectrumWifiPhys receive"),
          m_tuned(tuned),
          m_plain(plain)
    {
    }

  private:
    static constexpr uint32_t STATIONS = 12;
    static constexpr uint32_t LISTENERS = 9; ///< in the spectrum
    static constexpr double SIDE_M = 250;

    static std::pair<std::vector<Note>, uint64_t> Run(Kind kind)
    {
        const bool isSpectrum = kind == Kind::SPECTRUM || kind == Kind::TUNED_SPECTRUM;
        const auto random = CreateObject<UniformRandomVariable>();
        random->SetStream(77);
        const auto pick = [&](uint32_t below) { return random->GetInteger(0, below - 1); };
        std::vector<Vector> positions;
        for (uint32_t i = 0; i < STATIONS; i++)
        {
            const double x = random->GetValue(0, SIDE_M);
            positions.emplace_back(x, random->GetValue(0, SIDE_M), 1.5);
        }
        Stations stations(kind, positions);
        for (uint32_t burst = 0; burst < 300; burst++)
        {
            const Time start = MicroSeconds(pick(400000));
            const uint32_t active = isSpectrum ? LISTENERS : STATIONS;
            const uint32_t from = pick(active);
            const uint32_t to = (from + 1 + pick(active - 1)) % active;
            const bool isForAll = pick(4) == 0;
            const uint8_t mcs = pick(12);
            Simulator::Schedule(start, [&stations, from, to, mcs] { stations.SetMcs(from, to, mcs); });
            for (uint32_t frames = isForAll ? 1 : 1 + pick(20); frames > 0; frames--)
            {
                const uint32_t bytes = 40 + pick(1400);
                Simulator::Schedule(start, [&stations, from, to, isForAll, bytes] {
                    stations.Send(from, isForAll ? std::nullopt : std::optional<std::size_t>(to), bytes);
                });
            }
        }
        for (uint32_t station = LISTENERS; isSpectrum && station < STATIONS; station++)
        {
            stations.SetMuted(station, true);
        }
        for (uint32_t change = 0; !isSpectrum && change < 3000; change++)
        {
            const bool muted = pick(2) == 0;
            Simulator::Schedule(NanoSeconds(pick(400000000)), [&stations, station = 6 + pick(STATIONS - 6), muted] {
                stations.SetMuted(station, muted);
            });
        }
        Simulator::Stop(MilliSeconds(500));
        Simulator::Run();
        Simulator::Destroy();
        auto notes = stations.notes;
        if (isSpectrum)
        {
            std::erase_if(notes, [](const Note& note) { return std::get<0>(note) >= LISTENERS; });
        }
        return {notes, stations.arrivals};
    }

    void DoRun() override
    {
        const auto [expected, expectedArrivals] = Run(m_plain);
        const auto [notes, arrivals] = Run(m_tuned);
        NS_TEST_ASSERT_MSG_EQ(notes.size(), expected.size(), "as many receptions and states");
        const auto same = std::mismatch(notes.begin(), notes.end(), expected.begin(), expected.end()).first;
        NS_TEST_ASSERT_MSG_EQ(
            same - notes.begin(), static_cast<std::ptrdiff_t>(notes.size()), "equal from the beginning");
        std::vector<uint32_t> counts(4, 0);
        for (const auto& note : notes)
        {
            counts[std::max(0, -std::get<2>(note))]++;
        }
        NS_TEST_EXPECT_MSG_GT(counts[1], 1000, "receptions");
        NS_TEST_EXPECT_MSG_GT(counts[2], 100, "failed receptions");
        NS_TEST_EXPECT_MSG_GT(counts[3], 150, "packets for the station");
        NS_TEST_EXPECT_MSG_LT(arrivals, 0.9 * expectedArrivals, "muted radios cost no events");
    }

    Kind m_tuned;
    Kind m_plain;
};

/// A radio that is unmuted within a frame senses the rest of it as energy, and receives the next one.
class UnmutedWithinFrame : public TestCase
{
  public:
    UnmutedWithinFrame()
        : TestCase("a spectrum radio that is unmuted within a frame senses the rest of it")
    {
    }

  private:
    void DoRun() override
    {
        Stations stations(Kind::TUNED_SPECTRUM, {{0, 0, 1.5}, {3, 0, 1.5}});
        stations.SetMuted(1, true);
        int64_t begin = 0;
        stations.GetPhy(0)->TraceConnectWithoutContext(
            "PhyTxPsduBegin",
            Callback<void, WifiConstPsduMap, WifiTxVector, double>([&](WifiConstPsduMap, WifiTxVector, double) {
                if (std::exchange(begin, Simulator::Now().GetNanoSeconds()) == 0)
                {
                    Simulator::Schedule(MicroSeconds(100), [&] { stations.SetMuted(1, false); });
                }
            }));
        stations.Send(0, std::nullopt, 1000);
        Simulator::Schedule(MilliSeconds(10), [&] { stations.Send(0, std::nullopt, 1000); });
        Simulator::Stop(Seconds(1));
        Simulator::Run();
        Simulator::Destroy();
        std::vector<double> busyUs;
        uint32_t received = 0;
        for (const auto& [station, time, what, value] : stations.notes)
        {
            if (station == 1 && what == static_cast<int>(WifiPhyState::CCA_BUSY))
            {
                busyUs.push_back(value / 1000);
            }
            received += station == 1 && what == -3;
        }
        NS_TEST_ASSERT_MSG_EQ(busyUs.empty(), false, "it senses energy");
        // 1000 B of payload, 8 B of LLC, 26 B of MAC header, 4 B of FCS; 22 bits of SERVICE and tail; symbols of 24 bits.
        const double frameUs = 20 + 4 * std::ceil((8 * (1000 + 8 + 26 + 4) + 22) / 24.0);
        NS_TEST_EXPECT_MSG_EQ_TOL(busyUs.front(), frameUs - 100, 0.1, "to the end of the frame");
        NS_TEST_EXPECT_MSG_EQ(received, 1, "the second frame");
    }
};

/// A broadcast reaches a radio 0.5 us away. It is received when the radio is unmuted at the moment of arrival, whatever it was
/// when the transmission began.
class MutedAtArrival : public TestCase
{
  public:
    MutedAtArrival(bool mutedFirst, int64_t changeNs, bool received)
        : TestCase((mutedFirst ? "unmuted " : "muted ") + std::to_string(changeNs) + " ns after the start of a frame"),
          m_mutedFirst(mutedFirst),
          m_changeNs(changeNs),
          m_received(received)
    {
    }

  private:
    void DoRun() override
    {
        Stations stations(Kind::TUNED, {{0, 0, 1.5}, {149.9, 0, 1.5}});
        stations.SetMuted(1, m_mutedFirst);
        stations.GetPhy(0)->TraceConnectWithoutContext(
            "PhyTxPsduBegin",
            Callback<void, WifiConstPsduMap, WifiTxVector, double>([&](WifiConstPsduMap, WifiTxVector, double) {
                Simulator::Schedule(NanoSeconds(m_changeNs), [&] { stations.SetMuted(1, !m_mutedFirst); });
            }));
        stations.Send(0, std::nullopt, 100);
        Simulator::Stop(Seconds(2));
        Simulator::Run();
        Simulator::Destroy();
        NS_TEST_EXPECT_MSG_EQ(stations.arrivals, (m_received ? 1 : 0), "signals at the other station");
    }

    bool m_mutedFirst;
    int64_t m_changeNs;
    bool m_received;
};

/// A network of the dense preset at a smaller size: agreements and address entries exist between those that were
/// acquainted, in both directions and on that channel alone.
class Acquaintance : public TestCase
{
  public:
    Acquaintance()
        : TestCase("pairs are acquainted when they first meet")
    {
    }

  private:
    static bool HasAgreement(Ptr<WifiNetDevice> from, Ptr<WifiNetDevice> to)
    {
        return from->GetMac()
            ->GetBaAgreementEstablishedAsOriginator(Mac48Address::ConvertFrom(to->GetAddress()), 0)
            .has_value();
    }

    static bool HasAddress(Ptr<Node> node, Ptr<WifiNetDevice> radio, Ipv4Address address)
    {
        const auto ipv4 = node->GetObject<Ipv4L3Protocol>();
        auto* const entry = ipv4->GetInterface(ipv4->GetInterfaceForDevice(radio))->GetArpCache()->Lookup(address);
        return entry != nullptr && entry->IsPermanent();
    }

    void DoRun() override
    {
        Config::Reset();
        RadioNetwork::SetAttributeDefaults();
        RadioSettings settings;
        settings.channels = 8;
        const RadioNetwork network(settings, std::vector<Vector>(100, {0, 0, 1.5}), std::vector<Vector>(20, {9, 0, 6}));
        for (int times = 0; times < 2; times++)
        {
            network.Acquaint(99, 7, 6);
        }
        uint32_t agreements = 0;
        uint32_t addresses = 0;
        for (uint32_t channel = 0; channel < settings.channels; channel++)
        {
            for (uint32_t device = 0; device < 100; device++)
            {
                for (uint32_t server = 0; server < 20; server++)
                {
                    const auto d = network.GetDeviceRadio(device, channel);
                    const auto s = network.GetServerRadio(server, channel);
                    agreements += HasAgreement(d, s) + HasAgreement(s, d);
                    addresses +=
                        HasAddress(network.GetDevice(device), d, RadioNetwork::GetServerAddress(server, channel)) +
                        HasAddress(network.GetServer(server), s, RadioNetwork::GetDeviceAddress(device, channel));
                }
            }
        }
        NS_TEST_EXPECT_MSG_EQ(agreements, 2, "agreements of one pair");
        NS_TEST_EXPECT_MSG_EQ(addresses, 2, "addresses of one pair");
        NS_TEST_EXPECT_MSG_EQ(HasAgreement(network.GetDeviceRadio(99, 6), network.GetServerRadio(7, 6)), true, "which");
        Simulator::Destroy();
    }
};

/// A radio receives a frame that is too weak for the channel to be busy beyond each of its fields. Two weaker frames collide with it; the
/// second arrives at the very instant at which some field of the header ends, and the first just before.
class ArrivalAtEndOfField : public TestCase
{
  public:
    ArrivalAtEndOfField()
        : TestCase("a frame arrives at the instant at which a field of another one ends")
    {
    }

  private:
    static constexpr int STEPS = 40; ///< of 1 us, beyond the longest header

    static std::vector<Note> Run(Kind kind)
    {
        // Signals of stations 1 and 2 fly for as long; those of station 3, 17 ns less.
        Stations stations(kind, {{0, 0, 1.5}, {100, 0, 1.5}, {-100, 0, 1.5}, {0, 95, 1.5}});
        const auto send = [&stations](std::size_t from) {
            WifiMacHeader header(WIFI_MAC_QOSDATA);
            header.SetAddr1(Mac48Address::GetBroadcast());
            header.SetQosTid(0);
            const WifiTxVector vector(
                HePhy::GetHeMcs0(), 0, WIFI_PREAMBLE_HE_SU, NanoSeconds(800), 1, 1, 0, MHz_u{20}, false);
            stations.GetPhy(from)->Send(Create<const WifiPsdu>(Create<Packet>(100), header), vector);
        };
        for (std::size_t station = 1; station < 4; station++)
        {
            const dBm_u power{station == 1 ? 20.0 : 8.0};
            stations.GetPhy(station)->SetTxPowerStart(power);
            stations.GetPhy(station)->SetTxPowerEnd(power);
            stations.SetMuted(station, true);
        }
        for (int step = 1; step <= STEPS; step++)
        {
            const Time start = MilliSeconds(5 * step);
            Simulator::Schedule(start, [send] { send(1); });
            Simulator::Schedule(start + MicroSeconds(step), [send] { send(2); });
            Simulator::Schedule(start + MicroSeconds(step), [send] { send(3); });
        }
        Simulator::Stop(MilliSeconds(5 * (STEPS + 1)));
        Simulator::Run();
        Simulator::Destroy();
        auto notes = stations.notes;
        std::erase_if(notes, [](const Note& note) { return std::get<0>(note) > 0; });
        return notes;
    }

    void DoRun() override
    {
        const auto expected = Run(Kind::YANS);
        const auto notes = Run(Kind::TUNED);
        NS_TEST_EXPECT_MSG_EQ((notes == expected), true, "receptions and states as ns-3 has them");
        const auto received =
            std::count_if(notes.begin(), notes.end(), [](const Note& note) { return std::get<2>(note) == -1; });
        NS_TEST_EXPECT_MSG_GT(received, STEPS / 2, "receptions");
    }
};

class TunedWifiTestSuite : public TestSuite
{
  public:
    TunedWifiTestSuite()
        : TestSuite("ns3marl-tuned-wifi", Type::UNIT)
    {
        AddTestCase(new SameReceptions(Kind::TUNED, Kind::YANS), TestCase::Duration::QUICK);
        AddTestCase(new SameReceptions(Kind::TUNED_SPECTRUM, Kind::SPECTRUM), TestCase::Duration::QUICK);
        AddTestCase(new UnmutedWithinFrame, TestCase::Duration::QUICK);
        AddTestCase(new MutedAtArrival(true, 250, true), TestCase::Duration::QUICK);
        AddTestCase(new MutedAtArrival(true, 750, false), TestCase::Duration::QUICK);
        AddTestCase(new MutedAtArrival(false, 250, false), TestCase::Duration::QUICK);
        AddTestCase(new MutedAtArrival(false, 750, true), TestCase::Duration::QUICK);
        AddTestCase(new ArrivalAtEndOfField, TestCase::Duration::QUICK);
        AddTestCase(new Acquaintance, TestCase::Duration::QUICK);
    }
};

const TunedWifiTestSuite g_tunedWifiTestSuite;

} // namespace
