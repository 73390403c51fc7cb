// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_ACCESS_H
#define NS3MARL_BRIDGE_ACCESS_H

#include "bridge/spec.h"

#include <cstdint>
#include <string>

namespace ns3::marl
{

// What an access to observations, rewards or actions throws when its handle or row does not fit the spec: an Error
// (SPEC_VIOLATION) that names the thing, what was expected and the remedy. The checks themselves are inline at the accesses.

[[noreturn]] void Refuse(const Spec& spec, const GroupHandle& group, uint32_t agent);
[[noreturn]] void Refuse(const Spec& spec, const FeatureHandle& feature, uint32_t agent);
[[noreturn]] void Refuse(const Spec& spec, const DiscreteHeadHandle& head, uint32_t agent);
[[noreturn]] void Refuse(const Spec& spec, const ContinuousHeadHandle& head, uint32_t agent);
[[noreturn]] void Refuse(const Spec& spec, const StateFeatureHandle& feature, uint32_t row);
[[noreturn]] void Refuse(const Spec& spec, const MetricHandle& metric);
[[noreturn]] void Refuse(const Spec& spec, const TableHandle& table);

/// A choice that the head does not have.
[[noreturn]] void RefuseChoice(const Spec& spec, const DiscreteHeadHandle& head, uint32_t agent, int64_t choice);

/// More features in one go than follow the first one.
[[noreturn]] void RefuseCount(const Spec& spec, const FeatureHandle& first, uint32_t agent, std::size_t count);

/// "agent 'station_1', feature 'last_delivered'" and the like, for messages.
std::string GetName(const Spec& spec, const GroupHandle& group, uint32_t agent);

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_ACCESS_H
