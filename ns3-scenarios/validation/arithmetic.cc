// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Priority of tasks, fairness and power levels, by hand.

#include "models/mcs.h"
#include "models/power-level.h"
#include "models/priority.h"
#include "models/task-statistics.h"

#include <vector>

#include "validation/topics.h"

namespace ns3::marl::validation
{

namespace
{

constexpr double EXACT = 1e-9;

void
AddExact(Report& report, const std::string& name, double reference, const std::string& source, double ours)
{
    report.Add({name, "1", reference, source, ours, EXACT, "arithmetic", {}});
}

} // namespace

void
ValidateArithmetic(Report& report, Effort /* effort */)
{
    const std::string jain = "Jain, Chiu and Hawe 1984";
    AddExact(report, "Jain index of 1, 0, 0, 0", 0.25, jain, GetJainIndex({1, 0, 0, 0}));
    AddExact(report, "Jain index of 1, 2, 3, 4, 5", 9.0 / 11, jain, GetJainIndex({1, 2, 3, 4, 5}));
    AddExact(
        report, "Jain index of nine equal values and a zero", 0.9, jain, GetJainIndex({2, 2, 2, 2, 2, 2, 2, 2, 2, 0}));

    const PriorityWeights weights; // 0.4, 0.3, 0.3, 3.6e8 cycles
    const Time deadline = MilliSeconds(80);
    AddExact(report,
             "priority of a fresh task of 1.8e8 cycles",
             0.15,
             "0.4 x 0 + 0.3 x 0.5",
             weights.Get(deadline, deadline, 1.8e8, false));
    AddExact(report,
             "priority of a premium task of 0.9e8 cycles, a quarter of its time left",
             0.675,
             "0.4 x 0.75 + 0.3 x 0.25 + 0.3",
             weights.Get(MilliSeconds(20), deadline, 0.9e8, true));
    AddExact(report,
             "priority of an overdue premium task of 7.2e8 cycles",
             1,
             "0.4 + 0.3 + 0.3",
             weights.Get(MilliSeconds(-5), deadline, 7.2e8, true));

    AddExact(report, "power level of 20 dBm", 160, "20 dB / 0.125 dB", GetPowerLevel(20));
    AddExact(report, "power of level 4 [dBm]", 0.5, "4 x 0.125 dB", GetPowerDbm(4));
    AddExact(report, "MCS at 21.9 dB", 4, "thresholds of MCS 4 and 5: 18 and 22 dB", SelectMcs(21.9));
}

} // namespace ns3::marl::validation
