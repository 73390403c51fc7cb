// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/slice-lte/slice-agent.h"

#include <algorithm>
#include <array>

namespace ns3::marl::slice_lte
{

namespace
{

enum RadioPolicy : int32_t
{
    DEDICATED,
    PRIORITISED,
};

constexpr double LOAD_HIGH = 4;
constexpr double LATENCY_QUANTILE = 0.95;
constexpr uint32_t HEADER_BYTES = 32; ///< of UDP, IP, PDCP and RLC

/// Resource elements of a resource block in a second, without the symbols for control.
constexpr double ELEMENTS_PER_BLOCK = 12 * 11 * 1000.0;

/// Spectral efficiency of CQI 0 to 15 [bit per resource element]: TS 36.213, table 7.2.3-1.
constexpr std::array<double, 16> EFFICIENCY{0,
                                            0.1523,
                                            0.2344,
                                            0.3770,
                                            0.6016,
                                            0.8770,
                                            1.1758,
                                            1.4766,
                                            1.9141,
                                            2.4063,
                                            2.7305,
                                            3.3223,
                                            3.9023,
                                            4.5234,
                                            5.1152,
                                            5.5547};

} // namespace

SliceAgent::SliceAgent(const Settings& settings, Slice slice)
    : m_settings(settings),
      m_slice(slice)
{
}

void
SliceAgent::Describe(Spec& spec)
{
    auto& group = spec.AddGroup(SLICE_NAMES.at(m_slice), {SLICE_NAMES.at(m_slice)});
    m_group = group.handle;
    DescribeJobs(group);
    DescribeResources(group);
    DescribeHeads(group);
}

void
SliceAgent::DescribeJobs(Group& group)
{
    const auto add = [&](const Feature& feature, const auto& value) { return m_features.Add(group, feature, value); };
    const auto nominal = m_settings.GetNominalJobs(m_slice);
    const auto addLoad = [&](const std::string& name, const std::string& description, const auto& jobs) {
        return add({.name = name,
                    .unit = "1",
                    .high = LOAD_HIGH,
                    .saturating = true,
                    .description = description + ", over the nominal number of jobs in a tick"},
                   [nominal, jobs](const SliceStatus& status) { return static_cast<double>(jobs(status)) / nominal; });
    };
    if (m_slice == EMBB) // the UEs of the others are always on
    {
        add({.name = "active_share", .unit = "1", .description = "Share of the UEs that are on"},
            [](const SliceStatus& status) { return status.activeShare; });
    }
    m_offered = addLoad("offered_load", "Jobs created in the last interval", [](const SliceStatus& status) {
        return status.jobs.created;
    });
    addLoad("delivered_load", "Jobs delivered within their bound in the last interval", [](const SliceStatus& status) {
        return status.jobs.inTime;
    });
    addLoad("missed_load",
            "Jobs whose bound passed before delivery in the last interval",
            [](const SliceStatus& status) { return status.jobs.missed; });
    add({.name = "latency_p95",
         .unit = "1",
         .description = "95 % quantile of the latency of delivered jobs, over their bound; 0: none"},
        [bound = m_settings.services[m_slice].bound](const SliceStatus& status) {
            return status.jobs.GetLatencyQuantile(LATENCY_QUANTILE) / bound.GetSeconds();
        });
    add({.name = "satisfaction", .unit = "1", .description = "Of the slice in the last interval, as it is paid for"},
        [](const SliceStatus& status) { return status.satisfaction; });
    m_radioLoad = addLoad("radio_load", "Results on the way to the UEs or just lost", [](const SliceStatus& status) {
        return status.radioWaiting;
    });
    m_cpuBacklog =
        add({.name = "cpu_backlog_s",
             .unit = "s",
             .high = 0.2,
             .saturating = true,
             .description = "Work of waiting and running jobs over the rate of the whole edge CPU"},
            [cpuHz = m_settings.cpuHz](const SliceStatus& status) { return status.cpuBacklogCycles / cpuHz; });
}

void
SliceAgent::DescribeResources(Group& group)
{
    const auto add = [&](const Feature& feature, const auto& value) { return m_features.Add(group, feature, value); };
    m_meanCqi = add({.name = "mean_cqi",
                     .unit = "1",
                     .high = EFFICIENCY.size() - 1.0,
                     .description = "Mean of the UEs' last wideband CQI; 0 before the first one"},
                    [](const SliceStatus& status) { return status.meanCqi; });
    add({.name = "mean_mcs",
         .unit = "1",
         .high = 31,
         .description = "Mean MCS of downlink blocks in the last interval; 0: none"},
        [](const SliceStatus& status) { return status.meanMcs; });
    add({.name = "radio_held",
         .unit = "1",
         .description = "Share of the downlink that the slice held in the last interval"},
        [](const SliceStatus& status) { return status.radioHeld; });
    add({.name = "radio_share", .unit = "1", .description = "Share of the downlink that it was granted"},
        [](const SliceStatus& status) { return status.radioShare; });
    add({.name = "cpu_share", .unit = "1", .description = "Share of the edge CPU that it was granted"},
        [](const SliceStatus& status) { return status.cpuShare; });
    add({.name = "cpu_used",
         .unit = "1",
         .saturating = true,
         .description = "Share of the edge CPU that its jobs used in the last interval"},
        [](const SliceStatus& status) { return status.cpuUsed; });
    add({.name = "lends", .unit = "1", .description = "1: idle radio resources are lent"},
        [](const SliceStatus& status) { return status.lends; });
}

void
SliceAgent::DescribeHeads(Group& group)
{
    m_radioPolicy =
        group.AddDiscreteHead({.name = "radio_policy",
                               .choices = {"dedicated", "prioritised"},
                               .defaultChoice = DEDICATED,
                               .description = "prioritised: idle radio resources are lent for a lending period"});
    m_radioShare = group.AddContinuousHead({.name = "radio_share",
                                            .unit = "1",
                                            .defaultValue = EQUAL_SHARE,
                                            .description = "Of the downlink; scaled down if all ask for more than 1"});
    m_cpuShare = group.AddContinuousHead({.name = "cpu_share",
                                          .unit = "1",
                                          .defaultValue = EQUAL_SHARE,
                                          .description = "Of the edge CPU; scaled down if all ask for more than 1"});
}

void
SliceAgent::Observe(const SliceStatus& status, Observation& observation) const
{
    m_features.Fill(observation, 0, status);
}

SliceAgent::Request
SliceAgent::Read(const Action& action) const
{
    return {.radioShare = action.Get(m_radioShare, 0),
            .cpuShare = action.Get(m_cpuShare, 0),
            .lends = action.Get(m_radioPolicy, 0) == PRIORITISED};
}

void
SliceAgent::Decide(const Observation& observation, Action& action) const
{
    constexpr double MARGIN = 1.5;
    constexpr double LEAST = 0.05;
    constexpr double LEAST_BPS = 1e5; // what the cell carries at CQI 0, for a start
    const auto& service = m_settings.services[m_slice];
    const double tickS = m_settings.tick.GetSeconds();
    const double nominal = m_settings.GetNominalJobs(m_slice);
    const auto offered = observation.Get(m_offered, 0);
    const auto cqi = static_cast<uint32_t>(observation.Get(m_meanCqi, 0));
    const double cellBps = std::max(m_settings.resourceBlocks * ELEMENTS_PER_BLOCK * EFFICIENCY.at(cqi), LEAST_BPS);
    const double bits = (offered + observation.Get(m_radioLoad, 0)) * nominal * 8 * (service.downBytes + HEADER_BYTES);
    const double cycles = offered * nominal * service.cycles + observation.Get(m_cpuBacklog, 0) * m_settings.cpuHz;
    action.Set(m_radioPolicy, 0, DEDICATED);
    action.Set(m_radioShare, 0, std::clamp(MARGIN * bits / tickS / cellBps, LEAST, 1.0));
    action.Set(m_cpuShare, 0, std::clamp(MARGIN * cycles / tickS / m_settings.cpuHz, LEAST, 1.0));
}

const GroupHandle&
SliceAgent::GetGroup() const
{
    return m_group;
}

} // namespace ns3::marl::slice_lte
