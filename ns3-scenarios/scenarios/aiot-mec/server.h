// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_SERVER_H
#define NS3MARL_SCENARIOS_AIOT_MEC_SERVER_H

#include "models/edge-gateway.h"
#include "models/edge-server.h"

#include <cstdint>
#include <memory>
#include <vector>

#include "scenarios/aiot-mec/settings.h"

namespace ns3::marl::aiot_mec
{

/// A server: its computer and its radios.
struct Server
{
    uint32_t index{0}; ///< its number
    Ptr<EdgeServer> computer;
    std::unique_ptr<EdgeGateway> gateway;
};

/// \param stream of the draw \return as given, or spread evenly; which server has which is then drawn [Hz] [server]
std::vector<double> GetServerRates(const Settings& settings, int64_t stream);

/// The servers that stand in the slots of a device: all, or those with the best mean SNR; in order of their ids.
std::vector<uint32_t> GetSlotServers(const Settings& settings, const RadioNetwork& network, uint32_t device);

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_SERVER_H
