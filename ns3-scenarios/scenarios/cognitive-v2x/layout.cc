// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/cognitive-v2x/layout.h"

#include <string>
#include <vector>

namespace ns3::marl::cognitive_v2x
{

namespace
{

constexpr double AGE_HIGH_TICKS = 20;
constexpr double RATIO_LOW_DB = -40;
constexpr double RATIO_HIGH_DB = 60;

std::vector<std::string>
Number(const std::string& name, uint32_t count)
{
    std::vector<std::string> names;
    for (uint32_t i = 0; i < count; i++)
    {
        names.push_back(name + std::to_string(i));
    }
    return names;
}

std::vector<Feature>
DescribeFeatures(const Settings& settings)
{
    const double widthM = settings.streets.GetWidthM();
    const double heightM = settings.streets.GetHeightM();
    const double laneM = settings.streets.laneM;
    const double speed = settings.speedMaxMps;
    std::vector<Feature> features{
        {"index_share", "1", 0, 1, false, "(i + 1/2) / N: tells pairs apart"},
        {"known_aoi_ticks",
         "ticks",
         0,
         AGE_HIGH_TICKS,
         true,
         "Age at the receiver, as far as updates were acknowledged"},
        {"sent", "1", 0, 1, false, "1: an update was on the air in the last tick"},
        {"acknowledged", "1", 0, 1, false, "1: it was acknowledged"},
        {"tx_power_dbm", "dBm", LOWEST_POWER_DBM, settings.powerMaxDbm, false, "Of the last update; 0 before"},
        {"link_snr_db", "dB", -10, 50, true, "At full power, as the last acknowledgement was heard"},
        {"link_age_ticks", "ticks", 0, AGE_HIGH_TICKS, true, "Age of this knowledge"},
        {"position_x_m", "m", -laneM, widthM + laneM, false, "Of the transmitter"},
        {"position_y_m", "m", -laneM, heightM + laneM, false, ""},
        {"velocity_x_mps", "m/s", -speed, speed, true, "Of the transmitter"},
        {"velocity_y_mps", "m/s", -speed, speed, true, ""},
    };
    for (const auto& channel : Number("channel_", settings.channels))
    {
        features.push_back({channel + "_energy_db", "dB", -2, 20, true, "Sensed before this tick, over the noise"});
        features.push_back({channel + "_seems_busy", "1", 0, 1, false, "1: that energy exceeds the threshold"});
        features.push_back({channel + "_excess_db",
                            "dB",
                            -30,
                            50,
                            true,
                            "By how much full power is too much for the primary receiver, by distance and streets"});
        features.push_back({channel + "_is_home", "1", 0, 1, false, "1: channel i mod C, i the number of the pair"});
        features.push_back({channel + "_was_used", "1", 0, 1, false, "1: the radio is tuned to it"});
        features.push_back({channel + "_busy_ratio",
                            "1",
                            0,
                            1,
                            false,
                            "Share of the last tick there in which the radio sent, received or sensed signals"});
        features.push_back({channel + "_overheard", "1", 0, 8, true, "Other pairs that were heard there then"});
        features.push_back({channel + "_listening_age_ticks",
                            "ticks",
                            0,
                            AGE_HIGH_TICKS,
                            true,
                            "Since the radio was there; the upper bound: never"});
    }
    return features;
}

Group
DescribePairs(const Settings& settings)
{
    Group group{"pairs", Number("pair_", settings.pairs), DescribeFeatures(settings), {}, {}};
    std::vector<std::string> choices{"silent"};
    Condition sends{CHANNEL_HEAD, {}};
    for (uint32_t channel = 0; channel < settings.channels; channel++)
    {
        choices.push_back("channel-" + std::to_string(channel));
        sends.choices.push_back(channel + 1);
    }
    group.discreteHeads = {{"channel", choices, SILENT, std::nullopt, "Where the update of this tick is sent"}};
    group.continuousHeads = {{"power",
                              "dBm",
                              LOWEST_POWER_DBM,
                              settings.powerMaxDbm,
                              settings.powerMaxDbm,
                              sends,
                              "Of the update and of what acknowledges it"}};
    return group;
}

StateBlock
DescribePairState(const Settings& settings)
{
    const double laneM = settings.streets.laneM;
    StateBlock block{"pair_state", Number("pair_", settings.pairs), {}};
    block.features = {
        {"aoi_ticks", "ticks", 0, AGE_HIGH_TICKS, true, "Age of information at the receiver"},
        {"link_snr_db", "dB", RATIO_LOW_DB, RATIO_HIGH_DB, true, "At the pair's receiver, at full power"},
        {"position_x_m", "m", -laneM, settings.streets.GetWidthM() + laneM, false, "Of the transmitter"},
        {"position_y_m", "m", -laneM, settings.streets.GetHeightM() + laneM, false, ""},
    };
    for (const auto& channel : Number("channel_", settings.channels))
    {
        block.features.push_back({channel + "_excess_db",
                                  "dB",
                                  RATIO_LOW_DB,
                                  RATIO_HIGH_DB,
                                  true,
                                  "By how much full power of either vehicle is too much for the primary receiver"});
    }
    for (const auto& channel : Number("channel_", settings.channels))
    {
        block.features.push_back({channel + "_primary_snr_db",
                                  "dB",
                                  RATIO_LOW_DB,
                                  RATIO_HIGH_DB,
                                  true,
                                  "Of the primary signal at the pair's receiver, whenever it is on"});
    }
    for (const auto& pair : Number("pair_", settings.pairs))
    {
        block.features.push_back({pair + "_snr_db",
                                  "dB",
                                  RATIO_LOW_DB,
                                  RATIO_HIGH_DB,
                                  true,
                                  "Of the transmitter at that pair's receiver, at full power"});
    }
    return block;
}

StateBlock
DescribeChannelState(const Settings& settings)
{
    return {"channel_state",
            Number("channel-", settings.channels),
            {
                {"is_on", "1", 0, 1, false, "1: the primary user transmits"},
                {"receiver_x_m", "m", 0, settings.streets.GetWidthM(), false, "Of the primary receiver"},
                {"receiver_y_m", "m", 0, settings.streets.GetHeightM(), false, ""},
            }};
}

} // namespace

Spec
DescribeLayout(const Settings& settings)
{
    Spec spec{"cognitive-v2x", settings.tick, settings.ticks, {DescribePairs(settings)}, {}, {}, {}};
    spec.state = {DescribePairState(settings), DescribeChannelState(settings)};
    spec.metrics = {
        {"aoi_mean_ticks", "ticks", "Age of information at the receivers, mean over pairs and ends of ticks", false},
        {"aoi_p95_ticks", "ticks", "95 % of these ages are at most this", false},
        {"aoi_peak_ticks", "ticks", "Mean age just before a fresher update arrives", false},
        {"delivery_ratio", "1", "Updates received over updates that were to be sent", true},
        {"delivered_per_tick", "1", "Updates received in a tick, all pairs together", true},
        {"disturbance_ratio", "1", "Share of the primary users' time on that their receivers are disturbed", false},
        {"disturbance_per_update", "1", "Time of disturbance over the air time of all updates sent", false},
        {"tx_power_dbm", "dBm", "Mean power of the updates sent", false},
        {"energy_per_update_j", "J", "Emitted energy over updates received", false},
        {"silent_share", "1", "Share of the decisions to be silent", false},
        {"primary_on_share", "1", "Share of the time that primary users transmit", false},
        {"false_alarms", "1", "Share of the sensings of free channels that find them busy", false},
        {"missed_detections", "1", "Share of the sensings of taken channels that find them free", false},
    };
    for (const auto& channel : Number("channel_", settings.channels))
    {
        spec.metrics.push_back({channel + "_share", "1", "Of the updates that were to be sent", false});
    }
    return spec;
}

} // namespace ns3::marl::cognitive_v2x
