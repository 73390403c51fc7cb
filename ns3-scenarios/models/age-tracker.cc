// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/age-tracker.h"

#include "ns3/abort.h"

namespace ns3::marl
{

AgeTracker::AgeTracker(const Time& start)
    : m_freshest(start),
      m_lastReceipt(start)
{
}

void
AgeTracker::Update(const Time& generation, const Time& now)
{
    NS_ABORT_MSG_IF(now < generation,
                    "An update of " << generation.As(Time::S) << " cannot arrive at " << now.As(Time::S));
    m_lastReceipt = now;
    if (generation > m_freshest)
    {
        m_peakSum += GetAge(now);
        m_peaks++;
        m_freshest = generation;
    }
}

Time
AgeTracker::GetAge(const Time& now) const
{
    return now - m_freshest;
}

Time
AgeTracker::GetReceiptAge(const Time& now) const
{
    return now - m_lastReceipt;
}

uint64_t
AgeTracker::GetPeaks() const
{
    return m_peaks;
}

Time
AgeTracker::GetMeanPeak() const
{
    return m_peaks == 0 ? Time(0) : m_peakSum / static_cast<int64_t>(m_peaks);
}

} // namespace ns3::marl
