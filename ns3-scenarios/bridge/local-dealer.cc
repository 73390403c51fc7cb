// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/local-dealer.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace ns3::marl
{

namespace
{

// Flags of a frame.
constexpr std::size_t MORE = 1;
constexpr std::size_t LONG = 2;
constexpr std::size_t COMMAND = 4;

constexpr std::size_t GREETING_BYTES = 64;
constexpr std::size_t BUFFER_BYTES = 64 * 1024;
constexpr std::uint64_t MAX_FRAME_BYTES = 256ULL * 1024 * 1024;
constexpr std::chrono::seconds CONNECT_TIMEOUT{10};
constexpr std::chrono::milliseconds CONNECT_PAUSE{20};

/// Version 3.0, mechanism NULL, not a server.
std::string
MakeGreeting()
{
    std::string greeting(GREETING_BYTES, '\0');
    greeting[0] = '\xff';
    greeting[9] = '\x7f';
    greeting[10] = 3;
    greeting.replace(12, 4, "NULL");
    return greeting;
}

std::string
MakeProperty(std::string_view name, std::string_view value)
{
    std::string property(1, static_cast<char>(name.size()));
    property.append(name);
    for (const int shift : {24, 16, 8, 0})
    {
        property.push_back(static_cast<char>(value.size() >> shift));
    }
    return property.append(value);
}

} // namespace

LocalDealer::LocalDealer(const std::string& path, const std::string& identity)
    : m_buffer(BUFFER_BYTES)
{
    Connect(path);
    try
    {
        ShakeHands(identity);
    }
    catch (...)
    {
        close(m_socket);
        throw;
    }
}

LocalDealer::~LocalDealer()
{
    close(m_socket); // what was sent stays readable for the learner
}

void
LocalDealer::Connect(const std::string& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
    {
        throw std::runtime_error("a socket's path has 1 to " + std::to_string(sizeof address.sun_path - 1) + " bytes");
    }
    path.copy(address.sun_path, path.size());
    auto length = sizeof address;
    if (path.front() == '@')
    {
        address.sun_path[0] = '\0';
        length = offsetof(sockaddr_un, sun_path) + path.size();
    }
    m_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto deadline = std::chrono::steady_clock::now() + CONNECT_TIMEOUT;
    while (connect(m_socket, reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(length)) != 0)
    {
        const auto error = errno;
        const bool mayCome = error == ENOENT || error == ECONNREFUSED || error == EINTR || error == EAGAIN;
        if (!mayCome || std::chrono::steady_clock::now() > deadline)
        {
            close(m_socket);
            throw std::runtime_error(std::system_category().message(error));
        }
        std::this_thread::sleep_for(CONNECT_PAUSE);
    }
}

void
LocalDealer::ShakeHands(const std::string& identity)
{
    const auto greeting = MakeGreeting();
    if (send(m_socket, greeting.data(), greeting.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(greeting.size()))
    {
        throw std::runtime_error("the learner closed the connection");
    }
    const auto theirs = Read(GREETING_BYTES);
    if (theirs[0] != '\xff' || theirs[9] != '\x7f' || theirs[10] < 3 ||
        theirs.substr(12, 5) != std::string_view("NULL\0", 5))
    {
        throw std::runtime_error("the peer is no ZeroMQ socket of version 3 without encryption");
    }
    std::string ready("\5READY");
    ready += MakeProperty("Socket-Type", "DEALER") + MakeProperty("Identity", identity);
    const std::string_view body(ready);
    WriteFrame(COMMAND, std::span(&body, 1));
    const auto [command, answer] = ReadFrame();
    if (!command || !answer.starts_with("\5READY"))
    {
        throw std::runtime_error("the peer is no ROUTER that takes DEALERs");
    }
}

void
LocalDealer::Send(std::span<const std::string_view> parts)
{
    WriteFrame(0, parts);
}

std::string_view
LocalDealer::Receive()
{
    for (;;)
    {
        const auto [command, body] = ReadFrame();
        if (!command)
        {
            return body;
        }
    }
}

void
LocalDealer::WriteFrame(std::size_t flags, std::span<const std::string_view> parts) const
{
    std::uint64_t size = 0;
    for (const auto part : parts)
    {
        size += part.size();
    }
    std::array<char, 9> head{};
    const std::size_t headBytes = size <= 255 ? 2 : 9;
    head[0] = static_cast<char>(size <= 255 ? flags : flags | LONG);
    for (std::size_t i = 1; i < headBytes; ++i)
    {
        head[headBytes - i] = static_cast<char>(size >> (8 * (i - 1)));
    }

    std::array<iovec, 4> pieces{{{head.data(), headBytes}}};
    std::size_t count = 1;
    for (const auto part : parts)
    {
        pieces.at(count++) = {const_cast<char*>(part.data()), part.size()};
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    for (auto left = headBytes + size; left > 0;)
    {
        const auto sent = sendmsg(m_socket, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
        {
            continue;
        }
        if (sent < 0)
        {
            throw std::runtime_error("the learner closed the connection");
        }
        auto gone = static_cast<std::size_t>(sent);
        left -= gone;
        for (auto& piece : pieces)
        {
            const auto taken = std::min(piece.iov_len, gone);
            piece.iov_base = static_cast<char*>(piece.iov_base) + taken;
            piece.iov_len -= taken;
            gone -= taken;
        }
    }
}

LocalDealer::Frame
LocalDealer::ReadFrame()
{
    const auto flags = static_cast<unsigned char>(Read(1)[0]);
    std::uint64_t size = 0;
    for (const auto byte : Read((flags & LONG) ? 8 : 1))
    {
        size = size << 8 | static_cast<unsigned char>(byte);
    }
    if ((flags & ~(LONG | COMMAND)) != 0 || size > MAX_FRAME_BYTES)
    {
        throw std::runtime_error((flags & MORE) ? "the learner sent a message of several frames"
                                                : "the learner sent no ZeroMQ frame");
    }
    return {(flags & COMMAND) != 0, Read(size)};
}

std::string_view
LocalDealer::Read(std::size_t count)
{
    if (m_end - m_begin < count)
    {
        // Views that were handed out end here, as promised: the rest moves to the front.
        std::copy(m_buffer.begin() + static_cast<std::ptrdiff_t>(m_begin),
                  m_buffer.begin() + static_cast<std::ptrdiff_t>(m_end),
                  m_buffer.begin());
        m_end -= m_begin;
        m_begin = 0;
        m_buffer.resize(std::max(m_buffer.size(), count));
    }
    while (m_end - m_begin < count)
    {
        const auto received = recv(m_socket, m_buffer.data() + m_end, m_buffer.size() - m_end, 0);
        if (received == 0 || (received < 0 && errno != EINTR))
        {
            throw std::runtime_error("the learner closed the connection");
        }
        m_end += received > 0 ? static_cast<std::size_t>(received) : 0;
    }
    const std::string_view bytes(m_buffer.data() + m_begin, count);
    m_begin += count;
    return bytes;
}

} // namespace ns3::marl
