// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_POWER_LEVEL_H
#define NS3MARL_MODELS_POWER_LEVEL_H

#include <cstdint>

namespace ns3::marl
{

/// A Wi-Fi frame carries its transmit power as one of at most 256 levels: 241 of them span the range in steps of 0.125 dB.
constexpr double MINIMUM_POWER_DBM = 0;
constexpr double MAXIMUM_POWER_DBM = 30;
constexpr uint8_t MAXIMUM_POWER_LEVEL = 240;

/// \return the nearest level; powers outside the range count as its ends
uint8_t GetPowerLevel(double powerDbm);

/// \return the power of a level
double GetPowerDbm(uint8_t level);

} // namespace ns3::marl

#endif // NS3MARL_MODELS_POWER_LEVEL_H
