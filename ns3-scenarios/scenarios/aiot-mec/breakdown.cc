// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/breakdown.h"

#include "models/power-level.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ns3::marl::aiot_mec
{

namespace
{

constexpr double NOTHING = std::numeric_limits<double>::quiet_NaN();

} // namespace

Breakdown::Breakdown(const Settings& settings, const World& world, const TaskStatistics& statistics)
    : m_settings(settings),
      m_world(world),
      m_statistics(statistics)
{
}

void
Breakdown::Describe(Spec& spec)
{
    spec.AddMetric({.name = "failed_uplink_lost",
                    .unit = "1",
                    .description = "Of failed_uplink_late: a missing fragment was on the air at least once",
                    .higherIsBetter = false,
                    .value = [this] { return GetEnded(TaskOutcome::UPLINK_LOST); }});
    spec.AddMetric({.name = "failed_uplink_expired",
                    .unit = "1",
                    .description = "Of failed_uplink_late: all missing fragments waited at the device",
                    .higherIsBetter = false,
                    .value = [this] { return GetEnded(TaskOutcome::UPLINK_EXPIRED); }});
    spec.AddMetric({.name = "failed_server_failed",
                    .unit = "1",
                    .description = "Failed tasks that a server dropped or refused because it was down",
                    .higherIsBetter = false,
                    .value = [this] { return GetEnded(TaskOutcome::SERVER_FAILED); }});
    spec.AddMetric({.name = "failed_device_dead",
                    .unit = "1",
                    .description = "Failed tasks of devices whose battery was empty before the deadline",
                    .higherIsBetter = false,
                    .value = [this] { return GetEnded(TaskOutcome::DEVICE_DEAD); }});
    spec.AddMetric({.name = "latency_mean_premium_s",
                    .unit = "s",
                    .description = "Of premium tasks, mean over completed ones",
                    .higherIsBetter = false,
                    .value = [this] { return m_statistics.GetMeanLatencyS(true); }});
    spec.AddMetric({.name = "latency_mean_standard_s",
                    .unit = "s",
                    .description = "Of the other tasks, mean over completed ones",
                    .higherIsBetter = false,
                    .value = [this] { return m_statistics.GetMeanLatencyS(false); }});
    spec.AddMetric({.name = "aoi_mean_premium_ticks",
                    .unit = "ticks",
                    .description = "Age of information that premium tasks alone bring",
                    .higherIsBetter = false,
                    .value = [this] { return GetMean(m_classAgeTicks[1]); }});
    spec.AddMetric({.name = "aoi_mean_standard_ticks",
                    .unit = "ticks",
                    .description = "Age of information that the other tasks alone bring",
                    .higherIsBetter = false,
                    .value = [this] { return GetMean(m_classAgeTicks[0]); }});
    spec.AddMetric({.name = "aoi_receipt_mean_ticks",
                    .unit = "ticks",
                    .description = "Since the last completion, mean over devices and ticks",
                    .higherIsBetter = false,
                    .value = [this] { return GetMean(m_receiptAgeTicks); }});
    spec.AddMetric({.name = "fragments_refused",
                    .unit = "1",
                    .description = "Reached a server that was down",
                    .higherIsBetter = false,
                    .value = [this] { return m_world.GetLedger().GetFragments().refused; }});
    spec.AddMetric({.name = "fragments_lost",
                    .unit = "1",
                    .description = "On the air at least once, but not at the server when their task ended",
                    .higherIsBetter = false,
                    .value = [this] { return m_world.GetLedger().GetFragments().lost; }});
    spec.AddMetric({.name = "fragments_expired",
                    .unit = "1",
                    .description = "Never on the air when their task ended",
                    .higherIsBetter = false,
                    .value = [this] { return m_world.GetLedger().GetFragments().expired; }});
    spec.AddMetric({.name = "fragments_on_the_way",
                    .unit = "1",
                    .description = "Sent and not received, of unresolved tasks",
                    .higherIsBetter = false,
                    .value = [this] { return m_world.GetLedger().GetFragments().onTheWay; }});
    spec.AddMetric({.name = "retries_best_effort",
                    .unit = "1",
                    .description = "Transmissions of fragments beyond the first one of each",
                    .higherIsBetter = false,
                    .value = [this] { return GetCounts(AC_BE).retries; }});
    spec.AddMetric({.name = "retries_video",
                    .unit = "1",
                    .description = "The same in the video access category",
                    .higherIsBetter = false,
                    .value = [this] { return GetCounts(AC_VI).retries; }});
    spec.AddMetric({.name = "unanswered_best_effort",
                    .unit = "1",
                    .description = "Data transmissions of devices without any acknowledgement",
                    .higherIsBetter = false,
                    .value = [this] { return GetCounts(AC_BE).unanswered; }});
    spec.AddMetric({.name = "unanswered_video",
                    .unit = "1",
                    .description = "The same in the video access category",
                    .higherIsBetter = false,
                    .value = [this] { return GetCounts(AC_VI).unanswered; }});
    spec.AddMetric({.name = "server_jobs_dropped",
                    .unit = "1",
                    .description = "Waiting or running at servers that failed",
                    .higherIsBetter = false,
                    .value = [this] { return GetDropped(); }});
    spec.AddMetric(
        {.name = "devices_alive", .unit = "1", .description = "Devices whose battery is not empty", .value = [this] {
             return GetAlive();
         }});
    spec.AddMetric({.name = "first_death_s",
                    .unit = "s",
                    .description = "Simulated time since tick 0 at which the first battery was found empty",
                    .value = [this] { return GetFirstDeathS(); }});
    spec.AddMetric({.name = "outage_probability",
                    .unit = "1",
                    .description = "Devices and ticks whose server of best mean SNR is below the threshold",
                    .higherIsBetter = false,
                    .value = [this] { return GetMean(m_outages); }});
}

bool
Breakdown::IsInOutage(uint32_t device) const
{
    const auto& network = m_world.GetNetwork();
    const auto& propagation = network.GetPropagation();
    uint32_t best = 0;
    for (uint32_t server = 1; server < m_settings.servers; server++)
    {
        if (propagation.GetMeanSnrDb(device, server) > propagation.GetMeanSnrDb(device, best))
        {
            best = server;
        }
    }
    const double backoffDb = MAXIMUM_POWER_DBM - m_settings.outagePowerDbm;
    return network.GetSnrDb(device, best) - backoffDb < m_settings.outageSnrDb;
}

void
Breakdown::Sample()
{
    const Time now = Simulator::Now();
    for (const auto& device : m_world.GetDevices())
    {
        m_samples++;
        m_outages += IsInOutage(device.index) ? 1 : 0;
        m_receiptAgeTicks += (device.age.GetReceiptAge(now) / m_settings.tick).GetDouble();
        for (uint32_t level = 0; level < device.classAges.size(); level++)
        {
            m_classAgeTicks[level] += (device.classAges[level].GetAge(now) / m_settings.tick).GetDouble();
        }
    }
}

double
Breakdown::GetMean(double sum) const
{
    return m_samples == 0 ? NOTHING : sum / static_cast<double>(m_samples);
}

uint64_t
Breakdown::GetEnded(TaskOutcome outcome) const
{
    return m_world.GetLedger().GetEnded(outcome);
}

FragmentWatch::Counts
Breakdown::GetCounts(AcIndex category) const
{
    FragmentWatch::Counts counts;
    for (const auto& device : m_world.GetDevices())
    {
        counts += device.client->GetWatch().GetCounts(category);
    }
    return counts;
}

uint64_t
Breakdown::GetDropped() const
{
    uint64_t dropped = 0;
    for (const auto& server : m_world.GetServers())
    {
        dropped += server.computer->GetDropped();
    }
    return dropped;
}

uint32_t
Breakdown::GetAlive() const
{
    return std::ranges::count_if(m_world.GetDevices(), [](const Device& device) { return !device.death; });
}

double
Breakdown::GetFirstDeathS() const
{
    double firstS = NOTHING;
    for (const auto& device : m_world.GetDevices())
    {
        if (device.death)
        {
            firstS = std::fmin(firstS, (*device.death - World::GetStart()).GetSeconds());
        }
    }
    return firstS;
}

} // namespace ns3::marl::aiot_mec
