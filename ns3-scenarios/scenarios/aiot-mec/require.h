// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_REQUIRE_H
#define NS3MARL_SCENARIOS_AIOT_MEC_REQUIRE_H

#include "bridge/error.h"

#include <filesystem>
#include <sstream>
#include <string>

namespace ns3::marl::aiot_mec
{

/// \throws Error (CONFIG) unless \p holds
template <typename T>
void
Require(bool holds, const std::string& argument, const T& value, const std::string& expected)
{
    if (!holds)
    {
        std::ostringstream message;
        message << "argument '--" << argument << "=" << value << "': expected " << expected << "; mend it";
        throw Error(FaultKind::CONFIG, message.str());
    }
}

/// \throws Error (CONFIG) unless a file can be made at \p path; an empty one is none
inline void
RequireFolder(const std::string& argument, const std::string& path)
{
    const auto folder = std::filesystem::path(path).parent_path();
    Require(path.empty() || folder.empty() || std::filesystem::is_directory(folder),
            argument,
            path,
            "a file in a folder that exists");
}

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_REQUIRE_H
