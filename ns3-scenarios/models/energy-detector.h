// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_ENERGY_DETECTOR_H
#define NS3MARL_MODELS_ENERGY_DETECTOR_H

#include "ns3/ptr.h"
#include "ns3/random-variable-stream.h"

#include <cstdint>

namespace ns3::marl
{

/// Sensing of a licensed channel by its energy: the mean of |y|^2 over N complex samples against a threshold. For a
/// signal of constant modulus (PSK) at SNR gamma in circular Gaussian noise of power 1, and N large enough for the sum to
/// be Gaussian,
///
///   P_f = Q((e - 1) sqrt(N)),   P_d = Q((e - 1 - gamma) sqrt(N / (2 gamma + 1)))
///
/// with the threshold e; N = sensing time times bandwidth (Liang, Zeng, Peh and Hoang, Sensing-throughput tradeoff for
/// cognitive radio networks, IEEE Trans. Wireless Communications 7(4), 2008, eqs. 5 to 11).
class EnergyDetector
{
  public:
    /// \param samples N \param falseAlarm P_f that the threshold is set for, above 0 and below 1
    EnergyDetector(uint32_t samples, double falseAlarm);

    /// \return how many streams were assigned, from the given one on
    int64_t AssignStreams(int64_t stream);

    double GetThreshold() const; ///< e, in noise powers

    /// \param snr gamma, linear \return P_d; P_f for 0
    double GetDetection(double snr) const;

    /// \return N at which P_f and P_d are both met at an SNR, eq. 11: (Q^-1(P_f) - Q^-1(P_d) sqrt(2 gamma + 1))^2 / gamma^2
    static double GetNeededSamples(double falseAlarm, double detection, double snr);

    /// Draws the test statistic once, whatever the SNR: Gaussian with mean 1 + gamma and variance (2 gamma + 1) / N.
    /// \param snr linear, 0 where nobody transmits \return mean of |y|^2, in noise powers, at least 0
    double Measure(double snr);

    /// The same against the threshold. \return whether the channel seems busy
    bool Sense(double snr);

  private:
    uint32_t m_samples;
    double m_threshold;
    Ptr<NormalRandomVariable> m_draw; ///< of mean 0 and variance 1
};

/// \return probability that a standard normal variable exceeds x
double GetQ(double x);

/// \return x at which GetQ is p, 0 < p < 1
double GetInverseQ(double p);

} // namespace ns3::marl

#endif // NS3MARL_MODELS_ENERGY_DETECTOR_H
