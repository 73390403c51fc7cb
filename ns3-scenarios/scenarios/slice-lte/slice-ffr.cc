// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/slice-lte/slice-ffr.h"

#include <algorithm>

namespace ns3::marl::slice_lte
{

NS_OBJECT_ENSURE_REGISTERED(SliceFfr);

namespace
{

constexpr double WHOLE_RBG = 1 - 1e-9; ///< credits are sums of rounded shares

} // namespace

TypeId
SliceFfr::GetTypeId()
{
    static TypeId tid = TypeId("ns3::marl::SliceFfr").SetParent<LteFrNoOpAlgorithm>().AddConstructor<SliceFfr>();
    return tid;
}

void
SliceFfr::SetUp(uint32_t slices, uint32_t lendingPeriod, std::function<bool(uint32_t slice)> busy)
{
    m_busy = std::move(busy);
    m_lendingPeriod = lendingPeriod;
    m_shares.assign(slices, 1.0 / slices);
    m_effectiveShares = m_shares;
    m_lends.assign(slices, false);
    m_credits.assign(slices, 0);
    m_held.assign(slices, 0);
}

void
SliceFfr::SetSlice(uint16_t rnti, uint32_t slice)
{
    m_ues.resize(std::max<std::size_t>(m_ues.size(), rnti + 1U));
    m_ues[rnti].slice = slice;
}

void
SliceFfr::SetPolicy(const std::vector<double>& shares, const std::vector<bool>& lends)
{
    m_shares = shares;
    m_lends = lends;
    Lend();
}

std::vector<double>
SliceFfr::TakeHeldShares()
{
    std::vector<double> shares(m_held.size(), 0);
    for (uint32_t slice = 0; slice < shares.size() && m_heldOf > 0; slice++)
    {
        shares[slice] = static_cast<double>(m_held[slice]) / static_cast<double>(m_heldOf);
    }
    std::ranges::fill(m_held, 0);
    m_heldOf = 0;
    return shares;
}

double
SliceFfr::GetMeanCqi(uint32_t slice) const
{
    double sum = 0;
    uint32_t count = 0;
    for (const auto& ue : m_ues)
    {
        sum += ue.slice == slice ? ue.cqi : 0;
        count += ue.slice == slice;
    }
    return count > 0 ? sum / count : 0;
}

void
SliceFfr::Lend()
{
    double lent = 0;
    double borrowers = 0; // sum of their shares
    std::vector<bool> lending(m_shares.size());
    for (uint32_t slice = 0; slice < m_shares.size(); slice++)
    {
        const bool busy = m_busy(slice);
        lending[slice] = m_lends[slice] && !busy;
        lent += lending[slice] ? m_shares[slice] : 0;
        borrowers += busy ? m_shares[slice] : 0;
    }
    m_effectiveShares = m_shares;
    for (uint32_t slice = 0; slice < m_shares.size() && borrowers > 0; slice++)
    {
        if (lending[slice])
        {
            m_effectiveShares[slice] = 0;
        }
        else if (m_busy(slice))
        {
            m_effectiveShares[slice] += lent * m_shares[slice] / borrowers;
        }
    }
}

// The scheduler asks this once, at the beginning of every subframe.
std::vector<bool>
SliceFfr::DoGetAvailableDlRbg()
{
    m_owners.assign(m_dlBandwidth / GetRbgSize(m_dlBandwidth), NO_SLICE);
    if (m_subframe++ % m_lendingPeriod == 0)
    {
        Lend();
    }
    for (uint32_t slice = 0; slice < m_credits.size(); slice++)
    {
        m_credits[slice] += m_effectiveShares[slice] * static_cast<double>(m_owners.size());
    }
    for (auto& owner : m_owners)
    {
        const auto richest = std::ranges::max_element(m_credits);
        if (richest == m_credits.end() || *richest < WHOLE_RBG)
        {
            break;
        }
        *richest -= 1;
        owner = static_cast<uint32_t>(richest - m_credits.begin());
        m_held[owner]++;
    }
    m_heldOf += m_owners.size();
    return std::vector<bool>(m_owners.size(), false); // RBGs that no slice holds serve retransmissions
}

bool
SliceFfr::DoIsDlRbgAvailableForUe(int rbg, uint16_t rnti)
{
    const auto slice = rnti < m_ues.size() ? m_ues[rnti].slice : NO_SLICE;
    return slice == NO_SLICE || m_owners[rbg] == slice;
}

void
SliceFfr::DoReportDlCqiInfo(const FfMacSchedSapProvider::SchedDlCqiInfoReqParameters& params)
{
    for (const auto& report : params.m_cqiList)
    {
        if (report.m_cqiType == CqiListElement_s::P10 && report.m_rnti < m_ues.size())
        {
            m_ues[report.m_rnti].cqi = report.m_wbCqi.at(0);
        }
    }
}

} // namespace ns3::marl::slice_lte
