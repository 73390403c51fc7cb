// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_CSV_FILE_H
#define NS3MARL_MODELS_CSV_FILE_H

#include <cstdint>
#include <string>
#include <vector>

namespace ns3::marl
{

/// A comma-separated file whose first line names its columns. Empty lines and lines that begin with # are skipped. What is
/// wrong becomes a std::invalid_argument that names file, line and what was expected.
class CsvFile
{
  public:
    /// \param columns that the first line must name, in this order
    CsvFile(const std::string& path, const std::vector<std::string>& columns);

    uint32_t GetRows() const;
    const std::string& GetText(uint32_t row, uint32_t column) const;
    double GetNumber(uint32_t row, uint32_t column, double low, double high) const;
    uint32_t GetIndex(uint32_t row, uint32_t column, uint32_t count) const; ///< a whole number below \p count

    /// \throws std::invalid_argument about a row
    [[noreturn]] void Refuse(uint32_t row, const std::string& expected) const;

  private:
    struct Row
    {
        uint32_t line;
        std::string text;
        std::vector<std::string> fields;
    };

    std::string m_path;
    std::vector<std::string> m_columns;
    std::vector<Row> m_rows;
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_CSV_FILE_H
