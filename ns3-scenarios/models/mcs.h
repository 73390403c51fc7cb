// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_MCS_H
#define NS3MARL_MODELS_MCS_H

#include <array>
#include <cstdint>

namespace ns3::marl
{

/// SNR from which each HE MCS (0 to 11, 20 MHz, one stream) is used.
constexpr std::array<double, 12> MCS_THRESHOLDS_DB{5, 8, 11, 14, 18, 22, 24, 26, 30, 32, 35, 38};

/// \return the highest MCS whose threshold the SNR reaches; 0 below all of them
uint8_t SelectMcs(double snrDb);

} // namespace ns3::marl

#endif // NS3MARL_MODELS_MCS_H
