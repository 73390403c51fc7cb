// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_VALIDATION_BIANCHI_H
#define NS3MARL_VALIDATION_BIANCHI_H

#include <cstdint>
#include <optional>

namespace ns3::marl::validation
{

/// Contention as Bianchi models it (IEEE JSAC 18(3), 2000): n saturated stations that all hear each other, and lose frames
/// by collisions only.
struct Bianchi
{
    uint32_t windowMin{16};   ///< CWmin + 1
    uint32_t windowMax{1024}; ///< CWmax + 1
    std::optional<uint32_t>
        attempts{}; ///< after so many failures the window starts anew; nothing: never, as in the paper
    double slotS{9e-6};
    double successS{0};   ///< channel time of a frame that arrives: data, SIFS, ACK, AIFS
    double collisionS{0}; ///< channel time of a collision: data, AIFS
    double payloadBits{0};

    /// \return probability that a station sends in a slot, when each of its frames collides with probability \p collision
    double GetAttemptProbability(double collision) const;

    /// \return payload of all stations over time
    double GetThroughputMbps(uint32_t stations) const;
};

} // namespace ns3::marl::validation

#endif // NS3MARL_VALIDATION_BIANCHI_H
