// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Frames of 802.11p on channels of 10 MHz: time on the air against the standard, losses to noise against published shares.

#include "models/ofdm-air-time.h"

#include "ns3/boolean.h"
#include "ns3/constant-position-mobility-model.h"
#include "ns3/double.h"
#include "ns3/error-rate-tables.h"
#include "ns3/multi-model-spectrum-channel.h"
#include "ns3/nist-error-rate-model.h"
#include "ns3/node-container.h"
#include "ns3/preamble-detection-model.h"
#include "ns3/propagation-loss-model.h"
#include "ns3/simulator.h"
#include "ns3/spectrum-wifi-helper.h"
#include "ns3/string.h"
#include "ns3/wifi-helper.h"
#include "ns3/wifi-mac-helper.h"
#include "ns3/wifi-net-device.h"
#include "ns3/wifi-phy-state-helper.h"

#include <array>
#include <cmath>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "scenarios/cognitive-v2x/network.h"
#include "validation/statistics.h"
#include "validation/topics.h"

namespace ns3::marl::validation
{

namespace
{

constexpr double POWER_DBM = 20;

/// Two radios as cognitive-v2x has them, a fixed loss apart. One sends broadcasts.
class Link11p
{
  public:
    /// \param detects whether a preamble must be detected, as in the scenario
    Link11p(uint32_t rateMbps, double snrDb, bool isNist, bool detects)
    {
        const cognitive_v2x::Settings settings;
        const double noiseDbm = settings.GetNoiseDbm();
        NodeContainer nodes(2);
        for (const double xM : {0.0, 10.0})
        {
            const auto mobility = CreateObject<ConstantPositionMobilityModel>();
            mobility->SetPosition({xM, 0, 0});
            nodes.Get(xM > 0 ? 1 : 0)->AggregateObject(mobility);
        }
        const auto loss = CreateObject<MatrixPropagationLossModel>();
        loss->SetDefaultLoss(POWER_DBM - noiseDbm - snrDb);
        const auto spectrum = CreateObject<MultiModelSpectrumChannel>();
        spectrum->AddPropagationLossModel(loss);
        SpectrumWifiPhyHelper phy;
        phy.SetChannel(spectrum);
        phy.Set("ChannelSettings", StringValue("{172, 10, BAND_5GHZ, 0}"));
        phy.Set("TxPowerStart", DoubleValue(POWER_DBM));
        phy.Set("TxPowerEnd", DoubleValue(POWER_DBM));
        if (isNist)
        {
            phy.SetErrorRateModel("ns3::NistErrorRateModel");
        }
        phy.SetPreambleDetectionModel("ns3::ThresholdPreambleDetectionModel", "MinimumRssi", DoubleValue(-95));
        WifiMacHelper mac;
        mac.SetType("ns3::AdhocWifiMac", "QosSupported", BooleanValue(false));
        WifiHelper wifi;
        wifi.SetStandard(WIFI_STANDARD_80211p);
        wifi.SetRemoteStationManager("ns3::ConstantRateWifiManager",
                                     "NonUnicastMode",
                                     StringValue("OfdmRate" + std::to_string(rateMbps) + "MbpsBW10MHz"));
        const auto radios = wifi.Install(phy, mac, nodes);
        WifiHelper::AssignStreams(radios, 900);
        m_sender = DynamicCast<WifiNetDevice>(radios.Get(0));
        const auto receiver = DynamicCast<WifiNetDevice>(radios.Get(1));
        if (!detects)
        {
            receiver->GetPhy()->SetPreambleDetectionModel(nullptr);
        }
        receiver->SetReceiveCallback(Callback<bool, Ptr<NetDevice>, Ptr<const Packet>, uint16_t, const Address&>(
            [this](Ptr<NetDevice>, Ptr<const Packet>, uint16_t, const Address&) {
                m_received++;
                return true;
            }));
        m_sender->GetPhy()->GetState()->TraceConnectWithoutContext(
            "State", Callback<void, Time, Time, WifiPhyState>([this](Time, Time duration, WifiPhyState state) {
                m_airTime = state == WifiPhyState::TX ? duration : m_airTime;
            }));
        receiver->GetPhy()->TraceConnectWithoutContext(
            "MonitorSnifferRx",
            Callback<void, Ptr<const Packet>, uint16_t, WifiTxVector, MpduInfo, SignalNoiseDbm, uint16_t>(
                [this](Ptr<const Packet>, uint16_t, WifiTxVector, MpduInfo, SignalNoiseDbm strength, uint16_t) {
                    m_snrDb = strength.signal - strength.noise;
                }));
    }

    ~Link11p()
    {
        Simulator::Destroy();
    }

    Link11p(const Link11p&) = delete;
    Link11p& operator=(const Link11p&) = delete;

    /// \param frameBytes MAC header and check sum included \return share that arrived
    double Send(uint32_t frames, uint32_t frameBytes)
    {
        for (uint32_t i = 0; i < frames; i++)
        {
            m_sender->Send(Create<Packet>(frameBytes - MAC_BYTES - LLC_BYTES), m_sender->GetBroadcast(), 0x88dc);
            Simulator::Stop(MilliSeconds(10));
            Simulator::Run();
        }
        return static_cast<double>(m_received) / frames;
    }

    Time GetAirTime() const ///< of the last frame
    {
        return m_airTime;
    }

    double GetSnrDb() const ///< of the last frame that was received
    {
        return m_snrDb;
    }

  private:
    Ptr<WifiNetDevice> m_sender;
    uint32_t m_received{0};
    Time m_airTime;
    double m_snrDb{0};
};

void
AddAirTimes(Report& report)
{
    for (const uint32_t rate : {3, 6, 9, 12, 18, 24, 27})
    {
        Link11p link(rate, 40, false, true);
        link.Send(1, 1636);
        // 1636 B are 13 088 bits, and 22 bits of service and tail; a symbol of 8 us carries 8 bits per Mb/s.
        const double expectedUs = 40 + 8 * std::ceil((22.0 + 8 * 1636) / (8 * rate));
        report.Add({std::to_string(rate) + " Mb/s, air time of a frame of 1636 B",
                    "us",
                    expectedUs,
                    "40 us + 8 us ceil((22 + 8 L)/N_DBPS), IEEE 802.11-2020, 17.4.3",
                    link.GetAirTime().GetSeconds() * 1e6,
                    4.001,
                    "ns-3 pads to half symbols",
                    {}});
        report.Add({std::to_string(rate) + " Mb/s, the same by GetOfdm10AirTime",
                    "us",
                    expectedUs,
                    "the same",
                    GetOfdm10AirTime(rate, 1636).GetSeconds() * 1e6,
                    1e-6,
                    "arithmetic",
                    {}});
    }
}

struct Success
{
    double snrDb;
    double share;
};

/// NIST: 3 and 6 Mb/s are modulated and coded as 6 and 12 Mb/s on 20 MHz, of which the figures are.
void
AddNist(Report& report, uint32_t frames)
{
    struct Series
    {
        uint32_t rateMbps;
        std::vector<Success> shares;
    };

    for (const auto& [rate, shares] :
         {Series{3, {{3, 0.020}, {4, 0.885}, {5, 0.997}}}, Series{6, {{6, 0.0174}, {7, 0.881}, {8, 0.997}}}})
    {
        for (const auto& [snrDb, share] : shares)
        {
            Link11p link(rate, snrDb, true, false);
            std::ostringstream name;
            name << rate << " Mb/s, NIST";
            const double received = link.Send(frames, 2000);
            // A receiver decodes whole symbols, and errors are independent from bit to bit.
            const double bits = std::ceil((22.0 + 8 * 2000) / (8 * rate)) * 8 * rate;
            const double expected = std::pow(share, bits / (8 * 2000));
            report.Add({name.str() + ", success of 2000 B at " + std::to_string(static_cast<int>(snrDb)) + " dB",
                        "1",
                        expected,
                        "ns-3 error-rate test, NIST model (Miller 2003)",
                        received,
                        SIGMAS * GetBinomialError(expected, frames) + 0.0005 + 0.02 * (1 - expected) * expected / 0.1,
                        "4 binomial standard errors, rounding, 0.02 dB of the transmit mask",
                        Place{"frames-11p", name.str(), snrDb}});
        }
    }
}

/// What the scenario has: ns-3's tables.
void
AddTables(Report& report, uint32_t frames)
{
    constexpr uint32_t BYTES = 1458;
    constexpr uint32_t QPSK_HALF = 1; // MCS of the same modulation and code
    const auto& table = AwgnErrorTableBcc1458[QPSK_HALF];
    Curve curve{"frames-11p", "6 Mb/s, as in the scenario", {}, {}};
    for (const auto& [snrDb, perTable] : table)
    {
        if (double(snrDb) >= 1 && double(snrDb) <= 9)
        {
            curve.x.push_back(double(snrDb));
            curve.y.push_back(1 - perTable);
        }
    }
    report.Add(curve);
    for (const auto& [snrDb, perTable] : table)
    {
        const double share = 1 - perTable;
        if (share < 0.05 || share > 0.995)
        {
            continue;
        }
        Link11p link(6, double(snrDb), false, false);
        std::ostringstream name;
        name << "6 Mb/s, as in the scenario, success of 1458 B at " << double(snrDb) << " dB";
        const double received = link.Send(frames, BYTES);
        report.Add({name.str(),
                    "1",
                    share,
                    "tables (Patidar et al. 2017), QPSK 1/2",
                    received,
                    SIGMAS * GetBinomialError(share, frames) + 0.02,
                    "4 binomial standard errors, and 0.02 dB of the transmit mask on the slope",
                    Place{"frames-11p", curve.series, double(snrDb)}});
        if (received > 0)
        {
            report.Add({"SNR that the receiver reports then",
                        "dB",
                        double(snrDb),
                        "set",
                        link.GetSnrDb(),
                        0.1,
                        "power outside of the channel by the transmit mask",
                        {}});
        }
    }
    for (const auto& [snrDb, share] : {Success{3.8, 0}, Success{6, 1}})
    {
        Link11p link(6, snrDb, false, true);
        std::ostringstream name;
        name << "6 Mb/s, as in the scenario, success at " << snrDb << " dB with the detection of preambles";
        report.Add({name.str(),
                    "1",
                    share,
                    "ns-3's threshold of 4 dB",
                    link.Send(frames / 10, BYTES),
                    0.01,
                    "nearly all or nothing",
                    {}});
    }
}

} // namespace

void
ValidateFrames11p(Report& report, Effort effort)
{
    const uint32_t frames = effort == Effort::FULL ? 10'000 : 1000;
    AddAirTimes(report);
    AddNist(report, frames);
    AddTables(report, frames);
}

} // namespace ns3::marl::validation
