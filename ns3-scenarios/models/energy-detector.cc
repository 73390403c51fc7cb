// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/energy-detector.h"

#include "ns3/abort.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ns3::marl
{

double
GetQ(double x)
{
    return 0.5 * std::erfc(x / std::numbers::sqrt2);
}

double
GetInverseQ(double p)
{
    NS_ABORT_MSG_UNLESS(p > 0 && p < 1, "GetInverseQ: p is " << p << ", expected above 0 and below 1");
    // Q falls; halving the interval gains a bit each time.
    double low = -40;
    double high = 40;
    for (int i = 0; i < 100; ++i)
    {
        const double middle = (low + high) / 2;
        (GetQ(middle) > p ? low : high) = middle;
    }
    return (low + high) / 2;
}

EnergyDetector::EnergyDetector(uint32_t samples, double falseAlarm)
    : m_samples(samples),
      m_threshold(1 + GetInverseQ(falseAlarm) / std::sqrt(samples)),
      m_draw(CreateObject<NormalRandomVariable>())
{
    NS_ABORT_MSG_IF(samples == 0, "EnergyDetector: samples is 0, expected 1 or more");
}

int64_t
EnergyDetector::AssignStreams(int64_t stream)
{
    m_draw->SetStream(stream);
    return 1;
}

double
EnergyDetector::GetThreshold() const
{
    return m_threshold;
}

double
EnergyDetector::GetDetection(double snr) const
{
    return GetQ((m_threshold - 1 - snr) * std::sqrt(m_samples / (2 * snr + 1)));
}

double
EnergyDetector::GetNeededSamples(double falseAlarm, double detection, double snr)
{
    const double root = (GetInverseQ(falseAlarm) - GetInverseQ(detection) * std::sqrt(2 * snr + 1)) / snr;
    return root * root;
}

double
EnergyDetector::Measure(double snr)
{
    return std::max(0.0, 1 + snr + std::sqrt((2 * snr + 1) / m_samples) * m_draw->GetValue());
}

bool
EnergyDetector::Sense(double snr)
{
    return Measure(snr) > m_threshold;
}

} // namespace ns3::marl
