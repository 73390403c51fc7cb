// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_EDGE_GATEWAY_H
#define NS3MARL_MODELS_EDGE_GATEWAY_H

#include "models/busy-meter.h"
#include "models/edge-server.h"
#include "models/radio-network.h"
#include "models/status-header.h"

#include "ns3/ipv4-address.h"
#include "ns3/socket.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace ns3::marl
{

/// The radio side of an edge server: puts fragments together, submits complete tasks to the computer (or hands them to Callbacks::place),
/// sends the results back on the channel that the fragments came on, and broadcasts the server's status.
class EdgeGateway
{
  public:
    static constexpr uint32_t RESULT_BYTES = 200; ///< UDP payload, header included

    struct Callbacks
    {
        std::function<void(uint32_t task, bool accepted)> fragment; ///< a fragment came, each once; false: while down
        std::function<void(uint32_t task)> received;                ///< the last fragment of a task is there
        std::function<void(uint32_t task)> dropped;                 ///< the server failed, and the task with it

        /// Where a complete task is computed; the result goes back by SendResult. None: the server computes every one.
        std::function<void(const EdgeJob& job)> place{};
    };

    /// What a server that is down tells genies of its wait.
    static constexpr int64_t DOWN_WAIT_S = 1;

    EdgeGateway(const RadioNetwork& network, uint32_t index, EdgeServer& server, Callbacks callbacks);

    /// The server fails: it drops all that it has, ignores fragments and broadcasts nothing until Recover. Its radios go on
    /// acknowledging frames, and results that they have go out.
    void Fail();
    void Recover();
    bool IsDown() const;

    /// Ends an interval: what the broadcasts tell from now on.
    void TakeStatus();
    const ServerStatus& GetStatus() const;

    /// \param expiry when the broadcast is of no use any more
    void BroadcastStatus(uint32_t channel, const Time& expiry);

    /// Sends the result of a task; it expires with the task.
    void SendResult(const EdgeJob& job);

    uint64_t GetFragmentsReceived() const; ///< each fragment once

  private:
    /// A task that is not complete, or that is complete and has no result yet.
    struct Assembly
    {
        Ipv4Address device;
        std::vector<bool> have;
        uint32_t missing{0};
        uint32_t bytes{0}; ///< that came
        uint8_t tid{0};
    };

    void Receive(Ptr<Socket> socket);
    void Expire(uint32_t task);

    const RadioNetwork& m_network;
    uint32_t m_index;
    EdgeServer& m_server;
    Callbacks m_callbacks;
    bool m_down{false};
    Ptr<Socket> m_taskSocket;
    Ptr<Socket> m_statusSocket;
    std::map<uint32_t, Assembly> m_assemblies;      ///< by task
    std::vector<std::unique_ptr<BusyMeter>> m_busy; ///< by channel
    ServerStatus m_status;
    uint64_t m_fragmentsReceived{0};
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_EDGE_GATEWAY_H
