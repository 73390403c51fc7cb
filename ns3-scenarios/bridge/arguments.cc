// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/arguments.h"

#include "ns3/config.h"
#include "ns3/global-value.h"
#include "ns3/string.h"
#include "ns3/type-id.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace ns3::marl
{

namespace
{

/// What RunProgram takes from the command line before the scenario's arguments are parsed, and what ns-3 itself understands.
constexpr std::array<std::string_view, 17> RESERVED{"arguments",
                                                    "connect",
                                                    "describe",
                                                    "dialect",
                                                    "help",
                                                    "identity",
                                                    "keys",
                                                    "life-fd",
                                                    "logComponents",
                                                    "openGymPort",
                                                    "orphaned-socket",
                                                    "run",
                                                    "seed",
                                                    "simSeed",
                                                    "standalone",
                                                    "RngRun",
                                                    "RngSeed"};

/// Whether an attribute or a global value of ns-3 holds a time.
bool
HoldsTime(const std::string& name)
{
    constexpr std::string_view TIME = "ns3::TimeValue";
    const auto colons = name.rfind("::");
    TypeId type;
    TypeId::AttributeInformation attribute;
    if (colons != std::string::npos && TypeId::LookupByNameFailSafe(name.substr(0, colons), &type) &&
        type.LookupAttributeByName(name.substr(colons + 2), &attribute))
    {
        return attribute.checker->GetValueTypeName() == TIME;
    }
    const auto global = std::find_if(
        GlobalValue::Begin(), GlobalValue::End(), [&](const auto* value) { return value->GetName() == name; });
    return global != GlobalValue::End() && (*global)->GetChecker()->GetValueTypeName() == TIME;
}

[[noreturn]] void
RefuseValue(const std::string& name, const std::string& value, const std::string& expected)
{
    throw Error(FaultKind::CONFIG,
                "argument '--" + name + "' cannot be read from '" + value + "': expected " + expected);
}

} // namespace

void
Arguments::Add(const Argument& argument)
{
    const auto& name = argument.name;
    if (std::ranges::find(RESERVED, name) != RESERVED.end())
    {
        throw Error(FaultKind::CONFIG,
                    "argument '--" + name + "' belongs to the bridge; give the scenario's argument another name");
    }
    if (Find(name) != nullptr)
    {
        throw Error(FaultKind::CONFIG,
                    "argument '--" + name +
                        "' is declared twice; the bridge itself has --tables, --log and --logFile, so give the "
                        "scenario's argument another name");
    }
    m_arguments.push_back(argument);
}

const Arguments::Argument*
Arguments::Find(const std::string& name) const
{
    const auto found = std::ranges::find_if(m_arguments, [&](const auto& argument) { return argument.name == name; });
    return found == m_arguments.end() ? nullptr : &*found;
}

void
Arguments::Take(const std::string& word) const
{
    if (!word.starts_with("--") || word.size() < 3)
    {
        throw Error(FaultKind::CONFIG,
                    "argument '" + word +
                        "' is not of the form --name=value; give scenario arguments like --name=value");
    }
    const auto equals = word.find('=');
    const auto name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    const auto value = equals == std::string::npos ? std::string() : word.substr(equals + 1);
    const auto* const argument = Find(name);
    if (argument == nullptr)
    {
        TakeFromNs3(name, value);
    }
    else if (!argument->read(value))
    {
        RefuseValue(name, value, argument->expected);
    }
}

void
Arguments::TakeFromNs3(const std::string& name, const std::string& value) const
{
    if (name == "RngSeed" || name == "RngRun")
    {
        throw Error(FaultKind::CONFIG,
                    "argument '--" + name +
                        "' is not taken here: seed and run come with the episode; set the seed of the environment");
    }
    if (Time time; HoldsTime(name) && !ArgumentType<Time>::Read(value, time))
    {
        RefuseValue(name, value, ArgumentType<Time>::GetExpected()); // ns-3 ends the process at some of them
    }
    if (!Config::SetDefaultFailSafe(name, StringValue(value)) && !Config::SetGlobalFailSafe(name, StringValue(value)))
    {
        std::string known;
        for (const auto& argument : m_arguments)
        {
            known += (known.empty() ? "--" : ", --") + argument.name;
        }
        throw Error(FaultKind::CONFIG,
                    "argument '--" + name + "' with value '" + value +
                        "' is neither an argument of the scenario nor an attribute or global value of ns-3 that takes "
                        "it; the scenario has: " +
                        known);
    }
}

void
Arguments::Parse(const std::vector<std::string>& arguments)
{
    for (const auto& argument : arguments)
    {
        Take(argument);
    }
}

std::string
Arguments::GetHelp() const
{
    std::size_t width = 0;
    for (const auto& argument : m_arguments)
    {
        width = std::max(width, argument.name.size());
    }
    std::string help = "Arguments, with their defaults:\n";
    for (const auto& argument : m_arguments)
    {
        const std::string gap(width - argument.name.size() + 2, ' ');
        const auto value = argument.write();
        help += "    --" + argument.name + gap + argument.help + (value.empty() ? "" : " [" + value + "]") + "\n";
    }
    return help + "    --ns3::Class::Attribute=VALUE, and ns-3's global values\n";
}

std::vector<Arguments::Entry>
Arguments::GetEntries() const
{
    std::vector<Entry> entries;
    for (const auto& argument : m_arguments)
    {
        entries.push_back({argument.name, argument.help, argument.type, argument.write()});
    }
    return entries;
}

std::vector<std::string>
SplitList(const std::string& text, char separator)
{
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);)
    {
        parts.push_back(part);
    }
    return parts;
}

} // namespace ns3::marl
