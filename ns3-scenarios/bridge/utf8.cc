// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/utf8.h"

#include <bit>
#include <cstdint>

namespace ns3::marl
{

namespace
{

/// \return the length of the character at the begin of the text, 0 when no character begins there (RFC 3629)
std::size_t
GetLength(std::string_view text)
{
    const auto first = static_cast<uint8_t>(text.front());
    if (first < 0x80)
    {
        return 1;
    }
    const auto length = static_cast<std::size_t>(std::countl_one(first));
    if (length < 2 || length > 4 || text.size() < length)
    {
        return 0;
    }
    uint32_t code = first & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i)
    {
        const auto byte = static_cast<uint8_t>(text[i]);
        if ((byte & 0xc0U) != 0x80)
        {
            return 0;
        }
        code = code << 6U | (byte & 0x3fU);
    }
    const uint32_t lowest = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
    const bool isSurrogate = code >= 0xd800 && code < 0xe000;
    return code >= lowest && code <= 0x10ffff && !isSurrogate ? length : 0;
}

} // namespace

bool
IsUtf8(std::string_view text)
{
    while (!text.empty())
    {
        const auto length = GetLength(text);
        if (length == 0)
        {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

std::string
MakeUtf8(std::string_view text)
{
    std::string made;
    while (!text.empty())
    {
        const auto length = GetLength(text);
        made += length == 0 ? "?" : text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return made;
}

} // namespace ns3::marl
