// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_REGULAR_FILE_H
#define NS3MARL_MODELS_REGULAR_FILE_H

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace ns3::marl
{

/// Opens a file to be read to its end: a pipe or a device might have none.
/// \return a stream that is not open where there is no regular file that can be read
inline std::ifstream
OpenRegularFile(const std::string& path, std::ios::openmode mode = std::ios::in)
{
    std::error_code error;
    return std::filesystem::is_regular_file(path, error) ? std::ifstream(path, mode) : std::ifstream();
}

} // namespace ns3::marl

#endif // NS3MARL_MODELS_REGULAR_FILE_H
