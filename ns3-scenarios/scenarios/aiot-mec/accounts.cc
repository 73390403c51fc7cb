// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/accounts.h"

#include "ns3/abort.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <limits>

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

Accounts::Accounts(const Settings& settings, const World& world)
    : m_settings(settings),
      m_world(world),
      m_statistics(settings.devices),
      m_breakdown(settings, world, m_statistics),
      m_counts(settings.devices),
      m_intervals(settings.devices)
{
}

void
Accounts::Describe(Spec& spec)
{
    DescribeMain(spec);
    DescribeReward(spec);
    DescribeTasks(spec);
    DescribeEnergy(spec);
    m_breakdown.Describe(spec);
}

void
Accounts::DescribeMain(Spec& spec)
{
    spec.AddMetric({.name = "completion_ratio",
                    .unit = "1",
                    .description = "Tasks completed by their deadline over tasks that ended",
                    .value = [this] { return m_statistics.GetCompletionRatio(); }});
    spec.AddMetric({.name = "latency_mean_s",
                    .unit = "s",
                    .description = "From arrival to completion, mean over completed tasks",
                    .higherIsBetter = false,
                    .value = [this] { return m_statistics.GetMeanLatencyS(); }});
    spec.AddMetric({.name = "latency_p95_s",
                    .unit = "s",
                    .description = "From arrival to completion, 95 % quantile over completed tasks",
                    .higherIsBetter = false,
                    .value = [this] { return m_statistics.GetLatencyQuantileS(LATENCY_QUANTILE); }});
    spec.AddMetric({.name = "energy_efficiency_tasks_per_j",
                    .unit = "1/J",
                    .description = "Completed tasks over all energy of the devices",
                    .value = [this] {
                        return Divide(m_statistics.GetCompleted(),
                                      GetTransmitJ() + GetReceiveJ() + GetComputeJ() + GetIdleJ());
                    }});
    spec.AddMetric({.name = "energy_efficiency_without_idle_tasks_per_j",
                    .unit = "1/J",
                    .description = "The same without idle energy",
                    .value = [this] {
                        return Divide(m_statistics.GetCompleted(), GetTransmitJ() + GetReceiveJ() + GetComputeJ());
                    }});
    spec.AddMetric({.name = "aoi_mean_ticks",
                    .unit = "ticks",
                    .description = "Age of information at tick ends, mean over devices and ticks",
                    .higherIsBetter = false,
                    .value = [this] { return GetMeanOverTicks(m_ageSumTicks); }});
    spec.AddMetric({.name = "aoi_mean_s",
                    .unit = "s",
                    .description = "The same in seconds",
                    .higherIsBetter = false,
                    .value = [this] { return GetMeanOverTicks(m_ageSumTicks) * m_settings.tick.GetSeconds(); }});
    spec.AddMetric({.name = "peak_aoi_ticks",
                    .unit = "ticks",
                    .description = "Age just before a fresher completion, mean over such completions",
                    .higherIsBetter = false,
                    .value = [this] { return GetMeanPeakTicks(); }});
    spec.AddMetric({.name = "jain_devices",
                    .unit = "1",
                    .description = "Jain's index of the devices' completion ratios",
                    .value = [this] { return m_statistics.GetDeviceFairness(); }});
    spec.AddMetric({.name = "min_max_devices_ratio",
                    .unit = "1",
                    .description = "Lowest over highest completion ratio of a device",
                    .value = [this] { return m_statistics.GetDeviceMinMaxRatio(); }});
    spec.AddMetric({.name = "completion_ratio_premium",
                    .unit = "1",
                    .description = "Completion ratio of premium tasks",
                    .value = [this] { return m_statistics.GetCompletionRatio(true); }});
    spec.AddMetric({.name = "completion_ratio_standard",
                    .unit = "1",
                    .description = "Completion ratio of the other tasks",
                    .value = [this] { return m_statistics.GetCompletionRatio(false); }});
    spec.AddMetric({.name = "jain_classes",
                    .unit = "1",
                    .description = "Jain's index of the service levels' completion ratios",
                    .value = [this] { return m_statistics.GetClassFairness(); }});
}

void
Accounts::DescribeReward(Spec& spec)
{
    spec.AddMetric(
        {.name = "reward_mean", .unit = "1", .description = "Reward, mean over ticks and devices", .value = [this] {
             return GetMeanOverTicks(m_rewardSum);
         }});
    spec.AddMetric({.name = "reward_completion_term",
                    .unit = "1",
                    .description = "Completed over ended tasks of a tick, mean over ticks",
                    .value = [this] { return GetMeanOverTicks(m_termSums.completion); }});
    spec.AddMetric({.name = "reward_energy_term",
                    .unit = "1",
                    .description = "E0 / (E0 + energy beyond idling per ended task), mean over ticks",
                    .value = [this] { return GetMeanOverTicks(m_termSums.energy); }});
    spec.AddMetric({.name = "reward_age_term",
                    .unit = "1",
                    .description = "1 - age / reference, at least 0, mean over ticks",
                    .value = [this] { return GetMeanOverTicks(m_termSums.age); }});
    spec.AddMetric({.name = "reward_latency_term",
                    .unit = "1",
                    .description = "1 - latency / deadline of tasks that ended, 0 of failed ones, mean over ticks",
                    .value = [this] { return GetMeanOverTicks(m_termSums.latency); }});
    spec.AddMetric({.name = "reward_utilisation_term",
                    .unit = "1",
                    .description = "Share of a tick that servers computed, mean over servers and ticks",
                    .value = [this] { return GetMeanOverTicks(m_termSums.utilisation); }});
}

void
Accounts::DescribeTasks(Spec& spec)
{
    spec.AddMetric({.name = "tasks_arrived",
                    .unit = "1",
                    .description = "Tasks that arrived before the last observation",
                    .value = [this] { return m_world.GetLedger().GetOpened(); }});
    spec.AddMetric({.name = "tasks_completed", .unit = "1", .value = [this] { return m_statistics.GetCompleted(); }});
    spec.AddMetric({.name = "tasks_failed", .unit = "1", .higherIsBetter = false, .value = [this] {
                        return m_statistics.GetFailed();
                    }});
    spec.AddMetric({.name = "tasks_unresolved",
                    .unit = "1",
                    .description = "Neither completed nor failed yet",
                    .higherIsBetter = false,
                    .value = [this] { return m_world.GetLedger().GetUnresolved(); }});
    spec.AddMetric({.name = "failed_local_late",
                    .unit = "1",
                    .description = "Failed tasks by where they stood at the deadline",
                    .higherIsBetter = false,
                    .value = [this] { return GetFailed(TaskOutcome::LOCAL_LATE); }});
    spec.AddMetric(
        {.name = "failed_uplink_late",
         .unit = "1",
         .description = "Failed tasks by where they stood at the deadline",
         .higherIsBetter = false,
         .value = [this] { return GetFailed(TaskOutcome::UPLINK_LOST) + GetFailed(TaskOutcome::UPLINK_EXPIRED); }});
    spec.AddMetric({.name = "failed_queue_expired",
                    .unit = "1",
                    .description = "Failed tasks by where they stood at the deadline",
                    .higherIsBetter = false,
                    .value = [this] { return GetFailed(TaskOutcome::QUEUE_EXPIRED); }});
    spec.AddMetric({.name = "failed_compute_late",
                    .unit = "1",
                    .description = "Failed tasks by where they stood at the deadline",
                    .higherIsBetter = false,
                    .value = [this] { return GetFailed(TaskOutcome::COMPUTE_LATE); }});
    spec.AddMetric({.name = "failed_result_late",
                    .unit = "1",
                    .description = "Failed tasks by where they stood at the deadline",
                    .higherIsBetter = false,
                    .value = [this] { return GetFailed(TaskOutcome::RESULT_LATE); }});
}

void
Accounts::DescribeEnergy(Spec& spec)
{
    spec.AddMetric({.name = "energy_transmit_j",
                    .unit = "J",
                    .description = "Of all devices: amplifier and electronics while transmitting",
                    .higherIsBetter = false,
                    .value = [this] { return GetTransmitJ(); }});
    spec.AddMetric({.name = "energy_receive_j",
                    .unit = "J",
                    .description = "Of all devices, tuned radio",
                    .higherIsBetter = false,
                    .value = [this] { return GetReceiveJ(); }});
    spec.AddMetric({.name = "energy_idle_j",
                    .unit = "J",
                    .description = "Of all devices: neither transmitting nor receiving",
                    .higherIsBetter = false,
                    .value = [this] { return GetIdleJ(); }});
    spec.AddMetric({.name = "energy_compute_j",
                    .unit = "J",
                    .description = "Of all devices' CPUs",
                    .higherIsBetter = false,
                    .value = [this] { return GetComputeJ(); }});
    spec.AddMetric({.name = "server_utilisation",
                    .unit = "1",
                    .description = "Share of the time that servers computed, mean over servers",
                    .value = [this] { return GetServerUtilisation(); }});
    spec.AddMetric(
        {.name = "fragments_sent", .unit = "1", .description = "Handed to the radios of devices", .value = [this] {
             return m_world.GetLedger().GetFragments().sent;
         }});
    spec.AddMetric({.name = "fragments_received",
                    .unit = "1",
                    .description = "By servers before their task's deadline, each once",
                    .value = [this] { return m_world.GetLedger().GetFragments().received; }});
}

void
Accounts::NoteEnd(const Task& task)
{
    m_statistics.Add(task);
    auto& count = m_counts[task.device];
    count.ended++;
    if (task.outcome == TaskOutcome::COMPLETED)
    {
        count.completed++;
        count.shareLeft += ((task.GetExpiry() - task.end) / task.parameters.deadline).GetDouble();
    }
}

Accounts::DeviceCount
Accounts::GetTotal() const
{
    DeviceCount total;
    total.unchargedJ = m_unchargedJ;
    for (const auto& count : m_counts)
    {
        total.completed += count.completed;
        total.ended += count.ended;
        total.shareLeft += count.shareLeft;
        total.ageTicks += count.ageTicks;
    }
    return total;
}

void
Accounts::CloseTerms(const DeviceCount& total)
{
    const auto& weights = m_settings.reward;
    if (total.ended > 0)
    {
        m_terms.completion = static_cast<double>(total.completed) / total.ended;
        m_terms.energy = weights.energyReferenceJ / (weights.energyReferenceJ + total.unchargedJ / total.ended);
        m_terms.latency = total.shareLeft / total.ended;
    }
    m_terms.age = std::max(0.0, 1 - total.ageTicks / m_settings.devices / weights.ageReferenceTicks);
    m_terms.utilisation = CloseServers();
    m_termSums.completion += m_terms.completion;
    m_termSums.energy += m_terms.energy;
    m_termSums.age += m_terms.age;
    m_termSums.latency += m_terms.latency;
    m_termSums.utilisation += m_terms.utilisation;
}

Accounts::Terms
Accounts::GetShares(const DeviceCount& own, const DeviceCount& total) const
{
    Terms shares = m_terms;
    const auto& weights = m_settings.reward;
    if (total.ended > 0)
    {
        // A ratio, and a function of one, to first order around what they are.
        const double scale = static_cast<double>(m_settings.devices) / total.ended;
        const double taskJ = total.unchargedJ / total.ended;
        const double slope = -m_terms.energy / (weights.energyReferenceJ + taskJ);
        shares.completion += scale * (own.completed - m_terms.completion * own.ended);
        shares.energy += scale * slope * (own.unchargedJ - taskJ * own.ended);
        shares.latency += scale * (own.shareLeft - m_terms.latency * own.ended);
    }
    shares.age = m_terms.age > 0 ? 1 - own.ageTicks / weights.ageReferenceTicks : 0;
    return shares;
}

double
Accounts::Weigh(const Terms& terms) const
{
    const auto& weights = m_settings.reward;
    return REWARD_SCALE *
           (weights.completion * terms.completion + weights.energy * terms.energy + weights.age * terms.age +
            weights.latency * terms.latency + weights.utilisation * terms.utilisation);
}

double
Accounts::CloseServers()
{
    const Time busy = GetServerBusyTime();
    const double utilisation = ((busy - m_serverBusyMark) / m_settings.tick).GetDouble() / m_settings.servers;
    m_serverBusyMark = busy;
    return utilisation;
}

void
Accounts::CloseInterval(const Device& device)
{
    auto& count = m_counts[device.index];
    auto& interval = m_intervals[device.index];
    const double totalJ = device.GetAboveIdleJ();
    interval.aboveIdleJ = totalJ - count.energyMarkJ;
    count.energyMarkJ = totalJ;
    count.unchargedJ += interval.aboveIdleJ;
    const Time busy = device.energy->GetBusyTime();
    interval.busy = busy - count.busyMark;
    count.busyMark = busy;
    count.ageTicks = (device.age.GetAge(Simulator::Now()) / m_settings.tick).GetDouble();
}

void
Accounts::CloseInterval()
{
    double energyJ = 0;
    for (const auto& device : m_world.GetDevices())
    {
        CloseInterval(device);
        energyJ += m_intervals[device.index].aboveIdleJ;
    }
    m_unchargedJ += energyJ;
    const DeviceCount total = GetTotal();
    CloseTerms(total);
    const double teamReward = Weigh(m_terms);
    double rewardSum = 0;
    for (uint32_t device = 0; device < m_settings.devices; device++)
    {
        auto& count = m_counts[device];
        auto& reward = m_intervals[device].reward;
        reward = m_settings.isTeamReward ? teamReward : Weigh(GetShares(count, total));
        rewardSum += reward;
        count.completed = 0;
        count.ended = 0;
        count.shareLeft = 0;
        count.unchargedJ = total.ended > 0 ? 0 : count.unchargedJ;
    }
    m_unchargedJ = total.ended > 0 ? 0 : m_unchargedJ;
    m_rewardSum += rewardSum / m_settings.devices;
    m_ageSumTicks += total.ageTicks / m_settings.devices;
    m_ticks++;
    m_breakdown.Sample();
    CheckConservation();
}

void
Accounts::CheckConservation() const
{
    const auto& ledger = m_world.GetLedger();
    const uint64_t completed = ledger.GetEnded(TaskOutcome::COMPLETED);
    NS_ABORT_MSG_IF(
        m_statistics.GetCompleted() != completed || m_statistics.GetFailed() != ledger.GetEnded() - completed,
        "The metrics have " << m_statistics.GetCompleted() << " completed and " << m_statistics.GetFailed()
                            << " failed tasks, the ledger " << completed << " and " << ledger.GetEnded() - completed);
}

const DeviceInterval&
Accounts::GetInterval(uint32_t device) const
{
    return m_intervals.at(device);
}

template <typename Quantity>
double
Accounts::Sum(const Quantity& quantity) const
{
    double sum = 0;
    for (const auto& device : m_world.GetDevices())
    {
        sum += quantity(device);
    }
    return sum;
}

double
Accounts::GetTransmitJ() const
{
    return Sum([](const Device& device) { return device.energy->GetTransmitJ(); });
}

double
Accounts::GetReceiveJ() const
{
    return Sum([](const Device& device) { return device.energy->GetReceiveJ(); });
}

double
Accounts::GetIdleJ() const
{
    return Sum([](const Device& device) { return device.energy->GetIdleJ(Simulator::Now()); });
}

double
Accounts::GetComputeJ() const
{
    return Sum([](const Device& device) { return device.cpu->GetEnergyJ(); });
}

double
Accounts::GetMeanPeakTicks() const
{
    const auto getCount = [](const Device& device) { return static_cast<double>(device.age.GetPeaks()); };
    const auto getSum = [&](const Device& device) {
        return getCount(device) * (device.age.GetMeanPeak() / m_settings.tick).GetDouble();
    };
    return Divide(Sum(getSum), Sum(getCount));
}

Time
Accounts::GetServerBusyTime() const
{
    Time busy;
    for (const auto& server : m_world.GetServers())
    {
        busy += server.computer->GetBusyTime();
    }
    return busy;
}

double
Accounts::GetServerUtilisation() const
{
    const double elapsedS = (Simulator::Now() - World::GetStart()).GetSeconds();
    return Divide(GetServerBusyTime().GetSeconds(), elapsedS * m_settings.servers);
}

double
Accounts::GetMeanOverTicks(double sum) const
{
    return Divide(sum, static_cast<double>(m_ticks));
}

uint64_t
Accounts::GetFailed(TaskOutcome outcome) const
{
    return m_world.GetLedger().GetEnded(outcome);
}

} // namespace ns3::marl::aiot_mec
