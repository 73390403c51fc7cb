// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_ARGUMENTS_H
#define NS3MARL_BRIDGE_ARGUMENTS_H

#include "bridge/error.h"

#include "ns3/command-line.h"

#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

namespace ns3::marl
{

/// The arguments of a scenario: ns-3's CommandLine, except that a wrong argument is an Error instead of the end of the
/// process. Beside the added ones it takes attributes (`--ns3::Class::Attribute=value`) and ns-3's global values.
class Arguments
{
  public:
    /// \param name without dashes \param help one line, with the unit \param value holds the default
    /// \throws Error (CONFIG) for a name that the bridge takes itself, or that is there already
    template <typename T>
    void Add(const std::string& name, const std::string& help, T& value)
    {
        CheckName(name);
        m_commandLine.AddValue(name, help, value);
        m_order.push_back(name);
        m_helps[name] = help;
        m_writes[name] = [&value] {
            std::ostringstream text;
            text.precision(15); // enough to tell values apart, and 0.1 stays 0.1
            text << std::boolalpha << value;
            return text.str();
        };
        m_reads[name] = [](const std::string& text) {
            T scratch{};
            if constexpr (std::is_arithmetic_v<T> && sizeof(T) > 1)
            {
                // ns-3's own parser would take "12abc" as 12 and "-1" as 4294967295
                std::istringstream stream(text);
                return static_cast<bool>(stream >> scratch) &&
                       stream.peek() == std::istringstream::traits_type::eof() &&
                       (std::is_signed_v<T> || text.front() != '-');
            }
            else
            {
                return CommandLineHelper::UserItemParse<T>(text, scratch);
            }
        };
    }

    /// \throws Error (CONFIG) that names the first unknown argument or the value that cannot be read
    void Parse(const std::vector<std::string>& arguments);

    /// \return the arguments with their help lines and defaults
    std::string GetHelp() const;

    /// One declared argument.
    struct Entry
    {
        std::string name;
        std::string help;
        std::string value; ///< as it stands now
    };

    /// \return all of them in the order of declaration
    std::vector<Entry> GetEntries() const;

  private:
    void CheckName(const std::string& name) const;
    void Check(const std::string& argument) const;

    CommandLine m_commandLine;
    std::map<std::string, std::function<bool(const std::string&)>> m_reads; ///< can the text be read?
    std::vector<std::string> m_order;
    std::map<std::string, std::string> m_helps;
    std::map<std::string, std::function<std::string()>> m_writes; ///< the value as text
};

/// \return the parts of a list such as "a:b", of which none follows a separator at the end
std::vector<std::string> SplitList(const std::string& text, char separator);

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_ARGUMENTS_H
