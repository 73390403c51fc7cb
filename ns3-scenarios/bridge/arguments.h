// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_BRIDGE_ARGUMENTS_H
#define NS3MARL_BRIDGE_ARGUMENTS_H

#include "bridge/argument-type.h"
#include "bridge/error.h"

#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace ns3::marl
{

/// The arguments of a scenario, `--name=value`. Beside the added ones it takes attributes (`--ns3::Class::Attribute=value`) and
/// ns-3's global values. A wrong one is an Error.
class Arguments
{
  public:
    /// \param name without dashes \param help one line, with the unit of a number \param value holds the default
    /// \throws Error (CONFIG) for a name that the bridge takes itself, or that is there already
    template <typename T>
    void Add(const std::string& name, const std::string& help, T& value)
    {
        using Type = ArgumentType<T>;
        Add({name,
             help,
             Type::GetName(),
             Type::GetExpected(),
             [&value](const std::string& text) { return Type::Read(text, value); },
             [&value] {
                 std::ostringstream text;
                 text.precision(15); // enough to tell values apart, and 0.1 stays 0.1
                 text << std::boolalpha << value;
                 return text.str();
             }});
    }

    /// \throws Error (CONFIG) that names the first unknown argument or the value that cannot be read
    void Parse(const std::vector<std::string>& arguments);

    /// \return a line for each argument, with its help and default
    std::string GetHelp() const;

    /// One declared argument.
    struct Entry
    {
        std::string name;
        std::string help;
        std::string type;  ///< time, number, uint32 and the like, flag, text
        std::string value; ///< as it stands now
    };

    /// \return all of them in the order of declaration
    std::vector<Entry> GetEntries() const;

  private:
    struct Argument
    {
        std::string name;
        std::string help;
        std::string type;
        std::string expected;
        std::function<bool(const std::string&)> read; ///< false: it cannot be read
        std::function<std::string()> write;
    };

    void Add(const Argument& argument);
    const Argument* Find(const std::string& name) const;
    void Take(const std::string& word) const;
    void TakeFromNs3(const std::string& name, const std::string& value) const;

    std::vector<Argument> m_arguments; ///< in the order of declaration
};

/// \return the parts of a list such as "a:b", of which none follows a separator at the end
std::vector<std::string> SplitList(const std::string& text, char separator);

} // namespace ns3::marl

#endif // NS3MARL_BRIDGE_ARGUMENTS_H
