// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_COMPUTED_FEATURES_H
#define NS3MARL_BRIDGE_COMPUTED_FEATURES_H

#include "bridge/observation.h"
#include "bridge/spec.h"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace ns3::marl
{

/// Features that are declared together with the functions that compute them, so that each stands in one place:
///
///     ComputedFeatures<Group, const Device&> own; // a member
///     own.Add(devices, {.name = "cpu_hz", .unit = "Hz", .high = 2e9}, [](const Device& device) { return device.rateHz; });
///     own.Fill(observation, agent, device);       // in Observe
///
/// \tparam Owner Group or StateBlock \tparam Of what the functions are given
template <typename Owner, typename... Of>
class ComputedFeatures
{
  public:
    using Handle = decltype(std::declval<Owner&>().AddFeature(std::declval<const Feature&>()));
    using Value = std::function<double(Of...)>;

    /// \param value of the feature, in its unit
    Handle Add(Owner& owner, const Feature& feature, const Value& value)
    {
        m_features.push_back({owner.AddFeature(feature), value});
        return m_features.back().handle;
    }

    /// Sets all features of an agent or row. \param row number of the agent or row \param of given to the functions
    void Fill(Observation& observation, uint32_t row, Of... of) const
    {
        for (const auto& feature : m_features)
        {
            observation.Set(feature.handle, row, feature.value(of...));
        }
    }

  private:
    struct Computed
    {
        Handle handle;
        Value value;
    };

    std::vector<Computed> m_features;
};

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_COMPUTED_FEATURES_H
