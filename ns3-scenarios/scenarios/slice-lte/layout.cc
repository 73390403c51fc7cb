// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/slice-lte/layout.h"

#include <string>

namespace ns3::marl::slice_lte
{

namespace
{

Group
DescribeSlices()
{
    Group group{"slices", {}, {}, {}, {}};
    group.agents.assign(SLICE_NAMES.begin(), SLICE_NAMES.end());
    group.features = {
        {"is_embb", "1", 0, 1, false, "1: this agent is the eMBB slice"},
        {"is_urllc", "1", 0, 1, false, "1: this agent is the URLLC slice"},
        {"is_mmtc", "1", 0, 1, false, "1: this agent is the mMTC slice"},
        {"active_share", "1", 0, 1, false, "Share of the UEs that are on; 1 for URLLC and mMTC"},
        {"offered_load", "1", 0, 4, true, "Jobs created in the last interval over the nominal number"},
        {"delivered_load", "1", 0, 4, true, "Delivered in it within their bound, over the nominal number"},
        {"missed_load", "1", 0, 4, true, "Jobs whose bound passed in it before delivery, over the nominal number"},
        {"latency_p95", "1", 0, 1, false, "95 % quantile of the delivered jobs' latency over their bound; 0: none"},
        {"satisfaction", "1", 0, 1, false, "Of the slice in the last interval, as it is paid for"},
        {"radio_load", "1", 0, 4, true, "Results on the way to the UEs or just lost, over the nominal number"},
        {"cpu_backlog_s", "s", 0, 0.2, true, "Work of waiting and running jobs over the rate of the whole edge CPU"},
        {"mean_cqi", "1", 0, 15, false, "Mean of the UEs' last wideband CQI; 0 before the first one"},
        {"mean_mcs", "1", 0, 31, false, "Mean MCS of downlink blocks in the last interval; 0: none"},
        {"radio_held", "1", 0, 1, false, "Share of the downlink that the slice held in the last interval"},
        {"radio_share", "1", 0, 1, false, "Share of the downlink that it was granted"},
        {"cpu_share", "1", 0, 1, false, "Share of the edge CPU that it was granted"},
        {"cpu_used", "1", 0, 1, true, "Share of the edge CPU that its jobs used in the last interval"},
        {"lends", "1", 0, 1, false, "1: idle radio resources are lent"},
    };
    group.discreteHeads = {{"radio_policy",
                            {"dedicated", "prioritised"},
                            0,
                            std::nullopt,
                            "prioritised: idle radio resources are lent for a lending period"}};
    group.continuousHeads = {
        {"radio_share",
         "1",
         0,
         1,
         EQUAL_SHARE,
         std::nullopt,
         "Of the downlink; scaled down if all ask for more than 1"},
        {"cpu_share", "1", 0, 1, EQUAL_SHARE, std::nullopt, "Of the edge CPU; scaled down if all ask for more than 1"}};
    return group;
}

} // namespace

Spec
DescribeLayout(const Settings& settings)
{
    Spec spec{"slice-lte", settings.tick, settings.ticks, {DescribeSlices()}, {}, {}, {}};
    for (const std::string slice : SLICE_NAMES)
    {
        spec.metrics.push_back({slice + "_in_time_ratio", "1", "Jobs within their bound over jobs decided", true});
        spec.metrics.push_back(
            {slice + "_latency_p95_s", "s", "95 % of the jobs delivered in time take at most this", false});
        spec.metrics.push_back({slice + "_satisfaction", "1", "Mean over ticks", true});
        spec.metrics.push_back({slice + "_radio_held", "1", "Share of the downlink, mean over ticks", false});
        spec.metrics.push_back({slice + "_cpu_share", "1", "Share of the edge CPU, mean over ticks", false});
    }
    spec.metrics.push_back({"embb_rate_bps", "b/s", "Delivered to eMBB UEs in time, all together", true});
    spec.metrics.push_back({"radio_queue_drops", "1", "Datagrams that found a radio's queue full", false});
    return spec;
}

} // namespace ns3::marl::slice_lte
