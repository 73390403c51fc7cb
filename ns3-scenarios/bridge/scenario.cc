// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/scenario.h"

#include "bridge/channel.h"
#include "bridge/lockstep.h"
#include "bridge/log.h"
#include "bridge/ns3gym-session.h"
#include "bridge/utf8.h"
#include "bridge/wire.h"

#include "ns3/config.h"
#include "ns3/rng-seed-manager.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <limits>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <unistd.h>

namespace ns3::marl
{

namespace
{

/// Between the last observation and the end of the process: taking a network down keeps a core busy for milliseconds in
/// which the learner could not take the observation from it.
constexpr std::chrono::milliseconds FAREWELL{20};

/// A scenario under its arguments, and what the bridge itself takes from them.
struct Configured
{
    std::unique_ptr<Scenario> scenario;
    Spec spec;
    LogArguments log;
    std::vector<Arguments::Entry> own; ///< the scenario's arguments, with the values that Describe made of them
};

/// The arguments that every scenario has.
void
AddBridgeArguments(Arguments& parser, std::string& tables, LogArguments& log)
{
    parser.Add("tables", "Comma-separated names of the tables to report, or all", tables);
    log.AddArguments(parser);
}

/// Parses the arguments on top of ns-3's own defaults, so that nothing is left of an earlier Describe.
Configured
Configure(const Program& program, const std::vector<std::string>& arguments)
{
    Config::Reset();
    Configured configured{program.make(), {}, {}, {}};
    std::string tables;
    Arguments parser;
    configured.scenario->AddArguments(parser);
    const auto ownCount = parser.GetEntries().size();
    AddBridgeArguments(parser, tables, configured.log);
    parser.Parse(arguments);
    configured.log.Check();
    auto& spec = configured.spec;
    try
    {
        configured.scenario->Describe(spec);
    }
    catch (const std::invalid_argument& error) // what models throw at a wrong value
    {
        throw Error(FaultKind::CONFIG, error.what());
    }
    spec.scenario = program.name;
    spec.hasBuiltin = program.hasBuiltin;
    spec.Check();
    configured.own = parser.GetEntries();
    configured.own.resize(ownCount);

    std::istringstream names(tables);
    std::set<std::string> wanted;
    for (std::string name; std::getline(names, name, ',');)
    {
        wanted.insert(name);
    }
    const bool all = wanted.erase("all") > 0;
    for (const auto& name : wanted)
    {
        if (std::ranges::none_of(spec.tables, [&](const Table& table) { return table.name == name; }))
        {
            throw Error(FaultKind::CONFIG, "argument '--tables': the scenario has no table '" + name + "'");
        }
    }
    for (auto& table : spec.tables)
    {
        table.isReported = all || wanted.contains(table.name);
    }
    return configured;
}

void
SetSeed(uint32_t seed, uint64_t run)
{
    constexpr uint32_t LARGEST_SEED = 4294944442; // seeds of MRG32k3a lie below its modulus m2 (L'Ecuyer 1999)
    if (seed == 0 || seed > LARGEST_SEED)
    {
        throw Error(FaultKind::CONFIG,
                    "seed " + std::to_string(seed) + " is not a seed of ns-3; give one from 1 to " +
                        std::to_string(LARGEST_SEED));
    }
    RngSeedManager::SetSeed(seed);
    RngSeedManager::SetRun(run);
}

/// Serves one episode to a learner.
class Session
{
  public:
    Session(const Program& program,
            const std::string& endpoint,
            const std::string& identity,
            const std::string& keyFolder)
        : m_program(program),
          m_channel(endpoint, identity, keyFolder)
    {
    }

    /// \return the exit status
    int Serve()
    {
        try
        {
            m_channel.Send(m_wire.EncodeHello(MakeHello()));
            if (const auto begin = Await())
            {
                RunEpisode(*begin);
            }
            return 0;
        }
        catch (const Error& error)
        {
            return Fail(error.GetKind(), error.what());
        }
        catch (const std::exception& error)
        {
            return Fail(FaultKind::SIMULATION, error.what());
        }
    }

  private:
    Hello MakeHello() const
    {
        Hello hello;
        hello.scenario = m_program.name;
        hello.ns3Version = NS3MARL_NS3_VERSION;
        hello.ns3BuildProfile = NS3MARL_NS3_BUILD_PROFILE;
        hello.pid = getpid();
        return hello;
    }

    /// Answers Describe until Begin comes; nothing when the learner has had enough.
    std::optional<BeginRequest> Await()
    {
        for (;;)
        {
            auto request = m_wire.Decode(m_channel.Receive());
            if (const auto* describe = std::get_if<DescribeRequest>(&request))
            {
                m_channel.Send(m_wire.EncodeSpec(Configure(m_program, describe->arguments).spec));
            }
            else if (auto* begin = std::get_if<BeginRequest>(&request))
            {
                return std::move(*begin);
            }
            else if (std::holds_alternative<EndRequest>(request))
            {
                return std::nullopt;
            }
            else
            {
                throw Error(FaultKind::OUT_OF_STEP, "an Action came before Begin; expected Describe, Begin or End");
            }
        }
    }

    void RunEpisode(const BeginRequest& begin)
    {
        auto [scenario, spec, logArguments, entries] = Configure(m_program, begin.arguments);
        SetSeed(begin.seed, begin.run);
        Log log(logArguments);
        const auto hash = Wire::GetSpecHash(spec);
        Lockstep lockstep(
            *scenario, spec, begin.builtin, [&](const Observation& observation, const Stamp& stamp, Action* action) {
                if (action == nullptr)
                {
                    log.Complete();
                }
                m_channel.Send(stamp.tick == 0 ? m_wire.EncodeReady(hash, observation, stamp)
                                               : m_wire.EncodeObservation(observation, stamp));
                if (action == nullptr)
                {
                    std::this_thread::sleep_for(FAREWELL);
                    return false;
                }
                return ReceiveAction(stamp.tick, spec, *action);
            });
        try
        {
            lockstep.Run();
        }
        catch (...)
        {
            m_tick = lockstep.GetTick();
            throw;
        }
    }

    bool ReceiveAction(uint64_t tick, const Spec& spec, Action& action)
    {
        const auto request = m_wire.Decode(m_channel.Receive());
        if (std::holds_alternative<EndRequest>(request))
        {
            return false;
        }
        const auto* received = std::get_if<ActionRequest>(&request);
        if (!received)
        {
            throw Error(FaultKind::OUT_OF_STEP,
                        "tick " + std::to_string(tick) + ": expected an Action or End, Describe or Begin came");
        }
        if (received->tick != tick)
        {
            throw Error(FaultKind::OUT_OF_STEP,
                        "expected the action of tick " + std::to_string(tick) + ", that of tick " +
                            std::to_string(received->tick) + " came");
        }
        ReadAction(*received, spec, action);
        return true;
    }

    int Fail(FaultKind kind, const std::string& message)
    {
        std::cerr << m_program.name << ": " << message << std::endl;
        m_channel.Send(m_wire.EncodeFault(kind, m_tick, message));
        return 1;
    }

    Program m_program;
    Channel m_channel;
    Wire m_wire;
    uint64_t m_tick{0}; ///< at which the episode failed
};

/// Runs an episode without a learner and prints its metrics and what each tick cost, from one observation to the next.
void
RunStandalone(const Program& program, const std::vector<std::string>& arguments, uint32_t seed, uint64_t run)
{
    auto [scenario, spec, logArguments, entries] = Configure(program, arguments);
    SetSeed(seed, run);
    Log log(logArguments);
    std::optional<std::chrono::steady_clock::time_point> before;
    std::vector<int64_t> wallNs;
    std::vector<int64_t> cpuNs;
    Stamp last;
    std::vector<double> metrics;
    double reward = 0;
    Lockstep lockstep(*scenario, spec, true, [&](const Observation& observation, const Stamp& stamp, Action* action) {
        const auto now = std::chrono::steady_clock::now();
        if (before)
        {
            wallNs.push_back(std::chrono::nanoseconds(now - *before).count());
            cpuNs.push_back(stamp.tickCpuNs);
        }
        before = now;
        last = stamp;
        reward += stamp.teamReward;
        if (!action)
        {
            log.Complete();
            metrics.assign(observation.GetMetrics().begin(), observation.GetMetrics().end());
            return false;
        }
        action->CopyFrom(*stamp.builtin);
        return true;
    });
    lockstep.Run();
    const auto printList = [](const char* key, const std::vector<int64_t>& values) {
        std::cout << ",\"" << key << "\":";
        const char* separator = "[";
        for (const int64_t value : values)
        {
            std::cout << separator << value;
            separator = ",";
        }
        std::cout << (values.empty() ? "[]" : "]");
    };
    std::cout << "{\"ticks\":" << last.tick << ",\"build_wall_ns\":" << last.buildWallNs;
    printList("tick_wall_ns", wallNs);
    printList("tick_cpu_ns", cpuNs);
    std::cout.precision(std::numeric_limits<double>::max_digits10);
    std::cout << ",\"reward_per_tick\":" << reward / static_cast<double>(last.tick) << ",\"metrics\":{";
    for (std::size_t i = 0; i < metrics.size(); ++i)
    {
        std::cout << (i ? ",\"" : "\"") << spec.metrics[i].name << "\":";
        if (std::isnan(metrics[i]))
        {
            std::cout << "null";
        }
        else
        {
            std::cout << metrics[i];
        }
    }
    std::cout << "}}" << std::endl;
}

/// Takes `--name` or `--name=value` out of the words; nothing when it is not there.
std::optional<std::string>
Take(std::vector<std::string>& words, const std::string& name)
{
    const auto found = std::ranges::find_if(
        words, [&](const std::string& word) { return word == "--" + name || word.starts_with("--" + name + "="); });
    if (found == words.end())
    {
        return std::nullopt;
    }
    auto value = found->size() > name.size() + 3 ? found->substr(name.size() + 3) : std::string();
    words.erase(found);
    return value;
}

uint64_t
ToNumber(const std::optional<std::string>& text, const std::string& name, uint64_t otherwise, uint64_t highest)
{
    if (!text)
    {
        return otherwise;
    }
    if (text->empty() || text->find_first_not_of("0123456789") != std::string::npos || text->size() > 18)
    {
        throw Error(FaultKind::CONFIG,
                    "argument '--" + name + "' cannot be read from '" + *text + "'; expected a whole number");
    }
    const auto number = std::stoull(*text);
    if (number > highest)
    {
        throw Error(FaultKind::CONFIG,
                    "argument '--" + name + "': " + *text + " is too large; expected at most " +
                        std::to_string(highest));
    }
    return number;
}

/// Serves one episode to a client of another framework.
int
ServeDialect(const Program& program, const std::string& dialect, std::vector<std::string> words)
{
    if (dialect != "ns3gym")
    {
        throw Error(FaultKind::CONFIG, "argument '--dialect': '" + dialect + "' is unknown; there is: ns3gym");
    }
    const auto port = ToNumber(Take(words, "openGymPort"), "openGymPort", 5555, UINT64_MAX);
    if (port < 1 || port > std::numeric_limits<uint16_t>::max())
    {
        throw Error(FaultKind::CONFIG, "argument '--openGymPort': expected 1 to 65535, came " + std::to_string(port));
    }
    const auto run = ToNumber(Take(words, "simSeed"), "simSeed", 1, UINT64_MAX);
    auto [scenario, spec, logArguments, entries] = Configure(program, words);
    SetSeed(1, run);
    const Log log(logArguments);
    return ServeNs3Gym(*scenario, spec, static_cast<uint16_t>(port));
}

/// Prints the arguments as a JSON list of objects with the keys name, help, type and value.
void
PrintArguments(const std::vector<Arguments::Entry>& entries)
{
    const auto quote = [](const std::string& text) {
        std::ostringstream json;
        json << '"' << std::hex << std::setfill('0');
        for (const char letter : MakeUtf8(text))
        {
            if (letter == '"' || letter == '\\')
            {
                json << '\\' << letter;
            }
            else if (letter >= 0 && letter < ' ')
            {
                json << "\\u" << std::setw(4) << +letter;
            }
            else
            {
                json << letter;
            }
        }
        json << '"';
        return json.str();
    };
    const char* separator = "[";
    for (const auto& [name, help, type, value] : entries)
    {
        std::cout << separator << "{\"name\":" << quote(name) << ",\"help\":" << quote(help)
                  << ",\"type\":" << quote(type) << ",\"value\":" << quote(value) << "}";
        separator = ",\n ";
    }
    std::cout << (entries.empty() ? "[]" : "]") << std::endl;
}

void
PrintHelp(const Program& program)
{
    const auto& name = program.name;
    Arguments parser;
    const auto scenario = program.make();
    scenario->AddArguments(parser);
    std::string tables;
    LogArguments log;
    AddBridgeArguments(parser, tables, log);
    std::cout << name << " --connect=ENDPOINT [--identity=NAME] [--keys=FOLDER]   serve one episode to a learner\n"
              << name << " --describe [ARGUMENTS]                                 print the spec as JSON\n"
              << name
              << " --arguments [ARGUMENTS]                                print them all as JSON, with their values\n"
              << name << " --standalone [--seed=1] [--run=1] [ARGUMENTS]          run an episode without a learner\n"
              << name << " --dialect=ns3gym [--openGymPort=5555] [--simSeed=1] [ARGUMENTS]   serve ns3-gym's client\n"
              << name << " --logComponents                                        list what --log takes\n\n"
              << parser.GetHelp();
}

/// What writes to the standard output. \return false when the words ask for something else
bool
Print(const Program& program, std::vector<std::string>& words)
{
    if (Take(words, "help"))
    {
        PrintHelp(program);
    }
    else if (Take(words, "logComponents"))
    {
        std::cout << Log::GetComponentNames();
    }
    else if (Take(words, "describe"))
    {
        std::cout << Wire::GetSpecJson(Configure(program, words).spec) << std::endl;
    }
    else if (Take(words, "arguments"))
    {
        PrintArguments(Configure(program, words).own);
    }
    else if (Take(words, "standalone"))
    {
        const auto seed = ToNumber(Take(words, "seed"), "seed", 1, UINT32_MAX);
        const auto run = ToNumber(Take(words, "run"), "run", 1, UINT64_MAX);
        RunStandalone(program, words, static_cast<uint32_t>(seed), run);
    }
    else
    {
        return false;
    }
    return true;
}

} // namespace

Time
Scenario::GetStart() const
{
    return Time(0);
}

void
Scenario::CloseInterval(const Boundary& /* boundary */)
{
}

void
Scenario::OpenInterval(const Boundary& /* boundary */)
{
}

void
Scenario::Decide(const Observation& /* observation */, Action& /* action */) const
{
}

void
Scenario::RequestDecision()
{
    GetLockstep("RequestDecision()").RequestDecision();
}

void
Scenario::Finish()
{
    GetLockstep("Finish()").Finish();
}

TableRows&
Scenario::Rows(const TableHandle& table)
{
    return GetLockstep("Rows()").Rows(table);
}

Lockstep&
Scenario::GetLockstep(const char* caller) const
{
    if (m_lockstep == nullptr)
    {
        throw Error(FaultKind::SIMULATION, std::string(caller) + " was called before Build(); there is no episode yet");
    }
    return *m_lockstep;
}

int
RunProgram(int argc, char* argv[], const Program& program)
{
    const auto& name = program.name;
    std::vector<std::string> words(argv + 1, argv + argc);
    try
    {
        if (Print(program, words))
        {
            if (!std::cout.flush())
            {
                throw Error(FaultKind::SIMULATION, "the standard output cannot be written completely");
            }
            return 0;
        }
        if (const auto dialect = Take(words, "dialect"))
        {
            return ServeDialect(program, *dialect, words);
        }
        const auto endpoint = Take(words, "connect");
        const auto identity = Take(words, "identity");
        const auto lifeFd = Take(words, "life-fd");
        const auto orphanedSocket = Take(words, "orphaned-socket");
        const auto keyFolder = Take(words, "keys");
        if (!endpoint || !words.empty())
        {
            throw Error(FaultKind::CONFIG,
                        "expected --connect=ENDPOINT, --describe, --arguments, --standalone or --dialect" +
                            (words.empty() ? "" : ", and not '" + words.front() + "'") + "; see --help");
        }
        if (lifeFd)
        {
            WatchLauncher(static_cast<int>(ToNumber(lifeFd, "life-fd", 0, INT32_MAX)), orphanedSocket.value_or(""));
        }
        return Session(program, *endpoint, identity.value_or(""), keyFolder.value_or("")).Serve();
    }
    catch (const std::exception& error)
    {
        std::cerr << name << ": " << error.what() << std::endl;
        return 2;
    }
}

} // namespace ns3::marl
