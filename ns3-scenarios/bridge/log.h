// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_LOG_H
#define NS3MARL_BRIDGE_LOG_H

#include "bridge/arguments.h"

#include "ns3/log.h"

#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace ns3::marl
{

/// ns-3's logging by argument: which components at which levels, as the environment variable NS_LOG says it.
struct LogArguments
{
    void AddArguments(Arguments& arguments);

    /// \throws Error (CONFIG) that names what is wrong; also where ns-3 was built without logging
    void Check() const;

    std::string components; ///< "NAME=LEVEL|LEVEL:NAME=..."; empty: none
    std::string file;       ///< instead of the standard error output
};

/// What Check reads from such a text. \throws Error (CONFIG) about an unknown component or level
std::vector<std::pair<LogComponent*, LogLevel>> ParseLog(const std::string& text);

/// Logs, as long as it lives. Seed and run of the episode are set before.
class Log
{
  public:
    explicit Log(const LogArguments& arguments);
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    /// Completes the file. \throws Error (SIMULATION) when it could not be written
    void Complete();

    /// \return the names of all components in order, one a line
    static std::string GetComponentNames();

  private:
    std::vector<std::pair<LogComponent*, LogLevel>> m_enabled;
    std::string m_name;
    std::ofstream m_file;
    std::streambuf* m_before{nullptr}; ///< of std::clog, which ns-3 logs to
};

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_LOG_H
