// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/table-rows.h"

#include "bridge/error.h"

namespace ns3::marl
{

TableRows::TableRows(const Table& table)
    : m_table(table),
      m_columns(table.columns.size())
{
}

void
TableRows::Add(std::span<const Value> row)
{
    if (row.size() != m_columns.size())
    {
        throw Error(FaultKind::SPEC_VIOLATION,
                    "table '" + m_table.name + "' has " + std::to_string(m_columns.size()) +
                        " columns, a row came with " + std::to_string(row.size()) + " values");
    }
    std::size_t i = 0;
    for (const auto& value : row)
    {
        if (std::holds_alternative<double>(value) != (m_table.columns[i].type == Column::Type::FLOAT64))
        {
            throw Error(FaultKind::SPEC_VIOLATION,
                        "table '" + m_table.name + "' column '" + m_table.columns[i].name +
                            "' got a value of another type than declared");
        }
        ++i;
    }
    if (!m_table.isReported)
    {
        return;
    }
    i = 0;
    for (const auto& value : row)
    {
        std::visit([&](auto number) { m_columns[i].append(reinterpret_cast<const char*>(&number), sizeof number); },
                   value);
        ++i;
    }
    ++m_rows;
}

void
TableRows::Add(std::initializer_list<Value> row)
{
    Add(std::span(row.begin(), row.size()));
}

void
TableRows::Reset()
{
    m_rows = 0;
    for (auto& column : m_columns)
    {
        column.clear();
    }
}

bool
TableRows::IsReported() const
{
    return m_table.isReported;
}

uint64_t
TableRows::GetRows() const
{
    return m_rows;
}

const std::vector<std::string>&
TableRows::GetColumns() const
{
    return m_columns;
}

} // namespace ns3::marl
