// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SLICE_LTE_SLICE_STATUS_H
#define NS3MARL_SLICE_LTE_SLICE_STATUS_H

#include "scenarios/slice-lte/ledger.h"
#include "scenarios/slice-lte/settings.h"

namespace ns3::marl::slice_lte
{

/// A slice at a boundary: what it was granted for the interval that ended, what came of it, and how the slice stands now.
struct SliceStatus
{
    double radioShare{EQUAL_SHARE}; ///< of the downlink
    double cpuShare{0};             ///< of the edge CPU; nothing runs before the first action
    bool lends{false};              ///< idle radio resources

    Ledger::Count jobs;     ///< of the interval
    double satisfaction{1}; ///< in [0, 1]
    double radioHeld{0};    ///< share of the downlink, borrowed resources included
    double cpuUsed{0};      ///< share of the edge CPU
    double meanMcs{0};      ///< of downlink blocks; 0: none

    double activeShare{0};      ///< of its UEs
    double radioWaiting{0};     ///< jobs on the way to the UEs
    double cpuBacklogCycles{0}; ///< of waiting and running jobs
    double meanCqi{0};          ///< of its UEs
};

} // namespace ns3::marl::slice_lte

#endif // NS3MARL_SLICE_LTE_SLICE_STATUS_H
