// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/channel.h"

#include "bridge/error.h"
#include "bridge/local-dealer.h"

#include <zmq.hpp>

#include <csignal>
#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace ns3::marl
{

namespace
{

constexpr std::string_view IPC = "ipc://";

/// A DEALER of the ZeroMQ library, with its I/O thread.
struct RemoteDealer
{
    RemoteDealer(const std::string& endpoint, const std::string& identity)
    {
        if (!identity.empty())
        {
            dealer.set(zmq::sockopt::routing_id, identity);
        }
        dealer.set(zmq::sockopt::linger, 2000);
        dealer.connect(endpoint);
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

} // namespace

struct Channel::Sockets
{
    std::optional<LocalDealer> local;
    std::optional<RemoteDealer> remote;
};

Channel::Channel(const std::string& endpoint, const std::string& identity)
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
            m_sockets->remote.emplace(endpoint, identity);
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
    m_sockets->local ? m_sockets->local->Send(parts) : m_sockets->remote->Send(parts);
}

void
Channel::Send(std::string_view frame)
{
    Send(std::span(&frame, 1));
}

std::string_view
Channel::Receive()
{
    return m_sockets->local ? m_sockets->local->Receive() : m_sockets->remote->Receive();
}

void
WatchLearner(int lifeFd, const std::string& endpoint)
{
    std::thread([lifeFd, endpoint] {
        char byte;
        ssize_t count;
        do
        {
            count = read(lifeFd, &byte, 1);
        } while (count > 0 || (count < 0 && errno == EINTR));
        if (count < 0)
        {
            return; // not a pipe of ours: nothing to watch
        }
        if (endpoint.starts_with(IPC))
        {
            std::error_code ignored;
            const std::filesystem::path path = endpoint.substr(IPC.size());
            std::filesystem::remove(path, ignored);
            std::filesystem::remove(path.parent_path(), ignored); // only when empty
        }
        kill(getpid(), SIGTERM);
    }).detach();
}

} // namespace ns3::marl
