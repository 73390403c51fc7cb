// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/breakdown.h"

#include "models/power-level.h"

#include "ns3/simulator.h"

#include <cmath>
#include <limits>

namespace ns3::marl::aiot_mec
{

namespace
{

constexpr double NOTHING = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<TaskOutcome, 4> CAUSES{TaskOutcome::UPLINK_LOST,
                                            TaskOutcome::UPLINK_EXPIRED,
                                            TaskOutcome::SERVER_FAILED,
                                            TaskOutcome::DEVICE_DEAD};

} // namespace

Breakdown::Breakdown(const Settings& settings)
    : m_settings(settings)
{
}

std::vector<Metric>
Breakdown::DescribeMetrics()
{
    return {
        {"failed_uplink_lost", "1", "Of failed_uplink_late: a missing fragment was on the air at least once", false},
        {"failed_uplink_expired", "1", "Of failed_uplink_late: all missing fragments waited at the device", false},
        {"failed_server_failed", "1", "Failed tasks that a server dropped or refused because it was down", false},
        {"failed_device_dead", "1", "Failed tasks of devices whose battery was empty before the deadline", false},
        {"latency_mean_premium_s", "s", "Of premium tasks, mean over completed ones", false},
        {"latency_mean_standard_s", "s", "Of the other tasks, mean over completed ones", false},
        {"aoi_mean_premium_ticks", "ticks", "Age of information that premium tasks alone bring", false},
        {"aoi_mean_standard_ticks", "ticks", "Age of information that the other tasks alone bring", false},
        {"aoi_receipt_mean_ticks", "ticks", "Since the last completion, mean over devices and ticks", false},
        {"fragments_refused", "1", "Reached a server that was down", false},
        {"fragments_lost", "1", "On the air at least once, but not at the server when their task ended", false},
        {"fragments_expired", "1", "Never on the air when their task ended", false},
        {"fragments_on_the_way", "1", "Sent and not received, of unresolved tasks", false},
        {"retries_best_effort", "1", "Transmissions of fragments beyond the first one of each", false},
        {"retries_video", "1", "The same in the video access category", false},
        {"unanswered_best_effort", "1", "Data transmissions of devices without any acknowledgement", false},
        {"unanswered_video", "1", "The same in the video access category", false},
        {"server_jobs_dropped", "1", "Waiting or running at servers that failed", false},
        {"devices_alive", "1", "Devices whose battery is not empty", true},
        {"first_death_s", "s", "Simulated time since tick 0 at which the first battery was found empty", true},
        {"outage_probability", "1", "Devices and ticks whose server of best mean SNR is below the threshold", false},
    };
}

bool
Breakdown::IsInOutage(const World& world, uint32_t device) const
{
    const auto& network = world.GetNetwork();
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
Breakdown::Sample(const World& world)
{
    const Time now = Simulator::Now();
    const auto& devices = world.GetDevices();
    for (uint32_t index = 0; index < devices.size(); index++)
    {
        const auto& device = devices[index];
        m_outages += IsInOutage(world, index) ? 1 : 0;
        m_receiptAgeTicks += (device.age.GetReceiptAge(now) / m_settings.tick).GetDouble();
        for (uint32_t level = 0; level < device.classAges.size(); level++)
        {
            m_classAgeTicks[level] += (device.classAges[level].GetAge(now) / m_settings.tick).GetDouble();
        }
    }
    m_samples += devices.size();
}

std::vector<double>
Breakdown::GetMetrics(const World& world, const TaskStatistics& statistics) const
{
    const auto count = [](auto value) { return static_cast<double>(value); };
    const auto mean = [this](double sum) { return m_samples == 0 ? NOTHING : sum / static_cast<double>(m_samples); };
    std::vector<double> metrics;
    for (const auto cause : CAUSES)
    {
        metrics.push_back(count(world.GetLedger().GetEnded(cause)));
    }
    FragmentWatch::Counts bestEffort;
    FragmentWatch::Counts video;
    uint32_t alive = 0;
    double firstDeathS = NOTHING;
    for (const auto& device : world.GetDevices())
    {
        bestEffort += device.client->GetWatch().GetCounts(AC_BE);
        video += device.client->GetWatch().GetCounts(AC_VI);
        alive += device.death ? 0 : 1;
        if (device.death)
        {
            firstDeathS = std::fmin(firstDeathS, (*device.death - World::GetStart()).GetSeconds());
        }
    }
    uint64_t dropped = 0;
    for (const auto& server : world.GetServers())
    {
        dropped += server.computer->GetDropped();
    }
    const auto fragments = world.GetLedger().GetFragments();
    metrics.insert(metrics.end(),
                   {
                       statistics.GetMeanLatencyS(true),
                       statistics.GetMeanLatencyS(false),
                       mean(m_classAgeTicks[1]),
                       mean(m_classAgeTicks[0]),
                       mean(m_receiptAgeTicks),
                       count(fragments.refused),
                       count(fragments.lost),
                       count(fragments.expired),
                       count(fragments.onTheWay),
                       count(bestEffort.retries),
                       count(video.retries),
                       count(bestEffort.unanswered),
                       count(video.unanswered),
                       count(dropped),
                       count(alive),
                       firstDeathS,
                       mean(count(m_outages)),
                   });
    return metrics;
}

} // namespace ns3::marl::aiot_mec
