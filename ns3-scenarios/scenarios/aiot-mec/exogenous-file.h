// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_FILE_H
#define NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_FILE_H

#include "scenarios/aiot-mec/exogenous.h"
#include "scenarios/aiot-mec/settings.h"

namespace ns3::marl::aiot_mec
{

/// Writes the folder of this episode for --exogenousOut. docs/models/exogenous.md describes the format. \throws Error
/// (CONFIG) when it cannot be written
void WriteExogenous(const Exogenous& world, const Settings& settings);

/// Reads the folder that --exogenousIn names, or else that of this episode. \throws Error (CONFIG) that names the quantity,
/// what was expected, what was found, and the remedy
Exogenous ReadExogenous(const Settings& settings);

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_FILE_H
