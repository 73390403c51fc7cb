// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_PRESET_H
#define NS3MARL_BRIDGE_PRESET_H

#include "bridge/argument-type.h"

#include <ostream>
#include <string>

namespace ns3::marl
{

/// An argument whose default depends on the preset.
template <typename T>
struct Preset
{
    T value{};
    bool isGiven{false}; ///< on the command line
};

/// Read as a T.
template <typename T>
struct ArgumentType<Preset<T>>
{
    static std::string GetName()
    {
        return ArgumentType<T>::GetName();
    }

    static std::string GetExpected()
    {
        return ArgumentType<T>::GetExpected();
    }

    static bool Read(const std::string& text, Preset<T>& argument)
    {
        argument.isGiven = true;
        return ArgumentType<T>::Read(text, argument.value);
    }
};

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
