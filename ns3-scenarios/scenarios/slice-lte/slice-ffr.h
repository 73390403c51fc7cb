// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SLICE_LTE_SLICE_FFR_H
#define NS3MARL_SLICE_LTE_SLICE_FFR_H

#include "ns3/lte-fr-no-op-algorithm.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

namespace ns3::marl::slice_lte
{

/// Splits the downlink's resource block groups (RBG) among slices, subframe by subframe. ns-3's schedulers ask the
/// frequency reuse algorithm before they give an RBG to a UE; this one answers yes to the UEs of the slice that holds the
/// RBG in this subframe. Each slice earns share x RBGs of credit in a subframe, and each RBG goes to the slice with most
/// credit, if that is a whole RBG. So shares hold on average over a few subframes, and what nobody asked for stays free.
///
/// A slice that lends hands its RBGs over for a whole lending period when it has nothing to send at the beginning of the
/// period and others have; they go to those others in proportion to their shares.
///
/// Retransmissions of HARQ are placed by the scheduler without asking; the uplink is not split.
class SliceFfr : public LteFrNoOpAlgorithm
{
  public:
    static constexpr uint32_t NO_SLICE = std::numeric_limits<uint32_t>::max();

    static TypeId GetTypeId();

    /// \param busy whether a slice has data for the downlink \param lendingPeriod in subframes
    void SetUp(uint32_t slices, uint32_t lendingPeriod, std::function<bool(uint32_t slice)> busy);

    /// UEs without a slice may use every RBG, so that they can connect.
    void SetSlice(uint16_t rnti, uint32_t slice);

    /// \param shares of the downlink, each at least 0, together at most 1 \param lends by slice
    void SetPolicy(const std::vector<double>& shares, const std::vector<bool>& lends);

    /// \return by slice, the share of all RBGs that it held since the last call, in [0, 1]
    std::vector<double> TakeHeldShares();

    double GetMeanCqi(uint32_t slice) const; ///< of the last wideband CQI of each UE, 0 to 15

  protected:
    std::vector<bool> DoGetAvailableDlRbg() override;
    bool DoIsDlRbgAvailableForUe(int rbg, uint16_t rnti) override;
    void DoReportDlCqiInfo(const FfMacSchedSapProvider::SchedDlCqiInfoReqParameters& params) override;

  private:
    void Lend();

    struct Ue
    {
        uint32_t slice{NO_SLICE};
        uint8_t cqi{0};
    };

    std::function<bool(uint32_t)> m_busy;
    uint32_t m_lendingPeriod{1};
    std::vector<Ue> m_ues; ///< by RNTI
    std::vector<double> m_shares;
    std::vector<double> m_effectiveShares; ///< of this lending period
    std::vector<bool> m_lends;
    std::vector<double> m_credits;  ///< RBGs
    std::vector<uint32_t> m_owners; ///< by RBG, in this subframe
    std::vector<uint64_t> m_held;   ///< RBGs by slice since TakeHeldShares
    uint64_t m_heldOf{0};           ///< all RBGs since TakeHeldShares
    uint64_t m_subframe{0};
};

} // namespace ns3::marl::slice_lte

#endif // NS3MARL_SLICE_LTE_SLICE_FFR_H
