// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_AGE_TRACKER_H
#define NS3MARL_MODELS_AGE_TRACKER_H

#include "ns3/nstime.h"

#include <cstdint>

namespace ns3::marl
{

/// Age of information of one source (Kaul, Yates and Gruteser, INFOCOM 2012): the time since the generation of the
/// freshest update that was received. It starts at 0, grows with time and falls when a fresher update arrives.
class AgeTracker
{
  public:
    /// \param start when the age is 0
    explicit AgeTracker(const Time& start = Time(0));

    /// \param generation of the update \param now when it was received
    void Update(const Time& generation, const Time& now);

    Time GetAge(const Time& now) const;

    Time GetReceiptAge(const Time& now) const; ///< since the last update was received, fresh or not

    uint64_t GetPeaks() const; ///< updates that were fresher than any before
    Time GetMeanPeak() const;  ///< of the age just before such an update; 0 without any

  private:
    Time m_freshest;
    Time m_lastReceipt;
    Time m_peakSum;
    uint64_t m_peaks{0};
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_AGE_TRACKER_H
