// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_TABLE_ROWS_H
#define NS3MARL_BRIDGE_TABLE_ROWS_H

#include "bridge/spec.h"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace ns3::marl
{

/// Rows of a table since the previous exchange. Without `--tables` for it, rows are checked and dropped.
class TableRows
{
  public:
    using Value = std::variant<double, int64_t>;

    explicit TableRows(const Table& table);

    /// \throws Error (SPEC_VIOLATION) when the number or the types of the values are not those of the columns
    void Add(std::span<const Value> row);
    void Add(std::initializer_list<Value> row);
    void Reset();

    bool IsReported() const;
    uint64_t GetRows() const;
    const std::vector<std::string>& GetColumns() const; ///< little-endian bytes, one string per column

  private:
    Table m_table;
    uint64_t m_rows{0};
    std::vector<std::string> m_columns;
};

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_TABLE_ROWS_H
