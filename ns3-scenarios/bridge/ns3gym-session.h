// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_NS3GYM_SESSION_H
#define NS3MARL_BRIDGE_NS3GYM_SESSION_H

#include "bridge/scenario.h"

#include <cstdint>

namespace ns3::marl
{

/// Serves one episode to an ns3-gym client on this host. What goes wrong reaches the client as a last state whose info is
/// {"error": ...}.
/// \param port that the client has bound \return the exit status: 0 also when the client asks to stop
int ServeNs3Gym(Scenario& scenario, const Spec& spec, uint16_t port);

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_NS3GYM_SESSION_H
