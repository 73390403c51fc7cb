// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_WRITER_H
#define NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_WRITER_H

#include "scenarios/aiot-mec/exogenous.h"
#include "scenarios/aiot-mec/settings.h"

namespace ns3::marl::aiot_mec
{

/// Writes the folder of this episode for --exogenousOut. docs/models/exogenous.md describes the format. \throws Error
/// (CONFIG) when it cannot be written
void WriteExogenous(const Exogenous& world, const Settings& settings);

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_WRITER_H
