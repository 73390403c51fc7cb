// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/slice-lte/accounts.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace ns3::marl::slice_lte
{

namespace
{

/// NaN without anything to divide by: nothing to measure yet.
double
GetRatio(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

} // namespace

Accounts::Accounts(const Settings& settings, const Ledger& ledger)
    : m_settings(settings),
      m_ledger(ledger)
{
}

void
Accounts::Describe(Spec& spec)
{
    for (const auto slice : ALL_SLICES)
    {
        DescribeSlice(slice, spec);
    }
    spec.AddMetric({.name = "embb_rate_bps",
                    .unit = "b/s",
                    .description = "Delivered to eMBB UEs in time, all together",
                    .value = [this] {
                        const auto jobs = static_cast<double>(m_ledger.GetEpisode(EMBB).inTime);
                        return GetRatio(8.0 * m_settings.services[EMBB].downBytes * jobs,
                                        m_sums[EMBB].intervals * m_settings.tick.GetSeconds());
                    }});
}

void
Accounts::DescribeSlice(Slice slice, Spec& spec)
{
    const std::string prefix = std::string(SLICE_NAMES.at(slice)) + "_";
    const auto& sums = m_sums[slice];
    spec.AddMetric({.name = prefix + "in_time_ratio",
                    .unit = "1",
                    .description = "Jobs within their bound over jobs decided",
                    .value = [this, slice] {
                        const auto& jobs = m_ledger.GetEpisode(slice);
                        const auto inTime = static_cast<double>(jobs.inTime);
                        return GetRatio(inTime, inTime + static_cast<double>(jobs.missed));
                    }});
    spec.AddMetric({.name = prefix + "latency_p95_s",
                    .unit = "s",
                    .description = "95 % of the jobs delivered in time take at most this",
                    .higherIsBetter = false,
                    .value = [this, slice] {
                        const auto& jobs = m_ledger.GetEpisode(slice);
                        return jobs.latenciesS.empty() ? NAN : jobs.GetLatencyQuantile(0.95);
                    }});
    spec.AddMetric({.name = prefix + "satisfaction", .unit = "1", .description = "Mean over ticks", .value = [&sums] {
                        return GetRatio(sums.satisfaction, sums.intervals);
                    }});
    spec.AddMetric({.name = prefix + "radio_held",
                    .unit = "1",
                    .description = "Share of the downlink, mean over ticks",
                    .higherIsBetter = false,
                    .value = [&sums] { return GetRatio(sums.radioHeld, sums.intervals); }});
    spec.AddMetric({.name = prefix + "cpu_share",
                    .unit = "1",
                    .description = "Share of the edge CPU, mean over ticks",
                    .higherIsBetter = false,
                    .value = [&sums] { return GetRatio(sums.cpuShare, sums.intervals); }});
}

void
Accounts::NoteInterval(Slice slice, const SliceStatus& status)
{
    auto& sums = m_sums[slice];
    sums.satisfaction += status.satisfaction;
    sums.radioHeld += status.radioHeld;
    sums.cpuShare += status.cpuShare;
    sums.intervals++;
}

double
Accounts::GetSatisfaction(Slice slice, const Ledger::Count& jobs) const
{
    const auto inTime = static_cast<double>(jobs.inTime);
    if (slice == EMBB)
    {
        return jobs.created > 0 ? std::min(1.0, inTime / static_cast<double>(jobs.created)) : 1;
    }
    const auto missed = static_cast<double>(jobs.missed);
    const double missedShare = missed > 0 ? missed / (inTime + missed) : 0;
    return slice == URLLC ? std::max(0.0, 1 - missedShare / m_settings.urllcTolerance) : 1 - missedShare;
}

double
Accounts::GetReward(const SliceStatus& status) const
{
    return 100 *
           (status.satisfaction - m_settings.radioPrice * status.radioHeld - m_settings.cpuPrice * status.cpuShare);
}

} // namespace ns3::marl::slice_lte
