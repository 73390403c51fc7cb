// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/power-level.h"

#include <algorithm>
#include <cmath>

namespace ns3::marl
{

namespace
{

constexpr double STEP_DB = (MAXIMUM_POWER_DBM - MINIMUM_POWER_DBM) / MAXIMUM_POWER_LEVEL;

} // namespace

uint8_t
GetPowerLevel(double powerDbm)
{
    const double power = std::clamp(powerDbm, MINIMUM_POWER_DBM, MAXIMUM_POWER_DBM);
    return static_cast<uint8_t>(std::lround((power - MINIMUM_POWER_DBM) / STEP_DB));
}

double
GetPowerDbm(uint8_t level)
{
    return MINIMUM_POWER_DBM + STEP_DB * level;
}

} // namespace ns3::marl
