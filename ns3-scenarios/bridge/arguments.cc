// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/arguments.h"

#include "ns3/config.h"
#include "ns3/string.h"

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

} // namespace

void
Arguments::CheckName(const std::string& name) const
{
    if (std::ranges::find(RESERVED, name) != RESERVED.end())
    {
        throw Error(FaultKind::CONFIG,
                    "argument '--" + name + "' belongs to the bridge; give the scenario's argument another name");
    }
    if (m_reads.contains(name))
    {
        throw Error(FaultKind::CONFIG,
                    "argument '--" + name +
                        "' is declared twice; the bridge itself has --tables, --log and --logFile, so give the "
                        "scenario's argument another name");
    }
}

void
Arguments::Check(const std::string& argument) const
{
    if (!argument.starts_with("--") || argument.size() < 3)
    {
        throw Error(FaultKind::CONFIG,
                    "argument '" + argument +
                        "' is not of the form --name=value; give scenario arguments like --name=value");
    }
    const auto equals = argument.find('=');
    const auto name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    const auto value = equals == std::string::npos ? std::string() : argument.substr(equals + 1);
    if (name == "RngSeed" || name == "RngRun")
    {
        throw Error(FaultKind::CONFIG,
                    "argument '--" + name +
                        "' is not taken here: seed and run come with the episode; set the seed of the environment");
    }
    if (const auto read = m_reads.find(name); read != m_reads.end())
    {
        if (!read->second(value))
        {
            throw Error(FaultKind::CONFIG,
                        "argument '--" + name + "' cannot be read from '" + value +
                            "'; run the scenario with --help for its type and default");
        }
        return;
    }
    if (!Config::SetDefaultFailSafe(name, StringValue(value)) && !Config::SetGlobalFailSafe(name, StringValue(value)))
    {
        std::string known;
        for (const auto& [other, read] : m_reads)
        {
            known += (known.empty() ? "--" : ", --") + other;
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
    // CommandLine prints its help and ends the process at the first wrong argument, so each is tried first.
    std::vector<std::string> words{"scenario"};
    for (const auto& argument : arguments)
    {
        Check(argument);
        words.push_back(argument);
    }
    m_commandLine.Parse(words);
}

std::string
Arguments::GetHelp() const
{
    std::ostringstream help;
    m_commandLine.PrintHelp(help);
    return help.str();
}

std::vector<Arguments::Entry>
Arguments::GetEntries() const
{
    std::vector<Entry> entries;
    for (const auto& name : m_order)
    {
        entries.push_back({name, m_helps.at(name), m_writes.at(name)()});
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
