// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/trace-files.h"

#include "models/trace-signatures.h"

#include "ns3/config.h"
#include "ns3/object-ptr-container.h"
#include "ns3/object.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ns3::marl
{

namespace
{

constexpr int TIME_DIGITS = 15; ///< nanoseconds of an hour

/// \throws std::invalid_argument
[[noreturn]] void
Refuse(const std::string& path, const std::string& reason)
{
    throw std::invalid_argument("trace source '" + path + "': " + reason);
}

std::vector<std::string>
SplitPath(const std::string& path)
{
    std::vector<std::string> words;
    std::istringstream stream(path.substr(1));
    for (std::string word; std::getline(stream, word, '/');)
    {
        words.push_back(word);
    }
    return words;
}

std::vector<Ptr<Object>>
Match(const std::string& objects)
{
    std::vector<Ptr<Object>> found;
    if (objects.empty())
    {
        for (std::size_t i = 0; i < Config::GetRootNamespaceObjectN(); i++)
        {
            found.push_back(Config::GetRootNamespaceObject(i));
        }
        return found;
    }
    const auto matches = Config::LookupMatches(objects);
    found.assign(matches.begin(), matches.end());
    return found;
}

/// Whether an attribute of this name holds many objects, so that the path goes on with an index.
bool
IsContainer(const Ptr<Object>& object, const std::string& attribute)
{
    TypeId::AttributeInformation info;
    return object->GetInstanceTypeId().LookupAttributeByName(attribute, &info) &&
           dynamic_cast<const ObjectPtrContainerChecker*>(PeekPointer(info.checker)) != nullptr;
}

/// Walks along the objects of a path: ns-3 ends the process at an unknown type or a missing index.
void
CheckObjects(const std::string& path, const std::vector<std::string>& words)
{
    std::string walked;
    for (std::size_t i = 0; i < words.size(); i++)
    {
        const auto& word = words[i];
        TypeId type;
        if (word.starts_with("$") && !TypeId::LookupByNameFailSafe(word.substr(1), &type))
        {
            Refuse(path, "ns-3 has no type '" + word.substr(1) + "'");
        }
        const auto before = Match(walked);
        walked += "/" + word;
        const bool isContainer =
            std::any_of(before.begin(), before.end(), [&](const auto& object) { return IsContainer(object, word); });
        if (isContainer)
        {
            if (i + 1 == words.size())
            {
                Refuse(path, "'" + walked + "' holds many objects: expected an index or * after it");
            }
            walked += "/" + words[++i];
        }
        if (Match(walked).empty())
        {
            Refuse(path, "nothing in this network matches '" + walked + "'");
        }
    }
}

/// \return "Name (callback), ..." of all trace sources of an object
std::string
ListSources(const Ptr<Object>& object)
{
    std::string list;
    TypeId type = object->GetInstanceTypeId();
    for (bool isLast = false; !isLast; type = type.GetParent())
    {
        for (std::size_t i = 0; i < type.GetTraceSourceN(); i++)
        {
            const auto source = type.GetTraceSource(i);
            list += (list.empty() ? "" : ", ") + source.name + " (" + source.callback + ")";
        }
        isLast = !type.HasParent() || type.GetParent() == type;
    }
    return list.empty() ? "none" : list;
}

const TraceSignature&
GetSignature(const std::string& path, const std::string& callback)
{
    const auto& signatures = GetTraceSignatures();
    const auto found = std::find_if(
        signatures.begin(), signatures.end(), [&](const auto& signature) { return signature.callback == callback; });
    if (found == signatures.end())
    {
        std::string known;
        for (const auto& signature : signatures)
        {
            known += (known.empty() ? "" : ", ") + signature.callback;
        }
        Refuse(path, "its callback " + callback + " is none of those that can be written: " + known);
    }
    return *found;
}

} // namespace

TraceFiles::TraceFiles(std::string prefix)
    : m_prefix(std::move(prefix))
{
}

std::shared_ptr<TraceFiles::File>
TraceFiles::GetFile(const std::string& path, const std::string& source, const std::string& callback)
{
    auto& file = m_files[source];
    if (file && file->callback != callback)
    {
        Refuse(path,
               "its callback is " + callback + ", but " + file->callback +
                   " of another source of this name is in its "
                   "file already; trace them in two runs");
    }
    if (!file)
    {
        const auto name = m_prefix + "-" + source + ".csv";
        file = std::make_shared<File>();
        file->callback = callback;
        file->stream.open(name);
        if (!file->stream)
        {
            Refuse(path, "'" + name + "' cannot be written");
        }
        file->stream.precision(TIME_DIGITS);
        file->stream << "time_s,path," << GetSignature(path, callback).columns << '\n';
    }
    return file;
}

void
TraceFiles::Connect(const std::string& path)
{
    const auto slash = path.rfind('/');
    if (!path.starts_with("/") || slash == 0 || slash + 1 == path.size() || path.find("//") != std::string::npos)
    {
        Refuse(path, "expected a path of ns-3's Config such as /NodeList/*/$ns3::marl::EdgeServer/Waiting");
    }
    const auto objects = path.substr(0, slash);
    const auto source = path.substr(slash + 1);
    CheckObjects(path, SplitPath(objects));
    const auto matches = Config::LookupMatches(objects);
    bool isConnected = false;
    for (std::size_t i = 0; i < matches.GetN(); i++)
    {
        const auto object = matches.Get(i);
        TypeId::TraceSourceInformation info;
        if (!object->GetInstanceTypeId().LookupTraceSourceByName(source, &info))
        {
            continue;
        }
        const auto& signature = GetSignature(path, info.callback);
        const auto file = GetFile(path, source, info.callback);
        const std::shared_ptr<std::ostream> rows(file, &file->stream);
        object->TraceConnect(source, matches.GetMatchedPath(i) + source, signature.makeSink(rows));
        isConnected = true;
    }
    if (!isConnected)
    {
        const auto object = matches.Get(0);
        Refuse(path,
               object->GetInstanceTypeId().GetName() + " has no trace source '" + source +
                   "'; it has: " + ListSources(object));
    }
}

void
TraceFiles::Complete()
{
    for (const auto& [source, file] : m_files)
    {
        if (!file->stream.flush())
        {
            throw std::runtime_error("file '" + m_prefix + "-" + source + ".csv' cannot be written completely");
        }
    }
}

} // namespace ns3::marl
