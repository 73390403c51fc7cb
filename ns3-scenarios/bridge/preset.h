// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_PRESET_H
#define NS3MARL_BRIDGE_PRESET_H

#include <istream>
#include <ostream>

namespace ns3::marl
{

/// An argument whose default depends on the preset.
template <typename T>
struct Preset
{
    T value{};
    bool isGiven{false}; ///< on the command line
};

template <typename T>
std::istream&
operator>>(std::istream& stream, Preset<T>& argument)
{
    argument.isGiven = true;
    stream >> argument.value;
    if (!stream.eof() && stream.peek() != std::istream::traits_type::eof())
    {
        stream.setstate(std::ios::failbit); // "12abc" is no number
    }
    return stream;
}

template <typename T>
std::ostream&
operator<<(std::ostream& stream, const Preset<T>& argument)
{
    return stream << argument.value;
}

/// What a preset says of an argument.
template <typename T>
void
SetUnlessGiven(Preset<T>& argument, const T& value)
{
    if (!argument.isGiven)
    {
        argument.value = value;
    }
}

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_PRESET_H
