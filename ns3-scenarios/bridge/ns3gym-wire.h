// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_NS3GYM_WIRE_H
#define NS3MARL_BRIDGE_NS3GYM_WIRE_H

#include "bridge/action.h"
#include "bridge/observation.h"
#include "bridge/spec.h"
#include "bridge/wire.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ns3::marl
{

/// The codec between the bridge's types and the wire of ns3-gym, which knows one agent:
///
/// - The observation is one flat Box of all features [sum of A F over the groups], in their order.
/// - The action is a Dict of one Box [A] for each head, of the choices (UINT) or of the numbers in the head's unit (FLOAT);
///   the keys are the heads' names, behind "<group>/" where there are several groups. A single head stands without the
///   Dict, a single head of choices of a single agent is a Discrete.
/// - The reward is the mean over all agents. The info is JSON with the tick and the metrics.
///
/// Its clients know no masks: choice c that is masked becomes the (c modulo m)-th of the m that are allowed.
class Ns3GymWire
{
  public:
    explicit Ns3GymWire(const Spec& spec);
    ~Ns3GymWire();

    std::string EncodeInit() const;

    /// \return whether the client asks to stop \throws Error (OUT_OF_STEP) for bytes that are no such message
    static bool DecodeInitAck(std::string_view frame);

    /// \return a frame that lives until the next call
    std::string_view EncodeState(const Observation& observation, const Stamp& stamp);

    /// A last state that says what went wrong.
    std::string_view EncodeFailure(const std::string& message);

    /// Reads an action in answer to the observation. \return false when the client asks to stop instead
    /// \throws Error (OUT_OF_STEP for bytes that are no such message, SPEC_VIOLATION for an action of another make)
    bool DecodeAction(std::string_view frame, const Observation& observation, Action& action);

  private:
    struct Messages;

    /// A head of one group, for all its agents.
    struct Head
    {
        std::string key;
        std::variant<DiscreteHeadHandle, ContinuousHeadHandle> handle;
        double low; ///< 0 for choices
        double high;
        uint32_t agents;
    };

    static bool IsDiscrete(const Head& head);
    std::string_view Finish(const float* features, double reward);
    void SetValues(const Head& head, const std::vector<double>& values, Action& action) const;

    Spec m_spec;
    std::vector<Head> m_heads;
    std::size_t m_featureCount{0}; ///< over all groups
    std::unique_ptr<Messages> m_messages;
    std::string m_frame;
};

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_NS3GYM_WIRE_H
