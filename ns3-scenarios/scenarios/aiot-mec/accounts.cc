// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/accounts.h"

#include "ns3/abort.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace ns3::marl::aiot_mec
{

namespace
{

constexpr double NOTHING = std::numeric_limits<double>::quiet_NaN();
constexpr double REWARD_SCALE = 100;
constexpr double LATENCY_QUANTILE = 0.95;

double
Divide(double numerator, double denominator)
{
    return denominator == 0 ? NOTHING : numerator / denominator;
}

} // namespace

Accounts::Accounts(const Settings& settings)
    : m_settings(settings),
      m_statistics(settings.devices),
      m_breakdown(settings),
      m_intervals(settings.devices),
      m_rewards(settings.devices),
      m_aboveIdleJ(settings.devices)
{
}

void
Accounts::NoteEnd(const Task& task)
{
    m_statistics.Add(task);
    auto& interval = m_intervals[task.device];
    (task.outcome == TaskOutcome::COMPLETED ? interval.completed : interval.failed)++;
}

double
Accounts::GetTeamReward(double energyJ, double meanAgeTicks)
{
    int32_t completed = 0;
    int32_t ended = 0;
    for (const auto& interval : m_intervals)
    {
        completed += interval.completed;
        ended += interval.completed + interval.failed;
    }
    const auto& weights = m_settings.reward;
    m_unchargedJ += energyJ;
    if (ended > 0)
    {
        m_completionTerm = static_cast<double>(completed) / ended;
        m_energyTerm = weights.energyReferenceJ / (weights.energyReferenceJ + m_unchargedJ / ended);
        m_unchargedJ = 0;
    }
    const double ageTerm = std::max(0.0, 1 - meanAgeTicks / weights.ageReferenceTicks);
    m_completionTermSum += m_completionTerm;
    m_energyTermSum += m_energyTerm;
    m_ageTermSum += ageTerm;
    return REWARD_SCALE *
           (weights.completion * m_completionTerm + weights.energy * m_energyTerm + weights.age * ageTerm);
}

void
Accounts::CloseInterval(const World& world)
{
    const Time now = Simulator::Now();
    const auto& weights = m_settings.reward;
    const auto& devices = world.GetDevices();
    double energyJ = 0;
    double ageSumTicks = 0;
    for (uint32_t i = 0; i < devices.size(); i++)
    {
        auto& interval = m_intervals[i];
        const double totalJ = devices[i].GetAboveIdleJ();
        m_aboveIdleJ[i] = totalJ - interval.energyMarkJ;
        interval.energyMarkJ = totalJ;
        const double ageTicks = (devices[i].age.GetAge(now) / m_settings.tick).GetDouble();
        m_rewards[i] = REWARD_SCALE * (weights.completion * (interval.completed - interval.failed) -
                                       weights.energy * m_aboveIdleJ[i] / weights.energyReferenceJ -
                                       weights.age * ageTicks / weights.ageReferenceTicks);
        energyJ += m_aboveIdleJ[i];
        ageSumTicks += ageTicks;
    }
    const double meanAgeTicks = ageSumTicks / m_settings.devices;
    const double teamReward = GetTeamReward(energyJ, meanAgeTicks);
    if (m_settings.isTeamReward)
    {
        std::fill(m_rewards.begin(), m_rewards.end(), teamReward);
    }
    for (auto& interval : m_intervals)
    {
        interval.completed = 0;
        interval.failed = 0;
    }
    m_rewardSum += std::accumulate(m_rewards.begin(), m_rewards.end(), 0.0) / m_settings.devices;
    m_ageSumTicks += meanAgeTicks;
    m_ticks++;
    m_breakdown.Sample(world);
    CheckConservation(world);
}

void
Accounts::CheckConservation(const World& world) const
{
    const auto& ledger = world.GetLedger();
    const uint64_t completed = ledger.GetEnded(TaskOutcome::COMPLETED);
    NS_ABORT_MSG_IF(
        m_statistics.GetCompleted() != completed || m_statistics.GetFailed() != ledger.GetEnded() - completed,
        "The metrics have " << m_statistics.GetCompleted() << " completed and " << m_statistics.GetFailed()
                            << " failed tasks, the ledger " << completed << " and " << ledger.GetEnded() - completed);
}

const std::vector<double>&
Accounts::GetRewards() const
{
    return m_rewards;
}

const std::vector<double>&
Accounts::GetAboveIdleJ() const
{
    return m_aboveIdleJ;
}

std::vector<Metric>
Accounts::DescribeMetrics()
{
    std::vector<Metric> metrics{
        {"completion_ratio", "1", "Tasks completed by their deadline over tasks that ended", true},
        {"latency_mean_s", "s", "From arrival to completion, mean over completed tasks", false},
        {"latency_p95_s", "s", "From arrival to completion, 95 % quantile over completed tasks", false},
        {"energy_efficiency_tasks_per_j", "1/J", "Completed tasks over all energy of the devices", true},
        {"energy_efficiency_without_idle_tasks_per_j", "1/J", "The same without idle energy", true},
        {"aoi_mean_ticks", "ticks", "Age of information at tick ends, mean over devices and ticks", false},
        {"aoi_mean_s", "s", "The same in seconds", false},
        {"peak_aoi_ticks", "ticks", "Age just before a fresher completion, mean over such completions", false},
        {"jain_devices", "1", "Jain's index of the devices' completion ratios", true},
        {"min_max_devices_ratio", "1", "Lowest over highest completion ratio of a device", true},
        {"completion_ratio_premium", "1", "Completion ratio of premium tasks", true},
        {"completion_ratio_standard", "1", "Completion ratio of the other tasks", true},
        {"jain_classes", "1", "Jain's index of the service levels' completion ratios", true},
        {"reward_mean", "1", "Reward, mean over ticks and devices", true},
        {"reward_completion_term", "1", "Completed over ended tasks of a tick, mean over ticks", true},
        {"reward_energy_term", "1", "E0 / (E0 + energy beyond idling per ended task), mean over ticks", true},
        {"reward_age_term", "1", "1 - age / reference, at least 0, mean over ticks", true},
        {"tasks_arrived", "1", "Tasks that arrived before the last observation", true},
        {"tasks_completed", "1", "", true},
        {"tasks_failed", "1", "", false},
        {"tasks_unresolved", "1", "Neither completed nor failed yet", false},
    };
    const std::vector<Metric> rest{
        {"failed_local_late", "1", "Failed tasks by where they stood at the deadline", false},
        {"failed_uplink_late", "1", "Failed tasks by where they stood at the deadline", false},
        {"failed_queue_expired", "1", "Failed tasks by where they stood at the deadline", false},
        {"failed_compute_late", "1", "Failed tasks by where they stood at the deadline", false},
        {"failed_result_late", "1", "Failed tasks by where they stood at the deadline", false},
        {"energy_transmit_j", "J", "Of all devices: amplifier and electronics while transmitting", false},
        {"energy_receive_j", "J", "Of all devices, tuned radio", false},
        {"energy_idle_j", "J", "Of all devices: neither transmitting nor receiving", false},
        {"energy_compute_j", "J", "Of all devices' CPUs", false},
        {"server_utilisation", "1", "Share of the time that servers computed, mean over servers", true},
        {"fragments_sent", "1", "Handed to the radios of devices", true},
        {"fragments_received", "1", "By servers before their task's deadline, each once", true},
    };
    metrics.insert(metrics.end(), rest.begin(), rest.end());
    const auto breakdown = Breakdown::DescribeMetrics();
    metrics.insert(metrics.end(), breakdown.begin(), breakdown.end());
    return metrics;
}

std::vector<double>
Accounts::GetMetrics(const World& world) const
{
    const Time now = Simulator::Now();
    double transmitJ = 0;
    double receiveJ = 0;
    double idleJ = 0;
    double computeJ = 0;
    double peakSumTicks = 0;
    double peaks = 0;
    for (const auto& device : world.GetDevices())
    {
        transmitJ += device.energy->GetTransmitJ();
        receiveJ += device.energy->GetReceiveJ();
        idleJ += device.energy->GetIdleJ(now);
        computeJ += device.cpu->GetEnergyJ();
        const auto count = static_cast<double>(device.age.GetPeaks());
        peakSumTicks += count * (device.age.GetMeanPeak() / m_settings.tick).GetDouble();
        peaks += count;
    }
    double busyS = 0;
    for (const auto& server : world.GetServers())
    {
        busyS += server.computer->GetBusyTime().GetSeconds();
    }
    const auto completed = static_cast<double>(m_statistics.GetCompleted());
    const double activeJ = transmitJ + receiveJ + computeJ;
    const auto ticks = static_cast<double>(m_ticks);
    const double ageTicks = Divide(m_ageSumTicks, ticks);
    std::vector<double> metrics{
        m_statistics.GetCompletionRatio(),
        m_statistics.GetMeanLatencyS(),
        m_statistics.GetLatencyQuantileS(LATENCY_QUANTILE),
        Divide(completed, activeJ + idleJ),
        Divide(completed, activeJ),
        ageTicks,
        ageTicks * m_settings.tick.GetSeconds(),
        Divide(peakSumTicks, peaks),
        m_statistics.GetDeviceFairness(),
        m_statistics.GetDeviceMinMaxRatio(),
        m_statistics.GetCompletionRatio(true),
        m_statistics.GetCompletionRatio(false),
        m_statistics.GetClassFairness(),
        Divide(m_rewardSum, ticks),
        Divide(m_completionTermSum, ticks),
        Divide(m_energyTermSum, ticks),
        Divide(m_ageTermSum, ticks),
        static_cast<double>(world.GetLedger().GetOpened()),
        completed,
        static_cast<double>(m_statistics.GetFailed()),
        static_cast<double>(world.GetLedger().GetUnresolved()),
    };
    const double elapsedS = (now - World::GetStart()).GetSeconds();
    const auto failed = [&world](auto... outcomes) {
        return static_cast<double>((world.GetLedger().GetEnded(outcomes) + ...));
    };
    const auto fragments = world.GetLedger().GetFragments();
    const std::vector<double> rest{
        failed(TaskOutcome::LOCAL_LATE),
        failed(TaskOutcome::UPLINK_LOST, TaskOutcome::UPLINK_EXPIRED),
        failed(TaskOutcome::QUEUE_EXPIRED),
        failed(TaskOutcome::COMPUTE_LATE),
        failed(TaskOutcome::RESULT_LATE),
        transmitJ,
        receiveJ,
        idleJ,
        computeJ,
        Divide(busyS, elapsedS * m_settings.servers),
        static_cast<double>(fragments.sent),
        static_cast<double>(fragments.received),
    };
    metrics.insert(metrics.end(), rest.begin(), rest.end());
    const auto breakdown = m_breakdown.GetMetrics(world, m_statistics);
    metrics.insert(metrics.end(), breakdown.begin(), breakdown.end());
    return metrics;
}

} // namespace ns3::marl::aiot_mec
