// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/exogenous-header.h"

#include "models/regular-file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <system_error>
#include <type_traits>

namespace ns3::marl::aiot_mec
{

namespace
{

constexpr const char* FORMAT = "ns3marl-exogenous";

/// Calls \p visit with the name and the member of each entry, in the order of the file.
template <typename Header, typename Visit>
void
VisitEntries(Header& header, Visit visit)
{
    visit("scenario", header.scenario);
    visit("mobility", header.mobility);
    visit("seed", header.seed);
    visit("run", header.run);
    visit("devices", header.devices);
    visit("servers", header.servers);
    visit("channels", header.channels);
    visit("ticks", header.ticks);
    visit("tick_ns", header.tickNs);
    visit("path_loss_exponent", header.pathLossExponent);
    visit("reference_loss_db", header.referenceLossDb);
    visit("pause_s", header.pauseS);
}

/// The entries of a JSON object whose values are numbers and strings without escapes.
class FlatJson
{
  public:
    explicit FlatJson(const std::string& path)
        : m_path(path)
    {
        auto file = OpenRegularFile(path);
        if (!file.is_open())
        {
            Refuse("the description of a world", "no file, or no regular one");
        }
        m_text.assign(std::istreambuf_iterator<char>(file), {});
        Expect('{');
        for (bool isFirst = true; Peek() != '}'; isFirst = false)
        {
            if (!isFirst)
            {
                Expect(',');
            }
            const auto name = ReadString();
            Expect(':');
            m_entries[name] = Peek() == '"' ? '"' + ReadString() : ReadWord();
        }
    }

    void Get(const std::string& name, std::string& value) const
    {
        const auto& text = Find(name);
        if (!text.starts_with('"'))
        {
            Refuse("a string for \"" + name + "\"", text);
        }
        value = text.substr(1);
    }

    template <typename T>
        requires std::is_arithmetic_v<T>
    void Get(const std::string& name, T& value) const
    {
        const auto& text = Find(name);
        T number{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(static_cast<double>(number)))
        {
            Refuse(std::string(std::is_integral_v<T> ? "a whole number" : "a number") + " for \"" + name + "\"", text);
        }
        value = number;
    }

    [[noreturn]] void Refuse(const std::string& expected, const std::string& found) const
    {
        throw std::invalid_argument("expected " + expected + " in the file '" + m_path + "', found " + found);
    }

  private:
    const std::string& Find(const std::string& name) const
    {
        const auto entry = m_entries.find(name);
        if (entry == m_entries.end())
        {
            Refuse("\"" + name + "\"", "no such entry");
        }
        return entry->second;
    }

    char Peek()
    {
        while (m_at < m_text.size() && std::isspace(static_cast<unsigned char>(m_text[m_at])) != 0)
        {
            m_at++;
        }
        if (m_at == m_text.size())
        {
            Refuse("one flat JSON object", "the end of the file");
        }
        return m_text[m_at];
    }

    void Expect(char wanted)
    {
        if (Peek() != wanted)
        {
            Refuse(std::string("'") + wanted + "' of one flat JSON object", "'" + m_text.substr(m_at, 10) + "'");
        }
        m_at++;
    }

    std::string ReadString()
    {
        Expect('"');
        const auto end = m_text.find('"', m_at);
        const auto text = m_text.substr(m_at, end == std::string::npos ? end : end - m_at);
        if (end == std::string::npos || text.find('\\') != std::string::npos)
        {
            Refuse("a string without escapes", "\"" + text);
        }
        m_at = end + 1;
        return text;
    }

    std::string ReadWord()
    {
        const auto begin = m_at;
        m_at = std::min(m_text.find_first_of(",} \t\r\n", begin), m_text.size());
        return m_text.substr(begin, m_at - begin);
    }

    std::string m_path;
    std::string m_text;
    std::size_t m_at{0};
    std::map<std::string, std::string> m_entries; ///< a string begins with its quotation mark
};

} // namespace

void
WriteHeader(const std::string& path, const ExogenousHeader& header)
{
    std::ofstream file(path);
    file << "{\n  \"format\": \"" << FORMAT << "\",\n  \"version\": " << ExogenousHeader::VERSION;
    VisitEntries(header, [&file](const char* name, const auto& value) {
        file << ",\n  \"" << name << "\": ";
        if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(value)>>)
        {
            std::array<char, 32> text{};
            file.write(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr - text.data());
        }
        else
        {
            file << '"' << value << '"';
        }
    });
    file << "\n}\n";
    file.close();
    if (!file)
    {
        throw std::runtime_error("file '" + path + "' cannot be written");
    }
}

ExogenousHeader
ReadHeader(const std::string& path)
{
    const FlatJson json(path);
    std::string format;
    uint64_t version = 0;
    json.Get("format", format);
    if (format != FORMAT)
    {
        json.Refuse(std::string("\"format\": \"") + FORMAT + "\"", "\"" + format + "\"");
    }
    json.Get("version", version);
    if (version != ExogenousHeader::VERSION)
    {
        json.Refuse("\"version\": " + std::to_string(ExogenousHeader::VERSION), std::to_string(version));
    }
    ExogenousHeader header;
    VisitEntries(header, [&json](const char* name, auto& value) { json.Get(name, value); });
    return header;
}

} // namespace ns3::marl::aiot_mec
