// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/npy-file.h"

#include "models/regular-file.h"

#include <array>
#include <bit>
#include <fstream>
#include <functional>
#include <numeric>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <type_traits>

namespace ns3::marl
{

namespace
{

static_assert(std::endian::native == std::endian::little, "arrays are written as they stand in memory");

constexpr std::string_view MAGIC = "\x93NUMPY";
constexpr std::size_t ALIGNMENT = 64; ///< of the first value in the file

template <typename T>
std::string
GetType()
{
    static_assert(std::is_same_v<T, double> || std::is_same_v<T, int32_t> || std::is_same_v<T, int64_t> ||
                  std::is_same_v<T, uint8_t>);
    return std::is_same_v<T, double>    ? "<f8"
           : std::is_same_v<T, int32_t> ? "<i4"
           : std::is_same_v<T, int64_t> ? "<i8"
                                        : "|b1";
}

std::string
Print(const NpyShape& shape)
{
    std::string text = "(";
    for (const auto length : shape)
    {
        text += (length == NPY_ANY ? "any" : std::to_string(length)) + ", ";
    }
    if (shape.size() > 1)
    {
        text.pop_back();
        text.pop_back();
    }
    else if (!shape.empty())
    {
        text.pop_back(); // Python's (3,)
    }
    return text + ")";
}

std::size_t
Count(const NpyShape& shape)
{
    return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

bool
Fits(const NpyShape& found, const NpyShape& expected)
{
    bool fits = found.size() == expected.size();
    for (std::size_t axis = 0; fits && axis < found.size(); axis++)
    {
        fits = expected[axis] == NPY_ANY || expected[axis] == found[axis];
    }
    return fits;
}

/// What stands before the values: a Python dictionary, such as {'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }
class Header
{
  public:
    explicit Header(std::istream& file)
    {
        std::string magic(MAGIC.size(), '\0');
        std::array<unsigned char, 2> version{};
        std::array<unsigned char, 4> length{};
        file.read(magic.data(), static_cast<std::streamsize>(magic.size()));
        file.read(reinterpret_cast<char*>(version.data()), version.size());
        file.read(reinterpret_cast<char*>(length.data()), version[0] == 1 ? 2 : 4);
        if (!file || magic != MAGIC || version[0] < 1 || version[0] > 3)
        {
            return;
        }
        const std::size_t bytes = length[0] | length[1] << 8U | length[2] << 16U;
        m_text.resize(bytes);
        file.read(m_text.data(), static_cast<std::streamsize>(bytes));
        m_isRead = file && length[3] == 0;
    }

    std::string GetType() const
    {
        const auto text = GetValue("descr");
        const auto end = text.find('\'', 1);
        return text.starts_with("'") && end != std::string::npos ? text.substr(1, end - 1) : "";
    }

    bool IsFortranOrder() const
    {
        return !GetValue("fortran_order").starts_with("False");
    }

    std::optional<NpyShape> GetShape() const
    {
        std::istringstream text(GetValue("shape"));
        if (text.get() != '(')
        {
            return std::nullopt;
        }
        NpyShape shape;
        for (std::size_t length = 0; text >> length;)
        {
            shape.push_back(length);
            text >> std::ws;
            if (text.peek() == ',')
            {
                text.get();
            }
        }
        text.clear();
        return text.get() == ')' ? std::optional(shape) : std::nullopt;
    }

    bool IsRead() const
    {
        return m_isRead && !GetType().empty() && GetShape();
    }

  private:
    std::string GetValue(const std::string& key) const
    {
        const auto word = "'" + key + "':";
        const auto begin = m_text.find(word);
        const auto value = begin == std::string::npos ? begin : m_text.find_first_not_of(' ', begin + word.size());
        return value == std::string::npos ? "" : m_text.substr(value);
    }

    bool m_isRead{false};
    std::string m_text;
};

} // namespace

template <typename T>
void
WriteNpy(const std::string& path, const NpyShape& shape, const std::vector<T>& values)
{
    if (values.size() != Count(shape))
    {
        throw std::runtime_error("file '" + path + "': " + std::to_string(values.size()) +
                                 " values do not make an array of shape " + Print(shape));
    }
    std::string header = "{'descr': '" + GetType<T>() + "', 'fortran_order': False, 'shape': " + Print(shape) + ", }";
    const std::size_t before = MAGIC.size() + 4;
    header.append(ALIGNMENT - 1 - (before + header.size()) % ALIGNMENT, ' ');
    header += '\n';
    const auto length = static_cast<uint16_t>(header.size());
    std::ofstream file(path, std::ios::binary);
    file << MAGIC << '\x01' << '\0';
    file.write(reinterpret_cast<const char*>(&length), sizeof(length));
    file << header;
    file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
    file.close();
    if (!file)
    {
        throw std::runtime_error("file '" + path + "' cannot be written");
    }
}

template <typename T>
std::vector<T>
ReadNpy(const std::string& path, const NpyShape& shape)
{
    const auto expected = GetType<T>() + " " + Print(shape);
    const auto refuse = [&](const std::string& found) {
        throw std::invalid_argument("expected " + expected + " in the file '" + path + "', found " + found);
    };
    auto file = OpenRegularFile(path, std::ios::binary);
    if (!file.is_open())
    {
        refuse("no file, or no regular one");
    }
    const Header header(file);
    if (!header.IsRead())
    {
        refuse("no array in numpy's format");
    }
    const auto found = header.GetShape().value_or(NpyShape{});
    if (header.GetType() != GetType<T>() || !Fits(found, shape))
    {
        refuse(header.GetType() + " " + Print(found));
    }
    if (header.IsFortranOrder() && found.size() > 1)
    {
        refuse("Fortran's order of axes");
    }
    std::vector<T> values;
    const auto begin = file.tellg();
    file.seekg(0, std::ios::end);
    const auto bytes = static_cast<std::size_t>(file.tellg() - begin);
    file.seekg(begin);
    if (bytes != Count(found) * sizeof(T))
    {
        refuse(std::to_string(bytes) + " bytes of values: it was cut off");
    }
    values.resize(Count(found));
    file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(bytes));
    if (!file)
    {
        refuse("values that cannot be read");
    }
    return values;
}

template void WriteNpy(const std::string&, const NpyShape&, const std::vector<double>&);
template void WriteNpy(const std::string&, const NpyShape&, const std::vector<int32_t>&);
template void WriteNpy(const std::string&, const NpyShape&, const std::vector<int64_t>&);
template void WriteNpy(const std::string&, const NpyShape&, const std::vector<uint8_t>&);
template std::vector<double> ReadNpy(const std::string&, const NpyShape&);
template std::vector<int32_t> ReadNpy(const std::string&, const NpyShape&);
template std::vector<int64_t> ReadNpy(const std::string&, const NpyShape&);
template std::vector<uint8_t> ReadNpy(const std::string&, const NpyShape&);

} // namespace ns3::marl
