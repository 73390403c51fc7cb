// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_HEADER_H
#define NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_HEADER_H

#include <cstdint>
#include <string>

namespace ns3::marl::aiot_mec
{

/// What `exogenous.json` says of a world: one flat object.
struct ExogenousHeader
{
    static constexpr const char* FILE = "exogenous.json";
    static constexpr uint64_t VERSION = 1;

    std::string scenario{"aiot-mec"};
    std::string mobility{"static"};
    uint64_t seed{0};
    uint64_t run{0};
    uint64_t devices{0};
    uint64_t servers{0};
    uint64_t channels{0};
    uint64_t ticks{0};
    uint64_t tickNs{0};
    double pathLossExponent{0};
    double referenceLossDb{0};
    double pauseS{0};
};

/// \throws std::runtime_error when the file cannot be written
void WriteHeader(const std::string& path, const ExogenousHeader& header);

/// \throws std::invalid_argument that names file and entry, what was expected and what was found
ExogenousHeader ReadHeader(const std::string& path);

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_EXOGENOUS_HEADER_H
