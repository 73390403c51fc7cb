// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_UTF8_H
#define NS3MARL_BRIDGE_UTF8_H

#include <string>
#include <string_view>

namespace ns3::marl
{

/// Whether the text can travel: receivers refuse messages with texts that are no UTF-8.
bool IsUtf8(std::string_view text);

/// \return the text, with a question mark for each byte that is no part of UTF-8
std::string MakeUtf8(std::string_view text);

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_UTF8_H
