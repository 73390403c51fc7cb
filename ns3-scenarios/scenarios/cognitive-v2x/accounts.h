// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_COGNITIVE_V2X_ACCOUNTS_H
#define NS3MARL_COGNITIVE_V2X_ACCOUNTS_H

#include "bridge/spec.h"

#include "ns3/nstime.h"

#include <cstdint>
#include <vector>

#include "scenarios/cognitive-v2x/agent.h"
#include "scenarios/cognitive-v2x/settings.h"

namespace ns3::marl::cognitive_v2x
{

/// Sums of the episode, and the metrics and rewards that follow.
class Accounts
{
  public:
    /// \param agents may be made later
    Accounts(const Settings& settings, const std::vector<Agent>& agents);

    /// Declares the metrics.
    void Describe(Spec& spec);

    void NoteTick(const PairTick& tick);                     ///< of one pair
    void NoteChannel(const Time& on, const Time& disturbed); ///< of one channel in one tick
    void NoteSensing(bool isOn, bool seemsBusy);             ///< of one channel by one pair

    /// 100 (1 - w_a min(1, age / age reference) - w_d disturbance / air time of an update - w_p energy / energy of an
    /// exchange at full power)
    double GetReward(const PairTick& tick) const;

  private:
    void DescribeAges(Spec& spec);
    void DescribeTransmissions(Spec& spec);
    void DescribeSensing(Spec& spec);

    double GetMeanAge() const;                    ///< [ticks]
    double GetAgeQuantile(double quantile) const; ///< [ticks]
    double GetMeanPeak() const;                   ///< age before a fresher update, over all pairs [ticks]
    uint64_t GetTicks() const;                    ///< that have ended

    const Settings& m_settings;
    const std::vector<Agent>& m_agents;
    std::vector<double> m_ages;     ///< of all pairs at the ends of all ticks [ticks]
    std::vector<uint64_t> m_sentOn; ///< by channel
    uint64_t m_decisions{0};
    uint64_t m_sent{0};
    uint64_t m_received{0};
    double m_powerW{0}; ///< sum over the updates sent
    double m_energyJ{0};
    Time m_on;
    Time m_disturbed;
    uint64_t m_free{0}; ///< sensings by the state of the channel
    uint64_t m_taken{0};
    uint64_t m_falseAlarms{0};
    uint64_t m_missed{0};
};

} // namespace ns3::marl::cognitive_v2x

#endif // NS3MARL_COGNITIVE_V2X_ACCOUNTS_H
