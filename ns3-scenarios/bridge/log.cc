// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/log.h"

#include "bridge/arguments.h"
#include "bridge/episode-file.h"

#include "ns3/fatal-impl.h"

#include <iostream>
#include <map>
#include <set>
#include <sstream>

namespace ns3::marl
{

namespace
{

#ifdef NS3_LOG_ENABLE
constexpr bool HAS_LOGGING = true;
#else
constexpr bool HAS_LOGGING = false;
#endif

const std::map<std::string, uint32_t> LEVELS{
    {"none", LOG_NONE},
    {"error", LOG_ERROR},
    {"warn", LOG_WARN},
    {"debug", LOG_DEBUG},
    {"info", LOG_INFO},
    {"function", LOG_FUNCTION},
    {"logic", LOG_LOGIC},
    {"all", LOG_ALL},
    {"level_error", LOG_LEVEL_ERROR},
    {"level_warn", LOG_LEVEL_WARN},
    {"level_debug", LOG_LEVEL_DEBUG},
    {"level_info", LOG_LEVEL_INFO},
    {"level_function", LOG_LEVEL_FUNCTION},
    {"level_logic", LOG_LEVEL_LOGIC},
    {"level_all", LOG_LEVEL_ALL},
    {"func", LOG_PREFIX_FUNC},
    {"time", LOG_PREFIX_TIME},
    {"node", LOG_PREFIX_NODE},
    {"level", LOG_PREFIX_LEVEL},
    {"prefix_func", LOG_PREFIX_FUNC},
    {"prefix_time", LOG_PREFIX_TIME},
    {"prefix_node", LOG_PREFIX_NODE},
    {"prefix_level", LOG_PREFIX_LEVEL},
    {"prefix_all", LOG_PREFIX_ALL},
    {"**", LOG_LEVEL_ALL | LOG_PREFIX_ALL},
};

[[noreturn]] void
Refuse(const std::string& text, const std::string& reason)
{
    throw Error(FaultKind::CONFIG, "argument '--log=" + text + "': " + reason);
}

/// Levels and prefixes as NS_LOG takes them: "*" and "all" are levels in the first place and prefixes after it.
uint32_t
ParseLevels(const std::string& text, const std::string& part, const std::string& words)
{
    uint32_t levels = 0;
    bool isFirst = true;
    for (const auto& word : SplitList(words, '|'))
    {
        const auto level = LEVELS.find(word);
        if (word == "*" || word == "all")
        {
            levels |= isFirst ? LOG_LEVEL_ALL : LOG_PREFIX_ALL;
        }
        else if (level != LEVELS.end())
        {
            levels |= level->second;
        }
        else
        {
            std::ostringstream reason;
            reason << "'" << part << "' has no level '" << word << "'; there are";
            for (const auto& [name, value] : LEVELS)
            {
                reason << ' ' << name;
            }
            reason << ", joined by |";
            Refuse(text, reason.str());
        }
        isFirst = false;
    }
    return levels;
}

} // namespace

std::vector<std::pair<LogComponent*, LogLevel>>
ParseLog(const std::string& text)
{
    const auto& components = *LogComponent::GetComponentList();
    std::vector<std::pair<LogComponent*, LogLevel>> enabled;
    for (const auto& part : SplitList(text, ':'))
    {
        const auto equals = part.find('=');
        const auto name = part.substr(0, equals);
        const auto words = equals == std::string::npos ? std::string("**") : part.substr(equals + 1);
        const auto levels = static_cast<LogLevel>(ParseLevels(text, part, words.empty() ? "**" : words));
        if (name == "*" || name == "***")
        {
            for (const auto& [other, component] : components)
            {
                enabled.emplace_back(component, levels);
            }
        }
        else if (const auto component = components.find(name); component != components.end())
        {
            enabled.emplace_back(component->second, levels);
        }
        else
        {
            Refuse(text,
                   "ns-3 has no log component '" + name +
                       "'; run the scenario with --logComponents for a list, * stands for all");
        }
    }
    return enabled;
}

void
LogArguments::AddArguments(Arguments& arguments)
{
    arguments.Add("log",
                  "What ns-3 logs, as its NS_LOG says it: COMPONENT=LEVEL|LEVEL:COMPONENT=..., such as "
                  "TaskLedger=level_info|prefix_time; --logComponents lists the components",
                  components);
    arguments.Add("logFile", "Text file for --log; without it the standard error output", file);
}

void
LogArguments::Check() const
{
    if (components.empty())
    {
        if (!file.empty())
        {
            throw Error(FaultKind::CONFIG, "argument '--logFile=" + file + "': expected --log with it");
        }
        return;
    }
    if (!HAS_LOGGING)
    {
        Refuse(components,
               "this ns-3 (" NS3MARL_NS3_VERSION " " NS3MARL_NS3_BUILD_PROFILE
               ") was built without logging; take the wheel ns3, or build ns-3 with ./ns3 configure --enable-logs and "
               "set NS3_ROOT");
    }
    ParseLog(components);
}

Log::Log(const LogArguments& arguments)
    : m_enabled(ParseLog(arguments.components))
{
    if (!arguments.file.empty())
    {
        m_name = GetEpisodeFileName(arguments.file);
        m_file.open(m_name);
        if (!m_file)
        {
            throw Error(FaultKind::CONFIG,
                        "argument '--logFile': '" + m_name +
                            "' cannot be written; name a file in a folder that exists");
        }
        FatalImpl::RegisterStream(&m_file); // complete also when ns-3 aborts
        m_before = std::clog.rdbuf(m_file.rdbuf());
    }
    for (const auto& [component, levels] : m_enabled)
    {
        component->Enable(levels);
    }
}

Log::~Log()
{
    for (const auto& [component, levels] : m_enabled)
    {
        component->Disable(levels);
    }
    if (m_before)
    {
        std::clog.rdbuf(m_before);
        FatalImpl::UnregisterStream(&m_file);
    }
}

void
Log::Complete()
{
    if (m_before && !m_file.flush())
    {
        throw Error(FaultKind::SIMULATION, "file '" + m_name + "' of --logFile cannot be written completely");
    }
}

std::string
Log::GetComponentNames()
{
    std::set<std::string> names;
    for (const auto& [name, component] : *LogComponent::GetComponentList())
    {
        names.insert(name);
    }
    std::string lines;
    for (const auto& name : names)
    {
        lines += name + "\n";
    }
    return lines;
}

} // namespace ns3::marl
