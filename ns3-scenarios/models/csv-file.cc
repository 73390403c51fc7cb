// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/csv-file.h"

#include "models/regular-file.h"

#include <sstream>
#include <stdexcept>

namespace ns3::marl
{

namespace
{

std::vector<std::string>
Split(const std::string& line)
{
    std::vector<std::string> fields{""};
    for (const char c : line)
    {
        if (c == ',')
        {
            fields.emplace_back();
        }
        else if (c != ' ' && c != '\t' && c != '\r')
        {
            fields.back() += c;
        }
    }
    return fields;
}

std::string
Join(const std::vector<std::string>& words)
{
    std::string joined;
    for (const auto& word : words)
    {
        joined += (joined.empty() ? "" : ",") + word;
    }
    return joined;
}

} // namespace

CsvFile::CsvFile(const std::string& path, const std::vector<std::string>& columns)
    : m_path(path),
      m_columns(columns)
{
    auto file = OpenRegularFile(path);
    if (!file.is_open())
    {
        throw std::invalid_argument("file '" + path + "' cannot be read: expected a regular file with the columns " +
                                    Join(columns));
    }
    uint32_t line = 0;
    bool isHeader = true;
    for (std::string text; std::getline(file, text);)
    {
        line++;
        const auto fields = Split(text);
        if (text.starts_with("#") || (fields.size() == 1 && fields[0].empty()))
        {
            continue;
        }
        m_rows.push_back({line, text, fields});
        if (isHeader && fields != columns)
        {
            Refuse(0, "the names of the columns, " + Join(columns));
        }
        if (fields.size() != columns.size())
        {
            Refuse(m_rows.size() - 1, std::to_string(columns.size()) + " fields, " + Join(columns));
        }
        if (isHeader)
        {
            m_rows.clear();
            isHeader = false;
        }
    }
    if (m_rows.empty())
    {
        throw std::invalid_argument("file '" + path + "' has no rows: expected the columns " + Join(columns) +
                                    " and a row below them");
    }
}

uint32_t
CsvFile::GetRows() const
{
    return m_rows.size();
}

const std::string&
CsvFile::GetText(uint32_t row, uint32_t column) const
{
    return m_rows.at(row).fields.at(column);
}

double
CsvFile::GetNumber(uint32_t row, uint32_t column, double low, double high) const
{
    std::istringstream stream(GetText(row, column));
    double value = 0;
    if (!(stream >> value) || stream.peek() != std::istringstream::traits_type::eof() || value < low || value > high)
    {
        std::ostringstream expected;
        expected << m_columns[column] << " between " << low << " and " << high;
        Refuse(row, expected.str());
    }
    return value;
}

uint32_t
CsvFile::GetIndex(uint32_t row, uint32_t column, uint32_t count) const
{
    const double value = GetNumber(row, column, 0, count - 1.0);
    const auto index = static_cast<uint32_t>(value);
    if (index != value)
    {
        Refuse(row, m_columns[column] + " as a whole number");
    }
    return index;
}

void
CsvFile::Refuse(uint32_t row, const std::string& expected) const
{
    throw std::invalid_argument("file '" + m_path + "', line " + std::to_string(m_rows.at(row).line) + ": expected " +
                                expected + ", found '" + m_rows[row].text + "'");
}

} // namespace ns3::marl
