// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/cognitive-v2x/network.h"

#include "ns3/boolean.h"
#include "ns3/config.h"
#include "ns3/constant-position-mobility-model.h"
#include "ns3/double.h"
#include "ns3/propagation-delay-model.h"
#include "ns3/random-variable-stream.h"
#include "ns3/spectrum-wifi-helper.h"
#include "ns3/string.h"
#include "ns3/three-gpp-v2v-propagation-loss-model.h"
#include "ns3/wifi-helper.h"
#include "ns3/wifi-mac-helper.h"
#include "ns3/wifi-mac-queue.h"
#include "ns3/wifi-mac.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "scenarios/cognitive-v2x/streams.h"

namespace ns3::marl::cognitive_v2x
{

namespace
{

constexpr double VEHICLE_HEIGHT_M = 1.6; ///< of antennas: TR 37.885, clause 6.1.2, type 2
constexpr double ROADSIDE_HEIGHT_M = 5;  ///< of road side units, the same
constexpr double LEAST_LOSS_DB = 47.9;   ///< free space at 1 m: formulas of path loss know no limit below

Ptr<PropagationLossModel>
MakeLoss(const Settings& settings, bool shadowing)
{
    const auto condition = CreateObject<ManhattanConditionModel>();
    condition->SetGrid(settings.streets.grid);
    const auto loss = CreateObjectWithAttributes<ThreeGppV2vUrbanPropagationLossModel>(
        "Frequency", DoubleValue(Settings::CARRIER_HZ), "ShadowingEnabled", BooleanValue(shadowing));
    loss->SetChannelConditionModel(condition);
    return loss;
}

std::string
GetChannelSettings(uint32_t channel)
{
    return "{" + std::to_string(Settings::GetChannelNumber(channel)) + ", 10, BAND_5GHZ, 0}";
}

} // namespace

void
Network::SetAttributeDefaults()
{
    // The SNR alone decides what is heard; channels of 10 MHz have their thresholds 3 dB below those of 20 MHz.
    Config::SetDefault("ns3::ThresholdPreambleDetectionModel::MinimumRssi", DoubleValue(-95));
    Config::SetDefault("ns3::WifiPhy::CcaEdThreshold", DoubleValue(-65));
    Config::SetDefault("ns3::WifiPhy::CcaSensitivity", DoubleValue(-85));
}

Network::Network(const Settings& settings)
    : m_settings(settings),
      m_nodes(2 * (settings.pairs + settings.channels)),
      m_spectrum(CreateObject<MultiModelSpectrumChannel>()),
      m_loss(MakeLoss(settings, settings.shadowing)),
      m_expectedLoss(MakeLoss(settings, false)),
      m_matrix(CreateObject<MatrixPropagationLossModel>()),
      m_lossDb(m_nodes.GetN(), std::vector<double>(m_nodes.GetN(), 0))
{
    PlaceVehicles();
    PlacePrimaries();
    m_loss->AssignStreams(LOSS_STREAM);
    UpdateLosses();
    m_spectrum->AddPropagationLossModel(m_matrix);
    m_spectrum->SetPropagationDelayModel(CreateObject<ConstantSpeedPropagationDelayModel>());
    MakeRadios();
    MakePrimaries();
}

void
Network::PlaceVehicles()
{
    for (uint32_t pair = 0; pair < m_settings.pairs; pair++)
    {
        const int64_t stream = pair * PAIR_STREAMS;
        const auto route =
            std::make_shared<ManhattanRoute>(m_settings.streets, VEHICLE_HEIGHT_M, stream + ROUTE_STREAM);
        const auto drive = CreateObject<UniformRandomVariable>();
        drive->SetStream(stream + DRIVE_STREAM);
        const double speedMps = drive->GetValue(m_settings.speedMinMps, m_settings.speedMaxMps);
        const double gapM = drive->GetValue(m_settings.gapMinM, m_settings.gapMaxM);
        for (const auto& [vehicle, startM] : {std::pair(GetTransmitter(pair), 0.0), std::pair(GetReceiver(pair), gapM)})
        {
            const auto mobility = CreateObject<RouteMobilityModel>();
            mobility->SetRoute(route, startM, speedMps);
            m_nodes.Get(vehicle)->AggregateObject(mobility);
        }
    }
}

// A link lies along a street: the transmitter anywhere on it, the receiver on the side where there is room, or either.
void
Network::PlacePrimaries()
{
    const auto& streets = m_settings.streets;
    for (uint32_t channel = 0; channel < m_settings.channels; channel++)
    {
        const auto draw = CreateObject<UniformRandomVariable>();
        draw->SetStream(PRIMARY_STREAM + channel * PRIMARY_STREAMS + PLACE_STREAM);
        const double share = draw->GetValue();
        const double distanceM = draw->GetValue(m_settings.primaryDistanceMinM, m_settings.primaryDistanceMaxM);
        const bool forth = draw->GetValue() < 0.5;
        Vector place = streets.GetPlace(share);
        place.z = ROADSIDE_HEIGHT_M;
        Vector other = place;
        const bool alongY = share * streets.GetLengthM() < (streets.blocksX + 1) * streets.GetHeightM();
        double& coordinate = alongY ? other.y : other.x;
        const double lengthM = alongY ? streets.GetHeightM() : streets.GetWidthM();
        const bool hasRoom = forth ? coordinate + distanceM <= lengthM : coordinate - distanceM >= 0;
        coordinate += forth == hasRoom ? distanceM : -distanceM;
        for (const auto& [station, at] :
             {std::pair(GetPrimaryTransmitter(channel), place), std::pair(GetPrimaryReceiver(channel), other)})
        {
            const auto mobility = CreateObject<ConstantPositionMobilityModel>();
            mobility->SetPosition(at);
            m_nodes.Get(station)->AggregateObject(mobility);
        }
    }
}

void
Network::MakeRadios()
{
    NodeContainer vehicles;
    for (uint32_t vehicle = 0; vehicle < 2 * m_settings.pairs; vehicle++)
    {
        vehicles.Add(m_nodes.Get(vehicle));
    }
    SpectrumWifiPhyHelper phy;
    phy.SetChannel(m_spectrum);
    phy.Set("ChannelSettings", StringValue(GetChannelSettings(0)));
    phy.Set("TxPowerStart", DoubleValue(Settings::POWER_LOW_DBM));
    phy.Set("TxPowerEnd", DoubleValue(Settings::POWER_LOW_DBM));
    phy.Set("RxNoiseFigure", DoubleValue(m_settings.noiseFigureDb));
    WifiMacHelper mac;
    mac.SetType("ns3::AdhocWifiMac", "QosSupported", BooleanValue(false));
    const std::string rate = "OfdmRate" + std::to_string(m_settings.rateMbps) + "MbpsBW10MHz";
    const std::string ackRate = "OfdmRate" + std::to_string(GetOfdm10AckRate(m_settings.rateMbps)) + "MbpsBW10MHz";
    WifiHelper wifi;
    wifi.SetStandard(WIFI_STANDARD_80211p);
    wifi.SetRemoteStationManager(
        "ns3::ConstantRateWifiManager", "DataMode", StringValue(rate), "ControlMode", StringValue(ackRate));
    const auto installed = wifi.Install(phy, mac, vehicles);
    WifiHelper::AssignStreams(installed, RADIO_STREAM);
    for (uint32_t vehicle = 0; vehicle < installed.GetN(); vehicle++)
    {
        const auto radio = DynamicCast<WifiNetDevice>(installed.Get(vehicle));
        radio->GetMac()->GetTxopQueue(AC_BE_NQOS)->SetMaxDelay(m_settings.GetLifetime());
        m_radios.push_back(radio);
    }
}

void
Network::MakePrimaries()
{
    std::vector<uint32_t> transmitters;
    for (uint32_t channel = 0; channel < m_settings.channels; channel++)
    {
        transmitters.push_back(m_nodes.Get(GetPrimaryTransmitter(channel))->GetId());
    }
    for (uint32_t channel = 0; channel < m_settings.channels; channel++)
    {
        const auto join = [this, channel](uint32_t station) {
            const auto phy = CreateObject<LicensedPhy>();
            phy->Join(m_spectrum, m_nodes.Get(station), Settings::GetChannelHz(channel), Settings::CHANNEL_HZ);
            return phy;
        };
        const auto receiver = join(GetPrimaryReceiver(channel));
        receiver->Listen(transmitters);
        PrimaryUser user(m_settings.primaryOn, m_settings.primaryOff);
        user.AssignStreams(PRIMARY_STREAM + channel * PRIMARY_STREAMS + USER_STREAM);
        m_primaries.push_back(std::make_unique<PrimaryLink>(
            std::move(user), join(GetPrimaryTransmitter(channel)), receiver, m_settings.primaryPowerDbm));
    }
}

uint32_t
Network::GetTransmitter(uint32_t pair)
{
    return 2 * pair;
}

uint32_t
Network::GetReceiver(uint32_t pair)
{
    return 2 * pair + 1;
}

uint32_t
Network::GetPrimaryTransmitter(uint32_t channel) const
{
    return 2 * (m_settings.pairs + channel);
}

uint32_t
Network::GetPrimaryReceiver(uint32_t channel) const
{
    return GetPrimaryTransmitter(channel) + 1;
}

std::optional<uint32_t>
Network::FindPair(uint32_t node) const
{
    const uint32_t station = node - m_nodes.Get(0)->GetId(); // nodes are numbered in the order of their creation
    return station < 2 * m_settings.pairs ? std::optional(station / 2) : std::nullopt;
}

Ptr<WifiNetDevice>
Network::GetRadio(uint32_t vehicle) const
{
    return m_radios.at(vehicle);
}

PrimaryLink&
Network::GetPrimary(uint32_t channel)
{
    return *m_primaries.at(channel);
}

const PrimaryLink&
Network::GetPrimary(uint32_t channel) const
{
    return *m_primaries.at(channel);
}

Ptr<MobilityModel>
Network::GetMobility(uint32_t station) const
{
    return m_nodes.Get(station)->GetObject<MobilityModel>();
}

void
Network::UpdateLosses()
{
    for (uint32_t a = 0; a < m_nodes.GetN(); a++)
    {
        for (uint32_t b = a + 1; b < m_nodes.GetN(); b++)
        {
            const auto from = GetMobility(a);
            const auto to = GetMobility(b);
            m_lossDb[a][b] = m_lossDb[b][a] = std::max(LEAST_LOSS_DB, -m_loss->CalcRxPower(0, from, to));
            m_matrix->SetLoss(from, to, m_lossDb[a][b]);
        }
    }
}

double
Network::GetLossDb(uint32_t a, uint32_t b) const
{
    return m_lossDb.at(a).at(b);
}

double
Network::GetSnrDb(uint32_t from, uint32_t to, double powerDbm) const
{
    return powerDbm - GetLossDb(from, to) - m_settings.GetNoiseDbm();
}

double
Network::GetExpectedLossDb(uint32_t a, uint32_t b) const
{
    return std::max(LEAST_LOSS_DB, -m_expectedLoss->CalcRxPower(0, GetMobility(a), GetMobility(b)));
}

void
Network::Tune(uint32_t vehicle, uint32_t channel)
{
    const auto phy = m_radios.at(vehicle)->GetPhy();
    if (phy->GetChannelNumber() != Settings::GetChannelNumber(channel))
    {
        phy->SetAttribute("ChannelSettings", StringValue(GetChannelSettings(channel)));
    }
}

void
Network::SetPower(uint32_t vehicle, double powerDbm)
{
    const auto phy = m_radios.at(vehicle)->GetPhy();
    phy->SetAttribute("TxPowerStart", DoubleValue(powerDbm));
    phy->SetAttribute("TxPowerEnd", DoubleValue(powerDbm));
}

} // namespace ns3::marl::cognitive_v2x
