// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SLICE_LTE_ACCOUNTS_H
#define NS3MARL_SLICE_LTE_ACCOUNTS_H

#include "bridge/spec.h"

#include <array>
#include <cstdint>

#include "scenarios/slice-lte/ledger.h"
#include "scenarios/slice-lte/settings.h"
#include "scenarios/slice-lte/slice-status.h"

namespace ns3::marl::slice_lte
{

/// What intervals are worth to the slices, sums of the episode, and the metrics that follow.
class Accounts
{
  public:
    Accounts(const Settings& settings, const Ledger& ledger);

    /// Declares the metrics.
    void Describe(Spec& spec);

    void NoteInterval(Slice slice, const SliceStatus& status); ///< that ended

    /// In [0, 1]. eMBB: rate within the bound over the rate that was offered. URLLC: 1 without late jobs, 0 from the
    /// tolerated share of late jobs on. mMTC: share of jobs within the bound. An interval without jobs satisfies.
    double GetSatisfaction(Slice slice, const Ledger::Count& jobs) const;

    /// 100 (satisfaction - p_radio share of the downlink held - p_cpu share of the CPU granted)
    double GetReward(const SliceStatus& status) const;

  private:
    void DescribeSlice(Slice slice, Spec& spec);

    struct Sums
    {
        double satisfaction{0};
        double radioHeld{0};
        double cpuShare{0};
        double intervals{0};
    };

    const Settings& m_settings;
    const Ledger& m_ledger;
    std::array<Sums, SLICES> m_sums;
};

} // namespace ns3::marl::slice_lte

#endif // NS3MARL_SLICE_LTE_ACCOUNTS_H
