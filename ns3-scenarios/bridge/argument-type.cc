// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/argument-type.h"

#include "ns3/command-line.h"

#include <array>
#include <utility>

namespace ns3::marl
{

namespace
{

constexpr std::array<std::pair<std::string_view, double>, 10> UNITS_NS{{{"fs", 1e-6},
                                                                        {"ps", 1e-3},
                                                                        {"ns", 1},
                                                                        {"us", 1e3},
                                                                        {"ms", 1e6},
                                                                        {"s", 1e9},
                                                                        {"min", 60e9},
                                                                        {"h", 3600e9},
                                                                        {"d", 86400e9},
                                                                        {"y", 365 * 86400e9}}};

/// 31 years: far from where ns-3's 64 bits end, so that times can be added.
constexpr double LONGEST_NS = 1e18;

} // namespace

std::string
ArgumentType<std::string>::GetName()
{
    return "text";
}

std::string
ArgumentType<std::string>::GetExpected()
{
    return "a text";
}

bool
ArgumentType<std::string>::Read(const std::string& text, std::string& value)
{
    value = text;
    return true;
}

std::string
ArgumentType<bool>::GetName()
{
    return "flag";
}

std::string
ArgumentType<bool>::GetExpected()
{
    return "true or false";
}

bool
ArgumentType<bool>::Read(const std::string& text, bool& value)
{
    return CommandLineHelper::UserItemParse<bool>(text, value);
}

std::string
ArgumentType<Time>::GetName()
{
    return "time";
}

std::string
ArgumentType<Time>::GetExpected()
{
    return "a time with its unit, such as 20ms (fs, ps, ns, us, ms, s, min, h, d or y), of at most 1e9s";
}

bool
ArgumentType<Time>::Read(const std::string& text, Time& value)
{
    const auto numberLength = text.find_first_not_of("+-0123456789.eE");
    if (numberLength == std::string::npos)
    {
        return false;
    }
    double number = 0;
    if (!ArgumentType<double>::Read(std::string_view(text).substr(0, numberLength), number))
    {
        return false;
    }
    for (const auto& [unit, lengthNs] : UNITS_NS)
    {
        if (unit == std::string_view(text).substr(numberLength))
        {
            value = NanoSeconds(std::llround(std::fmin(std::fabs(number * lengthNs), LONGEST_NS)));
            value = std::signbit(number) ? Time(0) - value : value;
            return std::fabs(number * lengthNs) <= LONGEST_NS;
        }
    }
    return false;
}

} // namespace ns3::marl
