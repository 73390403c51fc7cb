// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "validation/statistics.h"

#include "ns3/abort.h"

#include <cmath>
#include <numeric>

namespace ns3::marl::validation
{

Estimate
GetMean(const std::vector<double>& values)
{
    NS_ABORT_MSG_IF(values.size() < 2, "A mean with its error needs two values");
    const auto count = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    double squares = 0;
    for (const double value : values)
    {
        squares += (value - mean) * (value - mean);
    }
    return {mean, std::sqrt(squares / (count - 1) / count)};
}

Estimate
GetBatchMeans(const std::vector<double>& values)
{
    constexpr std::size_t BATCHES = 40;
    const std::size_t first = values.size() / 20;
    const std::size_t length = (values.size() - first) / BATCHES;
    NS_ABORT_MSG_IF(length == 0, "Too few values for batches");
    std::vector<double> means;
    for (std::size_t batch = 0; batch < BATCHES; batch++)
    {
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first + batch * length);
        means.push_back(std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(length), 0.0) /
                        static_cast<double>(length));
    }
    return GetMean(means);
}

double
GetBinomialError(double probability, double count)
{
    return std::sqrt(probability * (1 - probability) / count);
}

} // namespace ns3::marl::validation
