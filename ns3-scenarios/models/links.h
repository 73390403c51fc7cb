// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_LINKS_H
#define NS3MARL_MODELS_LINKS_H

#include "ns3/mobility-model.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace ns3::marl
{

/// The links between devices and servers, found by the mobility models that their radios carry. Pairs of two devices, two
/// servers or with anybody else are none.
class Links
{
  public:
    struct Link
    {
        uint32_t device;
        uint32_t server;
    };

    Links() = default;
    Links(const std::vector<Ptr<MobilityModel>>& devices, const std::vector<Ptr<MobilityModel>>& servers);

    uint32_t GetDevices() const;
    uint32_t GetServers() const;

    /// In either order.
    std::optional<Link> Find(const Ptr<MobilityModel>& a, const Ptr<MobilityModel>& b) const;

  private:
    uint32_t m_devices{0};
    uint32_t m_servers{0};
    std::unordered_map<const MobilityModel*, uint32_t> m_indices; ///< looked up only: devices, then servers
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_LINKS_H
