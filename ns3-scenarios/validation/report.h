// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_VALIDATION_REPORT_H
#define NS3MARL_VALIDATION_REPORT_H

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace ns3::marl::validation
{

/// Where a quantity stands in a plot.
struct Place
{
    std::string figure;
    std::string series;
    double x{0};
};

/// A figure of a model beside one that was not made here.
struct Quantity
{
    std::string name;
    std::string unit;
    double reference{0};
    std::string source; ///< of the reference
    double ours{0};
    double tolerance{0}; ///< largest difference that is accepted, absolute
    std::string basis;   ///< where the tolerance comes from
    std::optional<Place> place;
};

/// A line of a plot that holds no quantity.
struct Curve
{
    std::string figure;
    std::string series;
    std::vector<double> x;
    std::vector<double> y;
};

/// Writes every quantity and curve as one line of JSON, as soon as it is known.
class Report
{
  public:
    explicit Report(std::ostream& out);

    void BeginTopic(const std::string& topic);
    void Add(const Quantity& quantity);
    void Add(const Curve& curve);

    uint32_t GetOutside() const; ///< quantities outside their tolerance

  private:
    std::ostream& m_out;
    std::string m_topic;
    uint32_t m_outside{0};
};

/// How much is simulated. Tolerances of estimates follow from what was simulated.
enum class Effort
{
    QUICK,
    FULL,
};

} // namespace ns3::marl::validation

#endif // NS3MARL_VALIDATION_REPORT_H
