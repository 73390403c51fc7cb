// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/mcs.h"

#include <algorithm>

namespace ns3::marl
{

uint8_t
SelectMcs(double snrDb)
{
    const auto above = std::upper_bound(MCS_THRESHOLDS_DB.begin(), MCS_THRESHOLDS_DB.end(), snrDb);
    return above == MCS_THRESHOLDS_DB.begin() ? 0 : static_cast<uint8_t>(above - MCS_THRESHOLDS_DB.begin() - 1);
}

} // namespace ns3::marl
