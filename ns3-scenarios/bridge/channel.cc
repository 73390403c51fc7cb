// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/channel.h"

#include "bridge/error.h"

#include <zmq.hpp>

#include <csignal>
#include <filesystem>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace ns3::marl
{

struct Channel::Sockets
{
    zmq::context_t context{1};
    zmq::socket_t dealer{context, zmq::socket_type::dealer};
    zmq::message_t received;
};

Channel::Channel(const std::string& endpoint, const std::string& identity)
    : m_sockets(std::make_unique<Sockets>())
{
    auto& dealer = m_sockets->dealer;
    if (!identity.empty())
    {
        dealer.set(zmq::sockopt::routing_id, identity);
    }
    dealer.set(zmq::sockopt::linger, 2000);
    try
    {
        dealer.connect(endpoint);
    }
    catch (const zmq::error_t& error)
    {
        throw Error(FaultKind::CONFIG,
                    "cannot connect to endpoint '" + endpoint + "': " + error.what() +
                        "; expected ipc://PATH or tcp://HOST:PORT");
    }
}

Channel::~Channel() = default;

void
Channel::Send(std::string_view frame)
{
    while (!m_sockets->dealer.send(zmq::buffer(frame)))
    {
    }
}

std::string_view
Channel::Receive()
{
    for (;;)
    {
        try
        {
            if (m_sockets->dealer.recv(m_sockets->received))
            {
                return m_sockets->received.to_string_view();
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
        constexpr std::string_view ipc = "ipc://";
        if (endpoint.starts_with(ipc))
        {
            std::error_code ignored;
            const std::filesystem::path path = endpoint.substr(ipc.size());
            std::filesystem::remove(path, ignored);
            std::filesystem::remove(path.parent_path(), ignored); // only when empty
        }
        kill(getpid(), SIGTERM);
    }).detach();
}

} // namespace ns3::marl
