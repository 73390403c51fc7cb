// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/cognitive-v2x/settings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <string>
#include <utility>

#include "scenarios/cognitive-v2x/update-header.h"

namespace ns3::marl::cognitive_v2x
{

namespace
{

constexpr double THERMAL_NOISE_W_PER_HZ = 1.3803e-23 * 290; ///< as ns-3's InterferenceHelper has it
constexpr std::array<uint32_t, 7> RATES_MBPS{3, 6, 9, 12, 18, 24, 27};
constexpr uint32_t MOST_BYTES = 2304; ///< of an MSDU, LLC header included

void
Require(bool holds, const std::string& rule)
{
    if (!holds)
    {
        throw Error(FaultKind::CONFIG, "cognitive-v2x needs " + rule + "; mend the arguments");
    }
}

} // namespace

const Time Settings::TUNING = MicroSeconds(300);

void
Settings::AddArguments(Arguments& arguments)
{
    arguments.Add("preset", "default (8 pairs) or dense (16 pairs); other arguments override it", m_preset);
    arguments.Add("pairs", "Number of vehicle pairs N, at least 1", m_pairs);
    arguments.Add("channels", "Number of licensed channels C, 1 to 7", channels);
    arguments.Add("tick", "Time between two decisions, in which a pair sends one update", tick);
    arguments.Add("ticks", "Actions in an episode", ticks);

    arguments.Add("blocksX", "Blocks of 250 m between streets along y", streets.blocksX);
    arguments.Add("blocksY", "Blocks of 433 m between streets along x", streets.blocksY);
    arguments.Add("speedMin", "Slowest pair [m/s]", speedMinMps);
    arguments.Add("speedMax", "Fastest pair [m/s]", speedMaxMps);
    arguments.Add("gapMin", "Shortest way from a transmitter to the receiver ahead of it [m]", gapMinM);
    arguments.Add("gapMax", "Longest one [m]", gapMaxM);

    arguments.Add("primaryOn", "Mean time that a primary user stays on (exponential)", m_primaryOn);
    arguments.Add("primaryOff", "Mean time that it stays off (exponential)", m_primaryOff);
    arguments.Add("primaryPower", "Of a primary transmitter [dBm]", primaryPowerDbm);
    arguments.Add("primaryDistanceMin", "Shortest primary link, along a street [m]", primaryDistanceMinM);
    arguments.Add("primaryDistanceMax", "Longest one [m]", primaryDistanceMaxM);
    arguments.Add("protection", "Interference over noise that a primary receiver tolerates [dB]", protectionDb);

    arguments.Add("sensing", "Silent time at the end of a tick, shared among the sensed channels", sensing);
    arguments.Add("falseAlarm", "Probability that a free channel seems busy", falseAlarm);
    arguments.Add("mask", "none, or sensed: channels that seem busy are not allowed", m_mask);

    arguments.Add("rate", "Of the updates: 3, 6, 9, 12, 18, 24 or 27 Mb/s", rateMbps);
    arguments.Add("updateBytes", "Size of an update", updateBytes);
    arguments.Add("jitter", "Longest delay between decision and channel access", jitter);
    arguments.Add("powerMax", "Highest transmit power [dBm]; the lowest is 0", powerMaxDbm);
    arguments.Add("noiseFigure", "Of all receivers [dB]", noiseFigureDb);
    arguments.Add("shadowing", "Whether links are shadowed", shadowing);

    arguments.Add("rewardAge", "Reward weight of the age of information", reward.age);
    arguments.Add("rewardDisturbance", "Reward weight of disturbing a primary receiver", reward.disturbance);
    arguments.Add("rewardPower", "Reward weight of the transmitted energy", reward.power);
    arguments.Add("ageReference", "Age that costs the whole weight [ticks]", reward.ageReferenceTicks);
}

void
Settings::ApplyPreset()
{
    if (m_preset == "dense")
    {
        SetUnlessGiven(m_pairs, 16U);
    }
    else
    {
        Require(m_preset == "default", "--preset=default or dense");
    }
    Require(m_mask == "none" || m_mask == "sensed", "--mask=none or sensed");
    pairs = m_pairs.value;
    primaryOn = m_primaryOn.value;
    primaryOff = m_primaryOff.value;
    masksSensed = m_mask == "sensed";
}

void
Settings::Resolve()
{
    ApplyPreset();
    Check();
}

void
Settings::Check() const
{
    Require(pairs >= 1, "at least 1 of --pairs");
    Require(channels >= 1 && channels <= MOST_CHANNELS, "1 to 7 --channels");
    Require(ticks >= 1, "at least 1 of --ticks");
    Require(streets.blocksX >= 1 && streets.blocksY >= 1, "at least one block each way");
    Require(speedMinMps > 0 && speedMaxMps >= speedMinMps, "speeds above 0 m/s, --speedMin up to --speedMax");
    Require(speedMaxMps <= 1000, "a --speedMax of at most 1000 m/s");
    Require(gapMinM >= 5 && gapMaxM >= gapMinM, "gaps of at least 5 m, --gapMin up to --gapMax");
    Require(gapMaxM <= 1000, "a --gapMax of at most 1000 m");
    Require(primaryOn.IsStrictlyPositive() && primaryOff.IsStrictlyPositive(),
            "--primaryOn and --primaryOff above 0 s");
    Require(primaryDistanceMinM >= 5 && primaryDistanceMaxM >= primaryDistanceMinM,
            "primary links of at least 5 m, --primaryDistanceMin up to --primaryDistanceMax");
    Require(primaryDistanceMaxM <= std::min(streets.GetWidthM(), streets.GetHeightM()) / 2,
            "a --primaryDistanceMax of at most half of the shorter street");
    Require(falseAlarm > 0 && falseAlarm < 1, "--falseAlarm between 0 and 1");
    Require(sensing >= MicroSeconds(10) * channels, "--sensing of at least 10 us for each channel");
    Require(std::ranges::find(RATES_MBPS, rateMbps) != RATES_MBPS.end(), "--rate=3, 6, 9, 12, 18, 24 or 27");
    Require(updateBytes >= UpdateHeader::BYTES && updateBytes <= MOST_BYTES - LLC_BYTES,
            "--updateBytes from " + std::to_string(UpdateHeader::BYTES) + " to " +
                std::to_string(MOST_BYTES - LLC_BYTES));
    for (const auto& [name, weight] : std::initializer_list<std::pair<std::string, double>>{
             {"rewardAge", reward.age}, {"rewardDisturbance", reward.disturbance}, {"rewardPower", reward.power}})
    {
        Require(std::fabs(weight) <= 1e6, "a --" + name + " between -1000000 and 1000000");
    }
    Require(powerMaxDbm > 0 && powerMaxDbm <= 33, "--powerMax above 0 and up to 33 dBm");
    Require(!jitter.IsStrictlyNegative(), "--jitter from 0 s on");
    Require(GetLifetime().IsStrictlyPositive(),
            "a --tick in which tuning, --jitter, an update and --sensing have room; with these arguments more than " +
                std::to_string((tick - GetLifetime()).GetMicroSeconds()) + " us");
    Require(reward.ageReferenceTicks > 0, "an --ageReference above 0 ticks");
}

double
Settings::GetNoiseDbm() const
{
    return 10 * std::log10(THERMAL_NOISE_W_PER_HZ * CHANNEL_HZ * 1000) + noiseFigureDb;
}

Time
Settings::GetFrameTime() const
{
    return GetOfdm10AirTime(rateMbps, MAC_BYTES + LLC_BYTES + updateBytes);
}

Time
Settings::GetAcknowledgementTime() const
{
    return OFDM10_SIFS + GetOfdm10AirTime(GetOfdm10AckRate(rateMbps), ACK_BYTES);
}

Time
Settings::GetLifetime() const
{
    return tick - TUNING - jitter - GetFrameTime() - GetAcknowledgementTime() - sensing;
}

double
Settings::GetChannelHz(uint32_t channel)
{
    return 5e9 + 5e6 * GetChannelNumber(channel);
}

uint8_t
Settings::GetChannelNumber(uint32_t channel)
{
    return static_cast<uint8_t>(172 + 2 * channel);
}

} // namespace ns3::marl::cognitive_v2x
