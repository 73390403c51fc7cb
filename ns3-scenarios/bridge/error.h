// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_ERROR_H
#define NS3MARL_BRIDGE_ERROR_H

#include <stdexcept>
#include <string>

namespace ns3::marl
{

/// What a Fault tells the learner; the values are those of the wire.
enum class FaultKind
{
    CONFIG = 1,
    SPEC_VIOLATION = 2,
    OUT_OF_STEP = 3,
    SIMULATION = 4,
    VERSION = 5,
};

/// Ends the episode with a Fault of this kind. Scenarios may throw it from any of their methods.
class Error : public std::runtime_error
{
  public:
    Error(FaultKind kind, const std::string& message)
        : std::runtime_error(message),
          m_kind(kind)
    {
    }

    FaultKind GetKind() const
    {
        return m_kind;
    }

  private:
    FaultKind m_kind;
};

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_ERROR_H
