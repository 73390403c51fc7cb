// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/ns3gym-session.h"

#include "bridge/lockstep.h"
#include "bridge/ns3gym-socket.h"
#include "bridge/ns3gym-wire.h"

#include <iostream>

namespace ns3::marl
{

int
ServeNs3Gym(Scenario& scenario, const Spec& spec, uint16_t port)
{
    Ns3GymSocket socket(port);
    Ns3GymWire wire(spec);
    try
    {
        if (Ns3GymWire::DecodeInitAck(socket.Exchange(wire.EncodeInit())))
        {
            return 0;
        }
        Lockstep lockstep(
            scenario, spec, false, [&](const Observation& observation, const Stamp& stamp, Action* action) {
                const auto reply = socket.Exchange(wire.EncodeState(observation, stamp));
                return action != nullptr && wire.DecodeAction(reply, observation, *action);
            });
        lockstep.Run();
        return 0;
    }
    catch (const ClientGone& error)
    {
        std::cerr << spec.scenario << ": " << error.what() << std::endl;
    }
    catch (const std::exception& error)
    {
        std::cerr << spec.scenario << ": " << error.what() << std::endl;
        socket.Exchange(wire.EncodeFailure(error.what()));
    }
    return 1;
}

} // namespace ns3::marl
