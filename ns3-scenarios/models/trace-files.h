// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TRACE_FILES_H
#define NS3MARL_MODELS_TRACE_FILES_H

#include <fstream>
#include <map>
#include <memory>
#include <string>

namespace ns3::marl
{

/// Writes what trace sources report, of ns-3 and of these models: a comma-separated file for each name of a source, with
/// the columns time_s, path and what the source's callback brings.
class TraceFiles
{
  public:
    /// \param prefix begin of the files' names: PREFIX-SOURCE.csv
    explicit TraceFiles(std::string prefix);

    /// Connects every trace source that a path of ns-3's Config matches, such as
    /// "/NodeList/*/$ns3::marl::EdgeServer/Waiting". \throws std::invalid_argument that names what is wrong: a path or
    /// source that does not exist, a source whose callback is none of those known here, a file that cannot be written
    void Connect(const std::string& path);

    /// Completes the files. \throws std::runtime_error that names one that could not be written
    void Complete();

  private:
    struct File
    {
        std::string callback; ///< signature of the sources that write to it
        std::ofstream stream;
    };

    std::shared_ptr<File> GetFile(const std::string& path, const std::string& source, const std::string& callback);

    std::string m_prefix;
    std::map<std::string, std::shared_ptr<File>> m_files; ///< by name of the source; the callbacks hold them too
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TRACE_FILES_H
