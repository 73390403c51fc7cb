// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_PRIMARY_USER_H
#define NS3MARL_MODELS_PRIMARY_USER_H

#include "ns3/nstime.h"
#include "ns3/ptr.h"
#include "ns3/random-variable-stream.h"

#include <cstdint>
#include <deque>

namespace ns3::marl
{

/// When the owner of a licensed channel transmits: an on/off Markov process in continuous time, whose stays in either
/// state are exponential. It begins in equilibrium. All stays are drawn one after the other from one stream, so that the
/// process depends neither on when nor on how often it is asked. With rates a = 1/meanOff (to on) and b = 1/meanOn
///
///   P(on) = a / (a + b),   P(on at t + s | on at t) = P(on) + (1 - P(on)) exp(-(a + b) s)
class PrimaryUser
{
  public:
    /// \param meanOn, meanOff mean stays, above 0
    PrimaryUser(const Time& meanOn, const Time& meanOff);

    /// \return how many streams were assigned, from the given one on
    int64_t AssignStreams(int64_t stream);

    /// \param now not before any time that Forget was given \return whether it transmits
    bool IsOn(const Time& now) const;

    /// \param now as for IsOn \return when the state that it is in ends
    Time GetChange(const Time& now) const;

    /// \return for how much of the interval it transmits; what a frame on the air then collides with
    Time GetOnTime(const Time& from, const Time& to) const;

    /// Nothing before this time will be asked for again.
    void Forget(const Time& before);

    double GetDutyCycle() const; ///< P(on)

  private:
    /// A stay in a state.
    struct Stay
    {
        Time begin;
        Time end;
        bool on;
    };

    void DrawUntil(const Time& time) const;
    const Stay& GetStay(const Time& now) const;

    Time m_meanOn;
    Time m_meanOff;
    Ptr<UniformRandomVariable> m_draw;
    mutable std::deque<Stay> m_stays; ///< without gaps; drawn as far as somebody asked
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_PRIMARY_USER_H
