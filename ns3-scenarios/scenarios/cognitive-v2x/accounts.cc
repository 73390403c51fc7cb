// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/cognitive-v2x/accounts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "scenarios/cognitive-v2x/layout.h"

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

Accounts::Accounts(const Settings& settings)
    : m_settings(settings),
      m_sentOn(settings.channels, 0)
{
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

void
Accounts::FillMetrics(uint64_t ticks, double meanPeak, std::span<double> metrics) const
{
    const auto sent = static_cast<double>(m_sent);
    const auto received = static_cast<double>(m_received);
    std::vector<double> ages = m_ages;
    if (!ages.empty())
    {
        const auto rank = static_cast<std::ptrdiff_t>(std::ceil(0.95 * static_cast<double>(ages.size()))) - 1;
        std::nth_element(ages.begin(), ages.begin() + rank, ages.end());
        metrics[AOI_P95] = ages[rank];
    }
    metrics[AOI_MEAN] = GetRatio(std::accumulate(ages.begin(), ages.end(), 0.0), static_cast<double>(ages.size()));
    metrics[AOI_PEAK] = meanPeak;
    metrics[DELIVERY_RATIO] = GetRatio(received, sent);
    metrics[DELIVERED_PER_TICK] = GetRatio(received, static_cast<double>(ticks));
    metrics[DISTURBANCE_RATIO] = GetRatio(m_disturbed.GetSeconds(), m_on.GetSeconds());
    metrics[DISTURBANCE_PER_UPDATE] = GetRatio(m_disturbed.GetSeconds(), sent * m_settings.GetFrameTime().GetSeconds());
    metrics[TX_POWER] = m_sent > 0 ? 10 * std::log10(m_powerW / sent) + 30 : NAN;
    metrics[ENERGY_PER_UPDATE] = GetRatio(m_energyJ, received);
    metrics[SILENT_SHARE] = GetRatio(static_cast<double>(m_decisions - m_sent), static_cast<double>(m_decisions));
    metrics[PRIMARY_ON_SHARE] =
        GetRatio(m_on.GetSeconds(), m_settings.channels * static_cast<double>(ticks) * m_settings.tick.GetSeconds());
    metrics[FALSE_ALARMS] = GetRatio(static_cast<double>(m_falseAlarms), static_cast<double>(m_free));
    metrics[MISSED_DETECTIONS] = GetRatio(static_cast<double>(m_missed), static_cast<double>(m_taken));
    for (uint32_t channel = 0; channel < m_settings.channels; channel++)
    {
        metrics[COMMON_METRICS + channel] = GetRatio(static_cast<double>(m_sentOn[channel]), sent);
    }
}

} // namespace ns3::marl::cognitive_v2x
