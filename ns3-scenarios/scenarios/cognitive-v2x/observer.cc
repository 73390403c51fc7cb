// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/cognitive-v2x/observer.h"

#include "bridge/names.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <string>

namespace ns3::marl::cognitive_v2x
{

namespace
{

constexpr double AGE_HIGH_TICKS = 20;
constexpr double NEVER_TICKS = 1e6; ///< beyond the bound of any age
constexpr double RATIO_LOW_DB = -40;
constexpr double RATIO_HIGH_DB = 60;

} // namespace

Observer::Observer(const Settings& settings)
    : m_settings(settings)
{
}

void
Observer::Describe(Spec& spec, Group& pairs, const Heads& heads)
{
    m_heads = heads;
    DescribeOwn(pairs);
    for (uint32_t channel = 0; channel < m_settings.channels; channel++)
    {
        DescribeChannel(channel, pairs);
    }
    DescribePairState(spec, pairs);
    DescribeChannelState(spec);
}

void
Observer::DescribeOwn(Group& pairs)
{
    const auto add = [&](const Feature& feature, const auto& value) { return m_pairs.Add(pairs, feature, value); };
    add({.name = "index_share", .unit = "1", .description = "(i + 1/2) / N: tells pairs apart"},
        [this](const Network&, const Agent& agent) { return (agent.index + 0.5) / m_settings.pairs; });
    add({.name = "known_aoi_ticks",
         .unit = "ticks",
         .high = AGE_HIGH_TICKS,
         .saturating = true,
         .description = "Age at the receiver, as far as updates were acknowledged"},
        [this](const Network&, const Agent& agent) {
            return InTicks(agent.pair->GetKnownAge().GetAge(Simulator::Now()));
        });
    add({.name = "sent", .unit = "1", .description = "1: an update was on the air in the last tick"},
        [](const Network&, const Agent& agent) { return agent.last.interval.transmitted; });
    add({.name = "acknowledged", .unit = "1", .description = "1: it was acknowledged"},
        [](const Network&, const Agent& agent) { return agent.last.interval.acknowledged; });
    add({.name = "tx_power_dbm",
         .unit = "dBm",
         .low = Settings::POWER_LOW_DBM,
         .high = m_settings.powerMaxDbm,
         .description = "Of the last update; 0 before"},
        [](const Network&, const Agent& agent) { return agent.powerDbm; });
    m_linkSnr = add({.name = "link_snr_db",
                     .unit = "dB",
                     .low = -10,
                     .high = 50,
                     .saturating = true,
                     .description = "At full power, as the last acknowledgement was heard"},
                    [](const Network&, const Agent& agent) { return agent.linkSnrDb; });
    m_linkAge = add({.name = "link_age_ticks",
                     .unit = "ticks",
                     .high = AGE_HIGH_TICKS,
                     .saturating = true,
                     .description = "Age of this knowledge"},
                    [this](const Network&, const Agent& agent) {
                        return InTicks(Simulator::Now() - std::max(agent.linkMeasured, m_settings.tick));
                    });

    const double laneM = m_settings.streets.laneM;
    const double speedMps = m_settings.speedMaxMps;
    const auto transmitter = [](const Network& network, const Agent& agent) {
        return network.GetMobility(Network::GetTransmitter(agent.index));
    };
    add({.name = "position_x_m",
         .unit = "m",
         .low = -laneM,
         .high = m_settings.streets.GetWidthM() + laneM,
         .description = "Of the transmitter"},
        [=](const Network& network, const Agent& agent) { return transmitter(network, agent)->GetPosition().x; });
    add({.name = "position_y_m", .unit = "m", .low = -laneM, .high = m_settings.streets.GetHeightM() + laneM},
        [=](const Network& network, const Agent& agent) { return transmitter(network, agent)->GetPosition().y; });
    add({.name = "velocity_x_mps",
         .unit = "m/s",
         .low = -speedMps,
         .high = speedMps,
         .saturating = true,
         .description = "Of the transmitter"},
        [=](const Network& network, const Agent& agent) { return transmitter(network, agent)->GetVelocity().x; });
    add({.name = "velocity_y_mps", .unit = "m/s", .low = -speedMps, .high = speedMps, .saturating = true},
        [=](const Network& network, const Agent& agent) { return transmitter(network, agent)->GetVelocity().y; });
}

void
Observer::DescribeChannel(uint32_t channel, Group& pairs)
{
    const auto add = [&](Feature feature, const auto& value) {
        feature.name = "channel_" + std::to_string(channel) + "_" + feature.name;
        return m_pairs.Add(pairs, feature, value);
    };
    add({.name = "energy_db",
         .unit = "dB",
         .low = -2,
         .high = 20,
         .saturating = true,
         .description = "Sensed before this tick, over the noise"},
        [channel](const Network&, const Agent& agent) { return agent.channels[channel].energyDb; });
    m_seemsBusy.push_back(
        add({.name = "seems_busy", .unit = "1", .description = "1: that energy exceeds the threshold"},
            [channel](const Network&, const Agent& agent) { return agent.channels[channel].seemsBusy; }));
    add({.name = "excess_db",
         .unit = "dB",
         .low = -30,
         .high = 50,
         .saturating = true,
         .description = "By how much full power is too much for the primary receiver, by distance and streets"},
        [this, channel](const Network& network, const Agent& agent) {
            const auto primary = network.GetPrimaryReceiver(channel);
            const double lossDb = std::min(network.GetExpectedLossDb(Network::GetTransmitter(agent.index), primary),
                                           network.GetExpectedLossDb(Network::GetReceiver(agent.index), primary));
            const double toleratedDbm = m_settings.GetNoiseDbm() + m_settings.protectionDb;
            return m_settings.powerMaxDbm - lossDb - toleratedDbm;
        });
    add({.name = "is_home", .unit = "1", .description = "1: channel i mod C, i the number of the pair"},
        [this, channel](const Network&, const Agent& agent) { return channel == agent.index % m_settings.channels; });
    add({.name = "was_used", .unit = "1", .description = "1: the radio is tuned to it"},
        [channel](const Network&, const Agent& agent) { return channel == agent.tuned; });
    add({.name = "busy_ratio",
         .unit = "1",
         .description = "Share of the last tick there in which the radio sent, received or sensed signals"},
        [channel](const Network&, const Agent& agent) { return agent.channels[channel].busyRatio; });
    add({.name = "overheard",
         .unit = "1",
         .high = 8,
         .saturating = true,
         .description = "Other pairs that were heard there then"},
        [channel](const Network&, const Agent& agent) { return agent.channels[channel].overheard; });
    add({.name = "listening_age_ticks",
         .unit = "ticks",
         .high = AGE_HIGH_TICKS,
         .saturating = true,
         .description = "Since the radio was there; the upper bound: never"},
        [this, channel](const Network&, const Agent& agent) {
            const auto& listened = agent.channels[channel].listened;
            return listened ? InTicks(Simulator::Now() - *listened) : NEVER_TICKS;
        });
}

void
Observer::DescribePairState(Spec& spec, const Group& pairs)
{
    auto& block = spec.AddState("pair_state", pairs);
    const auto add = [&](const Feature& feature, const auto& value) { m_pairState.Add(block, feature, value); };
    const auto addRatio = [&](const std::string& name, const std::string& description, const auto& value) {
        add({.name = name,
             .unit = "dB",
             .low = RATIO_LOW_DB,
             .high = RATIO_HIGH_DB,
             .saturating = true,
             .description = description},
            value);
    };
    const double fullDbm = m_settings.powerMaxDbm;
    add({.name = "aoi_ticks",
         .unit = "ticks",
         .high = AGE_HIGH_TICKS,
         .saturating = true,
         .description = "Age of information at the receiver"},
        [this](const Network&, const Agent& agent) { return InTicks(agent.pair->GetAge().GetAge(Simulator::Now())); });
    addRatio(
        "link_snr_db", "At the pair's receiver, at full power", [fullDbm](const Network& network, const Agent& agent) {
            return network.GetSnrDb(Network::GetTransmitter(agent.index), Network::GetReceiver(agent.index), fullDbm);
        });
    const double laneM = m_settings.streets.laneM;
    add({.name = "position_x_m",
         .unit = "m",
         .low = -laneM,
         .high = m_settings.streets.GetWidthM() + laneM,
         .description = "Of the transmitter"},
        [](const Network& network, const Agent& agent) {
            return network.GetMobility(Network::GetTransmitter(agent.index))->GetPosition().x;
        });
    add({.name = "position_y_m", .unit = "m", .low = -laneM, .high = m_settings.streets.GetHeightM() + laneM},
        [](const Network& network, const Agent& agent) {
            return network.GetMobility(Network::GetTransmitter(agent.index))->GetPosition().y;
        });
    for (uint32_t channel = 0; channel < m_settings.channels; channel++)
    {
        addRatio("channel_" + std::to_string(channel) + "_excess_db",
                 "By how much full power of either vehicle is too much for the primary receiver",
                 [this, fullDbm, channel](const Network& network, const Agent& agent) {
                     const auto primary = network.GetPrimaryReceiver(channel);
                     const double snrDb =
                         std::max(network.GetSnrDb(Network::GetTransmitter(agent.index), primary, fullDbm),
                                  network.GetSnrDb(Network::GetReceiver(agent.index), primary, fullDbm));
                     return snrDb - m_settings.protectionDb;
                 });
    }
    for (uint32_t channel = 0; channel < m_settings.channels; channel++)
    {
        addRatio("channel_" + std::to_string(channel) + "_primary_snr_db",
                 "Of the primary signal at the pair's receiver, whenever it is on",
                 [this, channel](const Network& network, const Agent& agent) {
                     return network.GetSnrDb(network.GetPrimaryTransmitter(channel),
                                             Network::GetReceiver(agent.index),
                                             m_settings.primaryPowerDbm);
                 });
    }
    for (uint32_t other = 0; other < m_settings.pairs; other++)
    {
        addRatio("pair_" + std::to_string(other) + "_snr_db",
                 "Of the transmitter at that pair's receiver, at full power",
                 [fullDbm, other](const Network& network, const Agent& agent) {
                     return network.GetSnrDb(
                         Network::GetTransmitter(agent.index), Network::GetReceiver(other), fullDbm);
                 });
    }
}

void
Observer::DescribeChannelState(Spec& spec)
{
    auto& block = spec.AddState("channel_state", GetNumberedNames("channel-", m_settings.channels));
    std::vector<uint32_t> choices;
    for (uint32_t channel = 0; channel < m_settings.channels; channel++)
    {
        choices.push_back(Heads::GetChoice(channel));
    }
    block.AddChoicesOf(m_heads.channel, choices);
    const auto add = [&](const Feature& feature, const auto& value) { m_channelState.Add(block, feature, value); };
    add({.name = "is_on", .unit = "1", .description = "1: the primary user transmits"},
        [](const Network& network, uint32_t channel) {
            return network.GetPrimary(channel).GetUser().IsOn(Simulator::Now());
        });
    add({.name = "receiver_x_m",
         .unit = "m",
         .high = m_settings.streets.GetWidthM(),
         .description = "Of the primary receiver"},
        [](const Network& network, uint32_t channel) {
            return network.GetMobility(network.GetPrimaryReceiver(channel))->GetPosition().x;
        });
    add({.name = "receiver_y_m", .unit = "m", .high = m_settings.streets.GetHeightM()},
        [](const Network& network, uint32_t channel) {
            return network.GetMobility(network.GetPrimaryReceiver(channel))->GetPosition().y;
        });
}

double
Observer::InTicks(const Time& time) const
{
    return (time / m_settings.tick).GetDouble();
}

const FeatureHandle&
Observer::GetLinkSnr() const
{
    return m_linkSnr;
}

const FeatureHandle&
Observer::GetLinkAge() const
{
    return m_linkAge;
}

const FeatureHandle&
Observer::GetSeemsBusy(uint32_t channel) const
{
    return m_seemsBusy.at(channel);
}

void
Observer::Observe(const Network& network, const std::vector<Agent>& agents, Observation& observation) const
{
    for (const auto& agent : agents)
    {
        m_pairs.Fill(observation, agent.index, network, agent);
        m_pairState.Fill(observation, agent.index, network, agent);
        for (uint32_t channel = 0; channel < m_settings.channels && m_settings.masksSensed; channel++)
        {
            const bool isAllowed = !agent.channels[channel].seemsBusy;
            observation.Allow(m_heads.channel, agent.index, Heads::GetChoice(channel), isAllowed);
        }
    }
    for (uint32_t channel = 0; channel < m_settings.channels; channel++)
    {
        m_channelState.Fill(observation, channel, network, channel);
    }
}

} // namespace ns3::marl::cognitive_v2x
