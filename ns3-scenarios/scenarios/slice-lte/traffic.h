// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SLICE_LTE_TRAFFIC_H
#define NS3MARL_SLICE_LTE_TRAFFIC_H

#include "ns3/random-variable-stream.h"

#include <cstdint>
#include <functional>
#include <vector>

#include "scenarios/slice-lte/settings.h"

namespace ns3::marl::slice_lte
{

/// When UEs have jobs. eMBB: while a UE is on, equal distances; on and off periods are exponential. URLLC: a fixed period
/// from a random phase on. mMTC: a Poisson process. Each UE draws from its own stream, so nothing depends on actions.
class Traffic
{
  public:
    /// \param create called at each arrival with the slice and the UE's number in the network
    Traffic(const Settings& settings, std::function<void(uint32_t slice, uint32_t ue)> create);

    void Begin(); ///< from now on jobs arrive

    uint32_t GetActive(uint32_t slice) const; ///< UEs that are on; all of URLLC and mMTC

  private:
    struct Ue
    {
        uint32_t slice;
        bool on;
        Ptr<ExponentialRandomVariable> exponential; ///< of mean 1
        Ptr<UniformRandomVariable> uniform;         ///< in [0, 1)
    };

    void Toggle(uint32_t ue);
    void Stream(uint32_t ue, uint64_t period); ///< sends on if the on period of that number is not over
    void Repeat(uint32_t ue);
    void Create(uint32_t ue);

    Settings m_settings;
    std::function<void(uint32_t, uint32_t)> m_create;
    std::vector<Ue> m_ues;
    std::vector<uint64_t> m_periods; ///< by UE, number of the on period
};

} // namespace ns3::marl::slice_lte

#endif // NS3MARL_SLICE_LTE_TRAFFIC_H
