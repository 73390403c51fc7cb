// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_COGNITIVE_V2X_ACCOUNTS_H
#define NS3MARL_COGNITIVE_V2X_ACCOUNTS_H

#include "ns3/nstime.h"

#include <cstdint>
#include <span>
#include <vector>

#include "scenarios/cognitive-v2x/pair.h"
#include "scenarios/cognitive-v2x/settings.h"

namespace ns3::marl::cognitive_v2x
{

/// What a pair's tick came to.
struct PairTick
{
    Pair::Interval interval;
    double powerDbm{0};
    double ageTicks{0}; ///< at the end of the tick
    Time disturbance;   ///< that is charged to it
};

/// Sums of the episode, and the metrics and rewards that follow.
class Accounts
{
  public:
    explicit Accounts(const Settings& settings);

    void NoteTick(const PairTick& tick);                     ///< of one pair
    void NoteChannel(const Time& on, const Time& disturbed); ///< of one channel in one tick
    void NoteSensing(bool isOn, bool seemsBusy);             ///< of one channel by one pair

    /// 100 (1 - w_a min(1, age / age reference) - w_d disturbance / air time of an update - w_p energy / energy of an
    /// exchange at full power)
    double GetReward(const PairTick& tick) const;

    /// \param meanPeak age before a fresher update, over all pairs [ticks]; NaN without any
    void FillMetrics(uint64_t ticks, double meanPeak, std::span<double> metrics) const;

  private:
    Settings m_settings;
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
