// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_ARGUMENT_TYPE_H
#define NS3MARL_BRIDGE_ARGUMENT_TYPE_H

#include "ns3/nstime.h"

#include <charconv>
#include <cmath>
#include <concepts>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>

namespace ns3::marl
{

/// How the text of an argument becomes a value of type T. This one serves every type that has an operator>>.
template <typename T>
struct ArgumentType
{
    /// \return the name of the type, as `--arguments` prints it
    static std::string GetName()
    {
        return "value";
    }

    /// \return what a refusal says was expected
    static std::string GetExpected()
    {
        return "a value of the type that --help tells";
    }

    /// \return false when the text, all of it, is no such value
    static bool Read(const std::string& text, T& value)
    {
        std::istringstream stream(text);
        return static_cast<bool>(stream >> value) && stream.peek() == std::istringstream::traits_type::eof();
    }
};

/// Any text, empty or with spaces in it.
template <>
struct ArgumentType<std::string>
{
    static std::string GetName();
    static std::string GetExpected();
    static bool Read(const std::string& text, std::string& value);
};

/// As ns-3 takes it: true, t, 1, false, f or 0; without a text the flag changes.
template <>
struct ArgumentType<bool>
{
    static std::string GetName();
    static std::string GetExpected();
    static bool Read(const std::string& text, bool& value);
};

/// A number with its unit, in whole nanoseconds. ns-3 itself takes a number without a unit for seconds.
template <>
struct ArgumentType<Time>
{
    static std::string GetName();
    static std::string GetExpected();
    static bool Read(const std::string& text, Time& value);
};

/// A finite number, or a whole number that fits the type.
template <typename T>
    requires std::is_arithmetic_v<T>
struct ArgumentType<T>
{
    static std::string GetName()
    {
        if constexpr (std::is_floating_point_v<T>)
        {
            return "number";
        }
        return (std::is_signed_v<T> ? "int" : "uint") + std::to_string(8 * sizeof(T));
    }

    static std::string GetExpected()
    {
        if constexpr (std::is_floating_point_v<T>)
        {
            return "a number";
        }
        return "a whole number from " + std::to_string(std::numeric_limits<T>::lowest()) + " to " +
               std::to_string(std::numeric_limits<T>::max());
    }

    static bool Read(std::string_view text, T& value)
    {
        if (text.starts_with("+") && !text.starts_with("+-"))
        {
            text.remove_prefix(1);
        }
        const auto* const end = text.data() + text.size();
        const auto [last, error] = std::from_chars(text.data(), end, value);
        bool isFinite = true;
        if constexpr (std::is_floating_point_v<T>)
        {
            isFinite = std::isfinite(value);
        }
        return error == std::errc() && last == end && isFinite;
    }
};

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_ARGUMENT_TYPE_H
