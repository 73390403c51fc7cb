// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/cognitive-v2x/accounts.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace ns3::marl::cognitive_v2x
{

namespace
{

double
ToW(double powerDbm)
{
    return std::pow(10, (powerDbm - 30) / 10);
}

/// NaN without anything to divide by: nothing to measure yet.
double
GetRatio(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

} // namespace

Accounts::Accounts(const Settings& settings, const std::vector<Agent>& agents)
    : m_settings(settings),
      m_agents(agents),
      m_sentOn(settings.channels, 0)
{
}

void
Accounts::Describe(Spec& spec)
{
    DescribeAges(spec);
    DescribeTransmissions(spec);
    DescribeSensing(spec);
    for (uint32_t channel = 0; channel < m_settings.channels; channel++)
    {
        spec.AddMetric({.name = "channel_" + std::to_string(channel) + "_share",
                        .unit = "1",
                        .description = "Of the updates that were to be sent",
                        .higherIsBetter = false,
                        .value = [this, channel] { return GetRatio(m_sentOn[channel], m_sent); }});
    }
}

void
Accounts::DescribeAges(Spec& spec)
{
    spec.AddMetric({.name = "aoi_mean_ticks",
                    .unit = "ticks",
                    .description = "Age of information at the receivers, mean over pairs and ends of ticks",
                    .higherIsBetter = false,
                    .value = [this] { return GetMeanAge(); }});
    spec.AddMetric({.name = "aoi_p95_ticks",
                    .unit = "ticks",
                    .description = "95 % of these ages are at most this",
                    .higherIsBetter = false,
                    .value = [this] { return GetAgeQuantile(0.95); }});
    spec.AddMetric({.name = "aoi_peak_ticks",
                    .unit = "ticks",
                    .description = "Mean age just before a fresher update arrives",
                    .higherIsBetter = false,
                    .value = [this] { return GetMeanPeak(); }});
}

void
Accounts::DescribeTransmissions(Spec& spec)
{
    spec.AddMetric({.name = "delivery_ratio",
                    .unit = "1",
                    .description = "Updates received over updates that were to be sent",
                    .value = [this] { return GetRatio(m_received, m_sent); }});
    spec.AddMetric({.name = "delivered_per_tick",
                    .unit = "1",
                    .description = "Updates received in a tick, all pairs together",
                    .value = [this] { return GetRatio(m_received, GetTicks()); }});
    spec.AddMetric({.name = "disturbance_ratio",
                    .unit = "1",
                    .description = "Share of the primary users' time on that their receivers are disturbed",
                    .higherIsBetter = false,
                    .value = [this] { return GetRatio(m_disturbed.GetSeconds(), m_on.GetSeconds()); }});
    spec.AddMetric({.name = "disturbance_per_update",
                    .unit = "1",
                    .description = "Time of disturbance over the air time of all updates sent",
                    .higherIsBetter = false,
                    .value = [this] {
                        return GetRatio(m_disturbed.GetSeconds(), m_sent * m_settings.GetFrameTime().GetSeconds());
                    }});
    spec.AddMetric({.name = "tx_power_dbm",
                    .unit = "dBm",
                    .description = "Mean power of the updates sent",
                    .higherIsBetter = false,
                    .value = [this] { return m_sent > 0 ? 10 * std::log10(m_powerW / m_sent) + 30 : NAN; }});
    spec.AddMetric({.name = "energy_per_update_j",
                    .unit = "J",
                    .description = "Emitted energy over updates received",
                    .higherIsBetter = false,
                    .value = [this] { return GetRatio(m_energyJ, m_received); }});
    spec.AddMetric({.name = "silent_share",
                    .unit = "1",
                    .description = "Share of the decisions to be silent",
                    .higherIsBetter = false,
                    .value = [this] { return GetRatio(m_decisions - m_sent, m_decisions); }});
}

void
Accounts::DescribeSensing(Spec& spec)
{
    spec.AddMetric({.name = "primary_on_share",
                    .unit = "1",
                    .description = "Share of the time that primary users transmit",
                    .higherIsBetter = false,
                    .value = [this] {
                        return GetRatio(m_on.GetSeconds(),
                                        static_cast<double>(m_settings.channels * GetTicks()) *
                                            m_settings.tick.GetSeconds());
                    }});
    spec.AddMetric({.name = "false_alarms",
                    .unit = "1",
                    .description = "Share of the sensings of free channels that find them busy",
                    .higherIsBetter = false,
                    .value = [this] { return GetRatio(m_falseAlarms, m_free); }});
    spec.AddMetric({.name = "missed_detections",
                    .unit = "1",
                    .description = "Share of the sensings of taken channels that find them free",
                    .higherIsBetter = false,
                    .value = [this] { return GetRatio(m_missed, m_taken); }});
}

void
Accounts::NoteTick(const PairTick& tick)
{
    m_ages.push_back(tick.ageTicks);
    m_decisions++;
    m_received += tick.interval.received;
    m_energyJ += tick.interval.energyJ;
    if (tick.interval.channel)
    {
        m_sent++;
        m_sentOn[*tick.interval.channel]++;
        m_powerW += ToW(tick.powerDbm);
    }
}

void
Accounts::NoteChannel(const Time& on, const Time& disturbed)
{
    m_on += on;
    m_disturbed += disturbed;
}

void
Accounts::NoteSensing(bool isOn, bool seemsBusy)
{
    (isOn ? m_taken : m_free)++;
    m_falseAlarms += !isOn && seemsBusy;
    m_missed += isOn && !seemsBusy;
}

double
Accounts::GetReward(const PairTick& tick) const
{
    const auto& weights = m_settings.reward;
    const Time exchange = m_settings.GetFrameTime() + m_settings.GetAcknowledgementTime() - OFDM10_SIFS;
    const double fullJ = ToW(m_settings.powerMaxDbm) * exchange.GetSeconds();
    return 100 * (1 - weights.age * std::min(1.0, tick.ageTicks / weights.ageReferenceTicks) -
                  weights.disturbance * (tick.disturbance / m_settings.GetFrameTime()).GetDouble() -
                  weights.power * tick.interval.energyJ / fullJ);
}

double
Accounts::GetMeanAge() const
{
    return GetRatio(std::accumulate(m_ages.begin(), m_ages.end(), 0.0), m_ages.size());
}

double
Accounts::GetAgeQuantile(double quantile) const
{
    if (m_ages.empty())
    {
        return NAN;
    }
    auto ages = m_ages;
    const auto rank = static_cast<std::ptrdiff_t>(std::ceil(quantile * static_cast<double>(ages.size()))) - 1;
    std::nth_element(ages.begin(), ages.begin() + rank, ages.end());
    return ages[rank];
}

double
Accounts::GetMeanPeak() const
{
    double sum = 0;
    double peaks = 0;
    for (const auto& agent : m_agents)
    {
        const auto& age = agent.pair->GetAge();
        sum += (age.GetMeanPeak() / m_settings.tick).GetDouble() * static_cast<double>(age.GetPeaks());
        peaks += static_cast<double>(age.GetPeaks());
    }
    return GetRatio(sum, peaks);
}

uint64_t
Accounts::GetTicks() const
{
    return m_decisions / m_settings.pairs;
}

} // namespace ns3::marl::cognitive_v2x
