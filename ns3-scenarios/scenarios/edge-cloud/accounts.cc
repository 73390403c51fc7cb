// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/edge-cloud/accounts.h"

#include "ns3/abort.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace ns3::marl::edge_cloud
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
      m_deviceValues(settings.devices),
      m_gatewayValues(settings.gateways),
      m_deviceMarksJ(settings.devices),
      m_deviceRewards(settings.devices),
      m_gatewayRewards(settings.gateways)
{
}

void
Accounts::Describe(Spec& spec)
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
    spec.AddMetric({.name = "energy_per_task_j",
                    .unit = "J",
                    .description = "Of devices and gateways beyond idling, over completed tasks",
                    .higherIsBetter = false,
                    .value = [this] { return Divide(GetDeviceJ() + GetGatewayJ(), m_statistics.GetCompleted()); }});
    spec.AddMetric({.name = "energy_devices_j",
                    .unit = "J",
                    .description = "Of all devices: transmitting beyond idling, and computing",
                    .higherIsBetter = false,
                    .value = [this] { return GetDeviceJ(); }});
    spec.AddMetric({.name = "energy_gateways_j",
                    .unit = "J",
                    .description = "Of all gateways: computing",
                    .higherIsBetter = false,
                    .value = [this] { return GetGatewayJ(); }});
    spec.AddMetric({.name = "aoi_mean_s",
                    .unit = "s",
                    .description = "Age of information at tick ends, mean over ticks and the devices that are on",
                    .higherIsBetter = false,
                    .value = [this] { return Divide(m_ageSumS, static_cast<double>(m_ageTicks)); }});
    spec.AddMetric(
        {.name = "reward_mean", .unit = "1", .description = "Reward of the team, mean over ticks", .value = [this] {
             return GetPerTick(m_rewardSum);
         }});
    spec.AddMetric({.name = "value_mean",
                    .unit = "1",
                    .description = "What a task was worth, mean over tasks that ended",
                    .value = [this] { return Divide(m_valueSum, m_world.GetLedger().GetEnded()); }});
    spec.AddMetric({.name = "jain_devices",
                    .unit = "1",
                    .description = "Jain's index of the devices' completion ratios",
                    .value = [this] { return m_statistics.GetDeviceFairness(); }});
    DescribePlaces(spec);
    DescribeTasks(spec);
}

void
Accounts::DescribePlaces(Spec& spec)
{
    spec.AddMetric({.name = "local_share",
                    .unit = "1",
                    .description = "Of the tasks that ended: meant for the device's own CPU",
                    .value = [this] { return GetShare(Place::LOCAL); }});
    spec.AddMetric({.name = "edge_share",
                    .unit = "1",
                    .description = "Of the tasks that ended: given to the computer of a gateway",
                    .value = [this] { return GetShare(Place::EDGE); }});
    spec.AddMetric({.name = "cloud_share",
                    .unit = "1",
                    .description = "Of the tasks that ended: forwarded to the cloud",
                    .value = [this] { return GetShare(Place::CLOUD); }});
    spec.AddMetric({.name = "edge_utilisation",
                    .unit = "1",
                    .description = "Share of the time that gateways computed, mean over gateways",
                    .value = [this] {
                        double busyS = 0;
                        for (const auto& gateway : m_world.GetGateways())
                        {
                            busyS += gateway.computer->GetBusyTime().GetSeconds();
                        }
                        return Divide(busyS, GetElapsedS() * m_settings.gateways);
                    }});
    spec.AddMetric({.name = "edge_rate_mean_hz",
                    .unit = "Hz",
                    .description = "Rate of the gateways' computers, mean over ticks and gateways",
                    .higherIsBetter = false,
                    .value = [this] { return GetPerTick(m_rateSumHz); }});
    spec.AddMetric({.name = "cloud_utilisation",
                    .unit = "1",
                    .description = "Share of the time that the cloud computed",
                    .value = [this] { return Divide(m_world.GetCloud().GetBusyTime().GetSeconds(), GetElapsedS()); }});
    spec.AddMetric({.name = "backhaul_utilisation",
                    .unit = "1",
                    .description = "Share of the time that gateways sent to the cloud, mean over gateways",
                    .value = [this] {
                        double busyS = 0;
                        for (const auto& gateway : m_world.GetGateways())
                        {
                            busyS += m_world.GetCounts(gateway).backhaulBusy.GetSeconds();
                        }
                        return Divide(busyS, GetElapsedS() * m_settings.gateways);
                    }});
    spec.AddMetric({.name = "backhaul_drops",
                    .unit = "1",
                    .description = "Fragments that found a full queue to the cloud",
                    .higherIsBetter = false,
                    .value = [this] {
                        uint64_t dropped = 0;
                        for (const auto& gateway : m_world.GetGateways())
                        {
                            dropped += m_world.GetBackhaul().GetUp(gateway.index).GetDropped();
                        }
                        return dropped;
                    }});
    spec.AddMetric({.name = "devices_on",
                    .unit = "1",
                    .description = "Share of the devices that are on, mean over ticks",
                    .value = [this] { return GetPerTick(m_onSum); }});
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
    for (uint32_t end = 1; end < TASK_ENDS; end++)
    {
        spec.AddMetric({.name = "failed_" + GetTaskEndNames()[end],
                        .unit = "1",
                        .description = "Failed tasks by where they stood when they ended",
                        .higherIsBetter = false,
                        .value = [this, end] { return m_ends[end]; }});
    }
}

double
Accounts::GetValue(const Task& task) const
{
    if (task.outcome != TaskOutcome::COMPLETED)
    {
        return 0;
    }
    const double used = ((task.end - task.arrival) / task.parameters.deadline).GetDouble();
    return 1 - m_settings.reward.latency * used;
}

double
Accounts::GetPrice(double energyJ) const
{
    return m_settings.reward.energy * energyJ / m_settings.reward.energyReferenceJ;
}

void
Accounts::NoteEnd(const Task& task, const Journey& journey)
{
    m_statistics.Add(task);
    m_ends[static_cast<uint32_t>(GetTaskEnd(task, journey))]++;
    m_places[static_cast<uint32_t>(journey.place)]++;
    const double value = GetValue(task);
    m_valueSum += value;
    m_deviceValues[task.device] += value;
    if (task.HasOffloadedPart())
    {
        m_gatewayValues[task.decision.server] += value;
    }
}

void
Accounts::CloseInterval()
{
    const double tasksPerTick = m_settings.GetTasksPerTick();
    double teamValue = 0;
    double ageS = 0;
    uint32_t on = 0;
    for (const auto& device : m_world.GetDevices())
    {
        const double totalJ = device.GetAboveIdleJ();
        const double own = m_deviceValues[device.index] - GetPrice(totalJ - m_deviceMarksJ[device.index]);
        m_deviceMarksJ[device.index] = totalJ;
        m_deviceRewards[device.index] = REWARD_SCALE * own * m_settings.devices / tasksPerTick;
        teamValue += own;
        ageS += device.isOn ? device.age.GetAge(Simulator::Now()).GetSeconds() : 0;
        on += device.isOn ? 1 : 0;
    }
    for (const auto& gateway : m_world.GetGateways())
    {
        const double price = GetPrice(gateway.interval.energyJ);
        m_gatewayRewards[gateway.index] =
            REWARD_SCALE * (m_gatewayValues[gateway.index] - price) * m_settings.gateways / tasksPerTick;
        teamValue -= price;
        m_rateSumHz += gateway.computer->GetRateHz() / m_settings.gateways;
    }
    m_teamReward = REWARD_SCALE * teamValue / tasksPerTick;
    std::ranges::fill(m_deviceValues, 0);
    std::ranges::fill(m_gatewayValues, 0);
    m_rewardSum += m_teamReward;
    m_ageSumS += on > 0 ? ageS / on : 0;
    m_ageTicks += on > 0 ? 1 : 0;
    m_onSum += static_cast<double>(on) / m_settings.devices;
    m_ticks++;
    CheckConservation();
}

void
Accounts::Reward(Rewards& rewards, const GroupHandle& devices, const GroupHandle& gateways) const
{
    if (m_settings.isTeamReward)
    {
        rewards.Add(devices, m_teamReward);
        rewards.Add(gateways, m_teamReward);
        return;
    }
    for (uint32_t device = 0; device < m_settings.devices; device++)
    {
        rewards.Add(devices, device, m_deviceRewards[device]);
    }
    for (uint32_t gateway = 0; gateway < m_settings.gateways; gateway++)
    {
        rewards.Add(gateways, gateway, m_gatewayRewards[gateway]);
    }
}

uint64_t
Accounts::GetEnded(TaskEnd end) const
{
    return m_ends.at(static_cast<uint32_t>(end));
}

double
Accounts::GetShare(Place place) const
{
    const auto ended = std::accumulate(m_places.begin(), m_places.end(), uint64_t{0});
    return Divide(m_places[static_cast<uint32_t>(place)], ended);
}

double
Accounts::GetPerTick(double sum) const
{
    return Divide(sum, static_cast<double>(m_ticks));
}

double
Accounts::GetElapsedS() const
{
    return (Simulator::Now() - World::GetStart()).GetSeconds();
}

double
Accounts::GetDeviceJ() const
{
    double sum = 0;
    for (const auto& device : m_world.GetDevices())
    {
        sum += device.GetAboveIdleJ();
    }
    return sum;
}

double
Accounts::GetGatewayJ() const
{
    double sum = 0;
    for (const auto& gateway : m_world.GetGateways())
    {
        sum += m_world.GetCounts(gateway).energyJ;
    }
    return sum;
}

void
Accounts::CheckConservation() const
{
    const auto& ledger = m_world.GetLedger();
    const auto ended = std::accumulate(m_ends.begin(), m_ends.end(), uint64_t{0});
    const auto placed = std::accumulate(m_places.begin(), m_places.end(), uint64_t{0});
    NS_ABORT_MSG_IF(ended != ledger.GetEnded() || placed != ended ||
                        GetEnded(TaskEnd::COMPLETED) != ledger.GetEnded(TaskOutcome::COMPLETED),
                    "The metrics have " << ended << " tasks that ended, " << GetEnded(TaskEnd::COMPLETED)
                                        << " of them completed, the ledger " << ledger.GetEnded() << " and "
                                        << ledger.GetEnded(TaskOutcome::COMPLETED));
}

} // namespace ns3::marl::edge_cloud
