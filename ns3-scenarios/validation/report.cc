// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "validation/report.h"

#include "ns3/abort.h"

#include <cmath>
#include <iomanip>
#include <limits>

namespace ns3::marl::validation
{

namespace
{

void
Write(std::ostream& out, const std::vector<double>& values)
{
    const char* separator = "[";
    for (const double value : values)
    {
        out << separator << value;
        separator = ", ";
    }
    out << "]";
}

/// Names hold no characters that JSON escapes.
std::string
Quote(const std::string& text)
{
    NS_ABORT_MSG_IF(text.find_first_of("\"\\\n") != std::string::npos, "This text needs escapes: " << text);
    return '"' + text + '"';
}

} // namespace

Report::Report(std::ostream& out)
    : m_out(out)
{
    m_out << std::setprecision(std::numeric_limits<double>::digits10);
}

void
Report::BeginTopic(const std::string& topic)
{
    m_topic = topic;
}

void
Report::Add(const Quantity& quantity)
{
    NS_ABORT_MSG_IF(!std::isfinite(quantity.ours) || !std::isfinite(quantity.reference) ||
                        !std::isfinite(quantity.tolerance),
                    quantity.name << " of " << m_topic << " is not finite");
    const bool isInside = std::abs(quantity.ours - quantity.reference) <= quantity.tolerance;
    m_outside += isInside ? 0 : 1;
    m_out << "{\"topic\": " << Quote(m_topic) << ", \"quantity\": " << Quote(quantity.name)
          << ", \"unit\": " << Quote(quantity.unit) << ", \"reference\": " << quantity.reference
          << ", \"source\": " << Quote(quantity.source) << ", \"ours\": " << quantity.ours
          << ", \"tolerance\": " << quantity.tolerance << ", \"basis\": " << Quote(quantity.basis)
          << ", \"inside\": " << (isInside ? "true" : "false");
    if (quantity.place)
    {
        m_out << ", \"figure\": " << Quote(quantity.place->figure) << ", \"series\": " << Quote(quantity.place->series)
              << ", \"x\": " << quantity.place->x;
    }
    m_out << "}" << std::endl;
}

void
Report::Add(const Curve& curve)
{
    m_out << "{\"figure\": " << Quote(curve.figure) << ", \"series\": " << Quote(curve.series) << ", \"x\": ";
    Write(m_out, curve.x);
    m_out << ", \"y\": ";
    Write(m_out, curve.y);
    m_out << "}" << std::endl;
}

uint32_t
Report::GetOutside() const
{
    return m_outside;
}

} // namespace ns3::marl::validation
