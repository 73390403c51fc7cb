// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_RADIO_ARGUMENTS_H
#define NS3MARL_SCENARIOS_AIOT_MEC_RADIO_ARGUMENTS_H

#include "bridge/arguments.h"
#include "models/background.h"
#include "models/mobility.h"
#include "models/placement.h"
#include "models/radio-network.h"

#include <cstdint>
#include <string>

#include "scenarios/aiot-mec/traces.h"

namespace ns3::marl::aiot_mec
{

/// The arguments about space, air and ways to look at them. The defaults are a plain air in which nothing moves.
class RadioArguments
{
  public:
    void AddArguments(Arguments& arguments);

    /// Reads the files and fills the structures. \param placement its area is known \throws Error (CONFIG) that names
    /// argument, value and remedy
    void Resolve(uint32_t devices, uint32_t servers, RadioSettings& radio, Placement& placement);

    Mobility mobility;
    Background background;
    TraceSettings traces;

  private:
    void CheckNumbers() const;
    void ReadWords(RadioSettings& radio, Placement& placement);
    void ReadFiles(uint32_t devices, uint32_t servers, Placement& placement);
    void ReadTraceDevices(uint32_t devices);

    std::string m_placement{"hotspots"};
    std::string m_positionsFile;
    std::string m_mobility{"static"};
    std::string m_mobilityFile;
    std::string m_phy{"yans"};
    std::string m_traceDevices;
    double m_shadowingDb{0};
    double m_shadowingDistanceM{10};
};

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_RADIO_ARGUMENTS_H
