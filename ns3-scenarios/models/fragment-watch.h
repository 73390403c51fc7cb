// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_FRAGMENT_WATCH_H
#define NS3MARL_MODELS_FRAGMENT_WATCH_H

#include "ns3/nstime.h"
#include "ns3/qos-utils.h"
#include "ns3/wifi-net-device.h"
#include "ns3/wifi-phy-common.h"
#include "ns3/wifi-ppdu.h"
#include "ns3/wifi-psdu.h"
#include "ns3/wifi-tx-vector.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace ns3::marl
{

/// Follows the fragments of a device's tasks over its radios: which of them were on the air, how often and for how long.
class FragmentWatch
{
  public:
    /// A transmission carried \p first fragments of a task that had not been on the air before, and \p again others.
    using OnAirCallback = std::function<void(uint32_t task, uint32_t first, uint32_t again, const Time& duration)>;

    /// Transmissions of one access category, since the beginning.
    struct Counts
    {
        uint64_t retries{0};    ///< of fragments that had been on the air before
        uint64_t unanswered{0}; ///< data transmissions without any acknowledgement: collided, or out of reach

        Counts& operator+=(const Counts& other);
    };

    explicit FragmentWatch(OnAirCallback onAir);
    FragmentWatch(const FragmentWatch&) = delete; // the radios know where it stands
    FragmentWatch& operator=(const FragmentWatch&) = delete;

    /// Listens to a radio.
    void Connect(Ptr<WifiNetDevice> radio);

    /// Another fragment of a task, before it is handed to the radio. \param packet its uid, above those before
    void Add(uint32_t task, uint64_t packet);

    /// The task ended.
    void Remove(uint32_t task);

    const Counts& GetCounts(AcIndex category) const;

  private:
    struct Fragments
    {
        std::vector<uint64_t> packets; ///< ascending
        std::vector<bool> onAir;
        uint32_t first{0}; ///< in the transmission that begins
        uint32_t again{0};
    };

    void NotifyTxBegin(WifiConstPsduMap psdus, WifiTxVector vector, double powerW);
    void NotifyMpdu(const WifiMpdu& mpdu);
    void NotifyUnansweredMpdu(uint8_t reason, Ptr<const WifiMpdu> mpdu, const WifiTxVector& vector);
    void NotifyUnansweredPsdu(uint8_t reason, Ptr<const WifiPsdu> psdu, const WifiTxVector& vector);
    void CountUnanswered(const WifiMacHeader& header);

    OnAirCallback m_onAir;
    std::map<uint32_t, Fragments> m_tasks;
    std::array<Counts, AC_BE_NQOS> m_counts;
    WifiPhyBand m_band{WIFI_PHY_BAND_5GHZ};
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_FRAGMENT_WATCH_H
