// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_OFFLOAD_CLIENT_H
#define NS3MARL_MODELS_OFFLOAD_CLIENT_H

#include "models/fragment-watch.h"
#include "models/radio-network.h"
#include "models/status-header.h"
#include "models/task.h"

#include "ns3/socket.h"

#include <cstdint>
#include <functional>
#include <map>
#include <set>

namespace ns3::marl
{

/// The radio side of a device: sends the offloaded parts of tasks as UDP fragments to servers and takes the results.
///
/// The device has one modem. Only the tuned channel's radio sends, and only it hears anything; it is retuned by Accept, and
/// only while no offloaded part is under way. What the modem still owes the servers of a channel that it leaves, such as a
/// block-ack request, waits until it is back; only an exchange of frames that is under way comes to its end. Rate and power are
/// kept by server: two tasks under way to one server share the later task's power.
class OffloadClient
{
  public:
    static constexpr uint32_t FRAGMENT_BYTES = 1400; ///< UDP payload, header included

    /// What the device hears of a server. \p snrDb of a full-power transmission
    using StatusCallback = std::function<void(const ServerStatus& status, double snrDb)>;

    struct Callbacks
    {
        std::function<void(uint32_t task)> result;
        StatusCallback status;
        std::function<double(uint32_t server)> snrDb; ///< what the device believes, for the choice of the MCS
        std::function<void(uint32_t channel)> tuned;
        FragmentWatch::OnAirCallback onAir;
    };

    /// Safety margin between the SNR that the device believes in and the MCS thresholds.
    static constexpr double MCS_MARGIN_DB = 2;

    OffloadClient(const RadioNetwork& network, uint32_t device, bool mute, Callbacks callbacks);

    /// Tunes to a channel. Only while nothing is under way.
    void Tune(uint32_t channel);

    /// Takes charge of the offloaded part of a task and tunes to its channel; Send follows.
    void Accept(const Task& task);

    /// Hands the fragments to the radio. \return how many
    uint32_t Send(const Task& task, uint8_t tid);

    /// Ends the work on a task, done or not: what is not on the air yet is dropped. Unknown tasks are ignored.
    void Forget(uint32_t task);

    /// Chooses the MCS of all tasks under way anew.
    void RefreshRates();

    /// Every radio falls silent until SwitchOn. The tasks under way have ended.
    void SwitchOff();
    void SwitchOn();

    uint32_t GetTunedChannel() const;
    double GetQueuedBits() const; ///< waiting at the tuned radio
    bool IsIdle() const;          ///< nothing is under way
    uint8_t GetMcs(uint32_t server, double powerDbm) const;
    const FragmentWatch& GetWatch() const;

  private:
    struct UnderWay
    {
        uint32_t server;
        double powerDbm;
        uint8_t tid;
        bool sent;
    };

    void Receive(Ptr<Socket> socket);
    void ReceiveStatus(Ptr<Socket> socket);
    void SetRate(const UnderWay& task);
    void SetControlPower();
    void SetSending(bool isAllowed) const; ///< on the tuned channel
    Ptr<WifiNetDevice> GetTunedRadio() const;

    const RadioNetwork& m_network;
    uint32_t m_device;
    bool m_mute;
    Callbacks m_callbacks;
    FragmentWatch m_watch;
    uint32_t m_tuned{0};
    std::map<uint32_t, std::set<uint32_t>> m_peers; ///< by channel: servers that the device has sent to
    Ptr<Socket> m_taskSocket;
    Ptr<Socket> m_statusSocket;
    std::map<uint32_t, UnderWay> m_underWay; ///< by task
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_OFFLOAD_CLIENT_H
