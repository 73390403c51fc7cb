// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SLICE_LTE_LAYOUT_H
#define NS3MARL_SLICE_LTE_LAYOUT_H

#include "bridge/spec.h"

#include "scenarios/slice-lte/settings.h"

namespace ns3::marl::slice_lte
{

/// Columns of an agent's features.
enum FeatureColumn : uint32_t
{
    IS_EMBB,
    IS_URLLC,
    IS_MMTC,
    ACTIVE,
    OFFERED,
    DELIVERED,
    MISSED,
    LATENCY,
    SATISFACTION,
    RADIO_LOAD,
    CPU_BACKLOG,
    MEAN_CQI,
    MEAN_MCS,
    RADIO_HELD,
    RADIO_SHARE,
    CPU_SHARE,
    CPU_USED,
    LENDS,
};

constexpr uint32_t LENDING_HEAD = 0, RADIO_HEAD = 0, CPU_HEAD = 1;
constexpr double EQUAL_SHARE = 1.0 / static_cast<uint32_t>(SLICES);

/// The spec: one group of three agents, the slices.
Spec DescribeLayout(const Settings& settings);

} // namespace ns3::marl::slice_lte

#endif // NS3MARL_SLICE_LTE_LAYOUT_H
