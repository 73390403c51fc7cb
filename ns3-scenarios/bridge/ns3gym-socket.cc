// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/ns3gym-socket.h"

#include "bridge/error.h"

#include <zmq.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

namespace ns3::marl
{

namespace
{

using std::chrono::milliseconds;

constexpr milliseconds CONNECT_LIMIT{30000};
constexpr milliseconds FOREVER{-1};
constexpr const char* MONITOR = "inproc://client-life";

} // namespace

struct Ns3GymSocket::Sockets
{
    /// Reads what the monitor has to say. \return whether the client has gone
    bool ReadLife()
    {
        bool gone = false;
        zmq::message_t event;
        while (life.recv(event, zmq::recv_flags::dontwait))
        {
            uint16_t kind = 0; // the first bytes of the first frame; the second frame is the address
            std::memcpy(&kind, event.data(), sizeof kind);
            gone = gone || kind == ZMQ_EVENT_DISCONNECTED;
            connected = connected || kind == ZMQ_EVENT_CONNECTED;
            (void)life.recv(event);
        }
        return gone;
    }

    zmq::context_t context{1};
    zmq::socket_t request{context, zmq::socket_type::req};
    zmq::socket_t life{context, zmq::socket_type::pair};
    zmq::message_t received;
    uint16_t port{0};
    bool connected{false};
};

Ns3GymSocket::Ns3GymSocket(uint16_t port)
    : m_sockets(std::make_unique<Sockets>())
{
    auto& request = m_sockets->request;
    m_sockets->port = port;
    request.set(zmq::sockopt::linger, 0);
    if (zmq_socket_monitor(request.handle(), MONITOR, ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED) != 0)
    {
        throw Error(FaultKind::SIMULATION, std::string("the client's life cannot be watched: ") + std::strerror(errno));
    }
    m_sockets->life.connect(MONITOR);
    request.connect("tcp://localhost:" + std::to_string(port));
}

Ns3GymSocket::~Ns3GymSocket() = default;

std::string_view
Ns3GymSocket::Exchange(std::string_view frame)
{
    auto& sockets = *m_sockets;
    sockets.request.send(zmq::buffer(frame), zmq::send_flags::none);
    std::array<zmq::pollitem_t, 2> items{
        {{sockets.request.handle(), 0, ZMQ_POLLIN, 0}, {sockets.life.handle(), 0, ZMQ_POLLIN, 0}}};
    for (;;)
    {
        try
        {
            const auto ready = zmq::poll(items, sockets.connected ? FOREVER : CONNECT_LIMIT);
            if (items[0].revents & ZMQ_POLLIN)
            {
                (void)sockets.request.recv(sockets.received);
                return sockets.received.to_string_view();
            }
            if (ready == 0)
            {
                throw ClientGone("no ns3-gym client listened on port " + std::to_string(sockets.port) + " within " +
                                 std::to_string(CONNECT_LIMIT.count() / 1000) +
                                 " s; start the client first, with startSim=False and the same port");
            }
            if (sockets.ReadLife())
            {
                throw ClientGone("the ns3-gym client on port " + std::to_string(sockets.port) +
                                 " closed the connection before it asked to stop");
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

} // namespace ns3::marl
