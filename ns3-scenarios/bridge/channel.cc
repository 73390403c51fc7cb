// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/channel.h"

#include "bridge/error.h"
#include "bridge/local-dealer.h"

#include <zmq.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <sys/syscall.h>
#include <unistd.h>

namespace ns3::marl
{

namespace
{

constexpr std::string_view IPC = "ipc://";
constexpr std::chrono::seconds CONNECT_TIMEOUT{10};
constexpr std::int64_t MAX_FRAME_BYTES = 256LL * 1024 * 1024;

/// \return the key `which` ("public" or "secret") of a ZeroMQ certificate
std::string
ReadKey(const std::filesystem::path& path, const std::string& which)
{
    constexpr std::size_t KEY_LENGTH = 40; // Z85
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
    {
        const auto name = line.find(which + "-key");
        const auto begin = line.find('"');
        const auto end = line.rfind('"');
        if (name != std::string::npos && name < begin && end == begin + KEY_LENGTH + 1)
        {
            return line.substr(begin + 1, KEY_LENGTH);
        }
    }
    throw std::runtime_error("there is no " + which + " key in " + path.string());
}

/// A DEALER of the ZeroMQ library, with its I/O thread.
struct RemoteDealer
{
    RemoteDealer(const std::string& endpoint, const std::string& identity, const std::filesystem::path& keyFolder)
    {
        if (!keyFolder.empty())
        {
            const auto own = keyFolder / "simulator.key_secret";
            dealer.set(zmq::sockopt::curve_serverkey, ReadKey(keyFolder / "learner.key", "public"));
            dealer.set(zmq::sockopt::curve_publickey, ReadKey(own, "public"));
            dealer.set(zmq::sockopt::curve_secretkey, ReadKey(own, "secret"));
        }
        dealer.set(zmq::sockopt::maxmsgsize, MAX_FRAME_BYTES);
        dealer.set(zmq::sockopt::ipv6, true);
        if (!identity.empty())
        {
            dealer.set(zmq::sockopt::routing_id, identity);
        }
        dealer.set(zmq::sockopt::linger, 2000);
        dealer.set(zmq::sockopt::immediate, true); // writable only once a learner has answered
        dealer.connect(endpoint);
        AwaitLearner();
    }

    void AwaitLearner()
    {
        const auto deadline = std::chrono::steady_clock::now() + CONNECT_TIMEOUT;
        while (!IsAnswered())
        {
            const auto rest =
                std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
            if (rest.count() <= 0)
            {
                throw std::runtime_error("no learner answered within " + std::to_string(CONNECT_TIMEOUT.count()) +
                                         " s; is it running, and are the keys those that it knows?");
            }
            pollfd socket{dealer.get(zmq::sockopt::fd), POLLIN, 0};
            poll(&socket, 1, static_cast<int>(rest.count()));
        }
    }

    bool IsAnswered()
    {
        try
        {
            return (dealer.get(zmq::sockopt::events) & ZMQ_POLLOUT) != 0;
        }
        catch (const zmq::error_t& error)
        {
            if (error.num() != EINTR)
            {
                throw;
            }
            return false;
        }
    }

    void Send(std::span<const std::string_view> parts)
    {
        std::string frame;
        for (const auto part : parts)
        {
            frame += part;
        }
        while (!dealer.send(zmq::buffer(frame)))
        {
        }
    }

    std::string_view Receive()
    {
        for (;;)
        {
            try
            {
                if (dealer.recv(received))
                {
                    return received.to_string_view();
                }
            }
            catch (const zmq::error_t& error)
            {
                if (error.num() != EINTR)
                {
                    throw;
                }
            }
        }
    }

    zmq::context_t context{1};
    zmq::socket_t dealer{context, zmq::socket_type::dealer};
    zmq::message_t received;
};

constexpr std::chrono::seconds WATCH_PERIOD{1};

// What a signal handler may look at.
int g_lifeFd{-1};
int g_launcherFd{-1};     ///< its process (pidfd_open(2)); negative: the kernel gives none
std::string g_socketPath; ///< removed when the launcher is gone; empty: none
std::string g_socketFolder;

/// \return whether the launcher is gone, after at most `waitMs`: its process has ended, or no process holds the pipe's other
/// end. A process that the launcher forked may hold that for longer than the launcher lives.
bool
LauncherIsGone(int waitMs)
{
    std::array<pollfd, 2> signs{{{g_lifeFd, 0, 0}, {g_launcherFd, POLLIN, 0}}};
    return poll(signs.data(), signs.size(), waitMs) > 0 &&
           ((signs[0].revents & POLLHUP) || (signs[1].revents & POLLIN));
}

/// Ends this process, which nobody needs any more.
void
EndAsOrphan()
{
    if (!g_socketPath.empty())
    {
        unlink(g_socketPath.c_str());
        rmdir(g_socketFolder.c_str()); // only when empty
    }
    signal(SIGTERM, SIG_DFL);
    raise(SIGTERM);
}

/// Signal handler: the pipe has changed, or it is time to look after the launcher.
void
LauncherSpoke(int /* signal */)
{
    const auto before = errno;
    if (LauncherIsGone(0))
    {
        EndAsOrphan();
    }
    errno = before;
}

/// The connection is gone. With the launcher all its connections go, in any order: if it is the launcher's end, this process
/// ends as WatchLauncher says.
void
FollowLauncher()
{
    if (g_lifeFd >= 0)
    {
        (void)LauncherIsGone(1000);
        LauncherSpoke(SIGIO);
    }
}

[[noreturn]] void
FailToWatch(int lifeFd)
{
    throw Error(FaultKind::CONFIG,
                "--life-fd=" + std::to_string(lifeFd) + " cannot be watched (" + std::strerror(errno) +
                    "); expected the read end of a pipe");
}

/// Has SIGIO come every WATCH_PERIOD: no signal tells that a process ended which is not one's child.
void
LookAgain()
{
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGIO;
    timer_t timer{};
    const itimerspec period{{WATCH_PERIOD.count(), 0}, {WATCH_PERIOD.count(), 0}};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 || timer_settime(timer, 0, &period, nullptr) < 0)
    {
        throw Error(FaultKind::SIMULATION, std::string("no timer to watch the launcher with: ") + std::strerror(errno));
    }
}

} // namespace

struct Channel::Sockets
{
    std::optional<LocalDealer> local;
    std::optional<RemoteDealer> remote;
};

Channel::Channel(const std::string& endpoint, const std::string& identity, const std::string& keyFolder)
    : m_sockets(std::make_unique<Sockets>())
{
    try
    {
        if (endpoint.starts_with(IPC))
        {
            m_sockets->local.emplace(endpoint.substr(IPC.size()), identity);
        }
        else
        {
            m_sockets->remote.emplace(endpoint, identity, keyFolder);
        }
    }
    catch (const std::exception& error)
    {
        throw Error(FaultKind::CONFIG,
                    "cannot connect to endpoint '" + endpoint + "': " + error.what() +
                        "; expected ipc://PATH or tcp://HOST:PORT of a learner that runs");
    }
}

Channel::~Channel() = default;

void
Channel::Send(std::span<const std::string_view> parts)
{
    try
    {
        m_sockets->local ? m_sockets->local->Send(parts) : m_sockets->remote->Send(parts);
    }
    catch (const std::runtime_error&)
    {
        FollowLauncher();
        throw;
    }
}

void
Channel::Send(std::string_view frame)
{
    Send(std::span(&frame, 1));
}

std::string_view
Channel::Receive()
{
    try
    {
        return m_sockets->local ? m_sockets->local->Receive() : m_sockets->remote->Receive();
    }
    catch (const std::runtime_error&)
    {
        FollowLauncher();
        throw;
    }
}

void
WatchLauncher(int lifeFd, const std::string& orphanedSocket)
{
    // All simulators inherit one open pipe, but whom it signals is told once for each opening: so this one opens it anew.
    g_lifeFd = open(("/proc/self/fd/" + std::to_string(lifeFd)).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (g_lifeFd < 0)
    {
        FailToWatch(lifeFd);
    }
    g_socketPath = orphanedSocket;
    g_socketFolder = std::filesystem::path(orphanedSocket).parent_path();
    struct sigaction action{};
    action.sa_handler = LauncherSpoke;
    action.sa_flags = SA_RESTART;
    if (sigaction(SIGIO, &action, nullptr) < 0 || fcntl(g_lifeFd, F_SETOWN, getpid()) < 0 ||
        fcntl(g_lifeFd, F_SETFL, fcntl(g_lifeFd, F_GETFL) | O_ASYNC) < 0)
    {
        FailToWatch(lifeFd);
    }
    // The launcher owns the description of the pipe's end. The kernel forgets an owner that has ended.
    const auto launcher = fcntl(lifeFd, F_GETOWN);
    g_launcherFd = static_cast<int>(syscall(SYS_pidfd_open, launcher, 0));
    if (launcher == 0 || (g_launcherFd < 0 && errno == ESRCH))
    {
        EndAsOrphan();
    }
    if (g_launcherFd >= 0)
    {
        LookAgain();
    }
    LauncherSpoke(SIGIO); // it may have gone before anyone watched
}

} // namespace ns3::marl
