// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_READER_H
#define NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_READER_H

#include "scenarios/aiot-mec/exogenous.h"
#include "scenarios/aiot-mec/settings.h"

namespace ns3::marl::aiot_mec
{

/// Reads the folder that --exogenousIn names, or else that of this episode. \throws Error (CONFIG) that names the quantity,
/// what was expected, what was found, and the remedy
Exogenous ReadExogenous(const Settings& settings);

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_READER_H
