// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_VALIDATION_STATISTICS_H
#define NS3MARL_VALIDATION_STATISTICS_H

#include <cstdint>
#include <string>
#include <vector>

namespace ns3::marl::validation
{

/// Tolerances of estimates are this many standard errors: with normal errors one estimate in 16 000 lies outside.
constexpr double SIGMAS = 4;
const std::string FOUR_SIGMA = "4 standard errors";

/// A mean and how far it may be off.
struct Estimate
{
    double mean{0};
    double standardError{0};
};

/// Mean of correlated values in order of time, by the method of batch means (40 batches). The first twentieth, in which the
/// system fills, is left out.
Estimate GetBatchMeans(const std::vector<double>& values);

/// Mean of independent values.
Estimate GetMean(const std::vector<double>& values);

/// \return standard error of a share of \p count trials, each of which succeeds with \p probability
double GetBinomialError(double probability, double count);

} // namespace ns3::marl::validation

#endif // NS3MARL_VALIDATION_STATISTICS_H
