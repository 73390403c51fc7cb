// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// Channel access of all tasks of an environment: CSMA/CA frame by frame, on a processor or in a thread of a GPU.
//
// A row is one channel, a column one task on it. A column's transmitter is the task's device while the task is uploaded, and its
// server once the result goes back. Again and again each row takes its next event: a frame begins (which others it disturbs), its preamble
// is over (which stations receive it, or sense its energy, and wait), or it ends (what arrived, acknowledgement, next backoff). Frames that
// begin within one preamble compete for each receiver: it takes one that it can make out over the others, or none. The rows share the
// servers, so none runs ahead of the slowest by more than LOOKAHEAD_US, and a server decides when all uploads that could have
// come before are known.
//
// Once in a tick every server broadcasts its status on every channel, from slots of its own on: broadcasts contend with the frames and
// with each other, and devices miss those that they cannot make out. A broadcast is not acknowledged and not repeated.
// Its SINR is what devices know of their link.
//
// Modelled: AIFS, slots, binary exponential backoff, A-MPDUs with block acknowledgement, block-ack requests after a missed one
// (IEEE 802.11-2020, 10.3 and 10.25; IEEE 802.11ax-2021), stations that do not hear each other, receivers that are busy with another
// frame or transmit, loss of those fragments that frames, acknowledgements or broadcasts overlap. Times are microseconds from the
// beginning of the tick, levels decibels over noise, powers dBm. The tests have the same events as tensor operations (tests/channel_oracle.py).

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "both.h"

namespace contention
{

constexpr float INF = std::numeric_limits<float>::infinity();
constexpr float LOOKAHEAD_US = 3000;
constexpr float STATUS_LEAD_US = 5000;
constexpr int BACKOFF_STAGES = 7; // the window starts anew after the eighth failure
constexpr int MAX_CHANNELS = 8;
constexpr int MOST_INTERFERING = 8; // transmissions that a station is disturbed by as it begins to receive
constexpr float SLOT_US = 9;
constexpr float SIFS_US = 16;
constexpr float AIFS_US = 43;
constexpr float HE_PREAMBLE_US = 44;
constexpr float HE_SYMBOL_US = 13.6F;
constexpr float MAX_POWER_DBM = 30;
constexpr float WEAK = 0.05F; // interference over noise that is not looked at

/// Of an offloaded part; tasks.py has the same.
enum Phase : int8_t
{
    NONE,
    UPLINK,
    WAITING,
    COMPUTING,
    DOWNLINK,
    DONE,
    DROPPED
};

/// What stays of a task while it is on its channel; tasks.py has the same columns in the same order.
struct Fixed
{
    float device;   ///< entity
    float server;   ///< index
    float power;    ///< dBm
    float expiry;   ///< us
    float deadline; ///< us, from arrival to expiry
    float rank;     ///< what does not change of its priority
    float cycles;   ///< of the offloaded part
    float total;    ///< fragments
    float bits;     ///< of a fragment, all headers included
    float ndbps;    ///< data bits of a symbol
    float limit;    ///< fragments of a frame
    float midpoint; ///< SINR at which half of the fragments arrive, dB
    float reply;    ///< SIFS and block acknowledgement, us
    float request;  ///< block-ack request, us
    float snrUp;    ///< dB, at its power
    float snrDown;  ///< dB, at 30 dBm
};

/// What changes of it; tasks.py has the same columns in the same order.
struct Changing
{
    float left;       ///< fragments that are not at the server
    float asks;       ///< 1: a block-ack request goes first
    float start;      ///< of the frame on the air, us
    float count;      ///< its fragments; 0: a request or a result
    float lost;       ///< its fragments that interference is expected to cost
    float blocked;    ///< 1: the receiver was busy when the frame began
    float onAir;      ///< fragments that were transmitted at least once
    float retries;    ///< transmissions of fragments beyond those
    float unanswered; ///< transmissions without acknowledgement
    float deviceAir;  ///< time that the device transmitted, us
    float uplinkEnd, computeStart, computeEnd, result; ///< us
};

/// A task under way, as it is kept while its environment runs. What every event looks at comes first.
struct alignas(32) Task
{
    float next;                ///< next transmission, infinite: none, us
    float quiet;               ///< until when the transmitter senses the channel busy, us
    float ready;               ///< when the frames of this phase are at the transmitter, us
    float slots;               ///< backoff that is left
    float end;                 ///< of the frame on the air, infinite: none, us
    float due;                 ///< the frame's next event, when stations notice it or its end, infinite: none, us
    float signal;              ///< of the frame at its receiver, dB over noise
    float power;               ///< dBm
    int32_t sender, receiver;  ///< entities: device i or N + server
    Changing changing;
    uint32_t random;
    int32_t phase;
    int64_t number; ///< among the tasks that are handed over
    const Fixed* fixed;
};

/// The broadcast of a server on a channel.
struct Broadcast
{
    float at;      ///< when it begins, infinite: it was sent, us
    float slots;   ///< its backoff, once it had to wait
    float quiet;   ///< until when the server senses the channel busy, us
    float until;   ///< the end of its air time, us; 0: it was not sent
    float noticed; ///< when stations notice it, infinite: they have, or it was not sent, us
    bool isWaiting; ///< it begins later than in its slot, so a backoff comes before it
};

/// Free constants, and what else the channels have to know; kernel.py has the same fields in the same order.
struct Constants
{
    float access, collision, sync, downlink, detection, energy, steepness, hidden, resultUs, ackUs, statusUs, alpha;
    int32_t isPriority;
};

/// What the channels of B environments need for a tick; kernel.py has the same fields in the same order. Tasks ``source`` [n]
/// of all, in order of environment, are changed in place; ``fixed`` belongs to these n alone.
struct Run
{
    int64_t environments, entities, channels, servers;
    const int64_t* first;            ///< where the tasks of each environment begin among the n, [B + 1]
    const int64_t *source, *channel; ///< which task, and its channel, [n]
    const Fixed* fixed;              ///< [n]
    Changing* changing;
    int8_t* phase;
    float *next, *quiet, *ready, *slots, *end;
    int64_t* random;
    const float* gain; ///< [B, E, E] dB
    const float* told; ///< of broadcasts at devices, as the fading moves before they begin, [B, K, N] dB
    const float* rate; ///< [B, K] cycles/us
    float* free;       ///< [B, K] us
    float* fails;      ///< consecutive missed acknowledgements of each radio, [B, C, E]
    const int64_t* tuned;   ///< [B, N]
    const float* uniform;   ///< in [0, 1), for the backoffs of broadcasts, [B]
    float* disturbance; ///< out, from 0: interference over noise at each device as each broadcast ends; infinite: missed, [B, N, K]
    float *received, *busy; ///< out, from 0: time in which each entity receives frames, and senses its own or others', [B, C, E]
    float* late; ///< out, from 0: of busy, what counts when servers have closed their interval, [B, C, E]
    float *receivedUntil, *busyUntil; ///< room, from 0: the end of the last of them, [B, C, E]
    float* air; ///< out: air time of each task's device, [n]
    Task* tasks;            ///< room for n, on a GPU
    float* arrivals;        ///< room for [B, K], on a GPU
    Broadcast* broadcasts;  ///< room for [B, C, K], on a GPU
    int32_t* listeners;     ///< room for [B, N + C K], on a GPU
    int64_t isTold;         ///< 0: servers broadcast nothing
    float horizon;
    Constants constants;
    void* stream; ///< of a GPU
};

class Environment
{
  public:
    /// \param tasks room for the environment's tasks
    /// \param arrivals room for one number of each server
    /// \param broadcasts room for one of each server on each channel
    /// \param listeners room for one of each device, and of each server on each channel
    BOTH Environment(const Run& run,
                     int64_t environment,
                     Task* tasks,
                     float* arrivals,
                     Broadcast* broadcasts,
                     int32_t* listeners)
        : m_run(run),
          m_c(run.constants),
          m_gain(run.gain + environment * run.entities * run.entities),
          m_entities(static_cast<int>(run.entities)),
          m_told(run.told + environment * run.servers * (run.entities - run.servers)),
          m_rate(run.rate + environment * run.servers),
          m_free(run.free + environment * run.servers),
          m_servers(static_cast<int>(run.servers)),
          m_devices(m_entities - m_servers),
          m_channels(static_cast<int>(run.channels)),
          m_tasks(tasks),
          m_arrivals(arrivals),
          m_broadcasts(broadcasts),
          m_listeners(listeners),
          m_entity(environment * run.channels * run.entities),
          m_tuned(run.tuned + environment * m_devices),
          m_disturbance(run.disturbance + environment * m_devices * m_servers),
          m_aifs(AIFS_US + run.constants.access),
          m_slots(run.horizon - STATUS_LEAD_US)
    {
        Load(run.first[environment], run.first[environment + 1]);
        Tune();
        Plan(run.uniform[environment]);
    }

    /// All events before the horizon.
    BOTH void Play()
    {
        const float horizon = m_run.horizon;
        while (true)
        {
            float earliest = INF;
            for (int row = 0; row < m_channels; row++)
            {
                auto& event = m_events[row];
                if (event.stale)
                {
                    Look(row, event);
                }
                earliest = std::min(earliest, event.time);
            }
            const bool started = m_waiting > 0 && Serve(std::min(earliest, horizon));
            bool acted = false;
            for (int row = 0; row < m_channels; row++)
            {
                auto& event = m_events[row];
                if (event.time < horizon && event.time <= earliest + LOOKAHEAD_US)
                {
                    acted = true;
                    if (Tell(row, event.time))
                    {
                        event.stale = true; // somebody waits for the broadcast
                        continue;
                    }
                    // An event that the servers made in this pass is seen in the next one.
                    event.stale = true;
                    event.begins ? Begin(row, event.task, event.time) : Continue(row, m_tasks[event.task], event.time);
                }
                event.stale |= started;
            }
            for (int row = 0; row < m_channels && !acted && !started; row++)
            {
                // After a channel's last event: whoever waits for a broadcast may have another one in this tick.
                m_events[row].stale = Tell(row, horizon);
                acted = m_events[row].stale;
            }
            if (!acted && !started)
            {
                break;
            }
        }
        Store();
    }

  private:
    struct Event
    {
        float time{INF};
        int task{0};
        bool begins{false};
        bool stale{true};
    };

    /// Tasks in order of channel.
    BOTH void Load(int64_t first, int64_t last)
    {
        int at[MAX_CHANNELS] = {};
        for (int64_t number = first; number < last; number++)
        {
            at[m_run.channel[number]]++;
        }
        for (int row = 0; row < m_channels; row++)
        {
            m_begin[row + 1] = m_begin[row] + at[row];
            at[row] = m_begin[row];
        }
        for (int64_t number = first; number < last; number++)
        {
            const int64_t place = m_run.source[number];
            auto& task = m_tasks[at[m_run.channel[number]]++];
            task.next = m_run.next[place];
            task.quiet = m_run.quiet[place];
            task.ready = m_run.ready[place];
            task.slots = m_run.slots[place];
            task.end = m_run.end[place];
            task.due = task.end;
            task.changing = m_run.changing[place];
            task.random = static_cast<uint32_t>(m_run.random[place]);
            task.phase = m_run.phase[place];
            task.number = number;
            task.fixed = m_run.fixed + number;
            SetEnds(task);
            task.signal = task.phase == UPLINK ? task.fixed->snrUp : task.fixed->snrDown;
            m_waiting += task.phase == WAITING ? 1 : 0;
            if (task.end < INF) // on the air since the tick before
            {
                float* const until = m_run.receivedUntil + m_entity + m_run.channel[number] * m_entities;
                until[task.sender] = std::max(until[task.sender], task.end);
                float& receiver = until[task.receiver];
                receiver = task.changing.blocked == 0 ? std::max(receiver, task.end) : receiver;
            }
        }
    }

    BOTH void Store() const
    {
        for (int i = 0; m_run.isTold && i < m_channels * m_servers; i++)
        {
            const auto& broadcast = m_broadcasts[i];
            const bool isLate = broadcast.at < INF || broadcast.until > m_run.horizon;
            for (int device = 0; device < m_devices && isLate; device++)
            {
                float& disturbance = m_disturbance[device * m_servers + i % m_servers];
                disturbance = m_tuned[device] == i / m_servers ? INF : disturbance;
            }
        }
        for (int i = 0; i < m_begin[m_channels]; i++)
        {
            const auto& task = m_tasks[i];
            const int64_t place = m_run.source[task.number];
            auto& changing = m_run.changing[place];
            m_run.air[task.number] = task.changing.deviceAir - changing.deviceAir;
            changing = task.changing;
            m_run.phase[place] = static_cast<int8_t>(task.phase);
            m_run.next[place] = task.next;
            m_run.quiet[place] = task.quiet;
            m_run.ready[place] = task.ready;
            m_run.slots[place] = task.slots;
            m_run.end[place] = task.end;
            m_run.random[place] = task.random;
        }
    }

    BOTH void SetEnds(Task& task) const
    {
        const int device = static_cast<int>(task.fixed->device);
        const int server = m_entities - m_servers + static_cast<int>(task.fixed->server);
        const bool up = task.phase == UPLINK;
        task.sender = up ? device : server;
        task.receiver = up ? server : device;
        task.power = up ? task.fixed->power : MAX_POWER_DBM;
    }

    BOTH void Look(int row, Event& event) const
    {
        Event found{INF, 0, false, false};
        for (int i = m_begin[row]; i < m_begin[row + 1]; i++)
        {
            const float due = m_tasks[i].due;
            const float next = m_tasks[i].next;
            if (due < found.time || (due == found.time && found.begins))
            {
                found = {due, i, false, false};
            }
            if (next < found.time)
            {
                found = {next, i, true, false};
            }
        }
        event = found;
    }

    /// The next number in [0, 1) of the task's own generator (a 32-bit linear congruential one, its upper 24 bits).
    BOTH static float Draw(Task& task)
    {
        task.random = task.random * 1664525U + 1013904223U;
        return static_cast<float>(task.random >> 8) * 0x1p-24F;
    }

    /// Slots: uniform over a window that doubles from 16 to 1024.
    BOTH static float GetBackoff(float fails, float uniform)
    {
        const int stage = static_cast<int>(fails) % (BACKOFF_STAGES + 1);
        return std::floor(uniform * std::min(16.0F * static_cast<float>(1 << stage), 1024.0F));
    }

    /// Of a radio, also from tick to tick: its contention window.
    BOTH float& GetFails(int row, int entity) const
    {
        return m_run.fails[m_entity + static_cast<int64_t>(row) * m_entities + entity];
    }

    /// Probability that a fragment arrives: logistic over SINR.
    BOTH float GetSuccess(float sinrDb, float midpointDb) const
    {
        return 1 / (1 + std::exp(-(sinrDb - midpointDb) * m_c.steepness));
    }

    /// Stations notice a frame, or it ends.
    BOTH void Continue(int row, Task& task, float now)
    {
        task.due < task.end ? Notice(row, task, now) : Conclude(row, task, now);
    }

    /// The preamble of a frame is over: stations receive it, or sense its energy, and wait.
    BOTH void Notice(int row, Task& task, float now)
    {
        auto& r = task.changing;
        const auto index = static_cast<int>(&task - m_tasks);
        const float free = task.end + (task.phase == UPLINK ? task.fixed->reply : SIFS_US + m_c.ackUs);
        r.blocked = 1;
        const auto report = [&](int entity, bool isReceived) {
            r.blocked = entity == task.receiver && isReceived ? 0 : r.blocked;
        };
        Hear(row, task.sender, HasMoved(r.start), task.power, r.start, now, task.end, index, report);
        Defer(row, task.sender, task.power, now, task.end, free);
        task.due = task.end;
    }

    /// A frame ends.
    BOTH void Conclude(int row, Task& task, float end)
    {
        const auto& f = *task.fixed;
        auto& r = task.changing;
        const bool up = task.phase == UPLINK;
        const bool data = up && r.count > 0;
        const float snr = task.signal;
        const float midpoint = GetMidpoint(task);
        const float first = Draw(task);
        const float second = Draw(task);
        const float clean = GetSuccess(snr, midpoint);
        const float left = std::max((data ? r.count : 1) - r.lost, 0.0F);
        const bool possible = r.blocked == 0 && snr >= m_c.detection;
        const float good = data && possible ? std::floor(left * clean + first) : 0;
        const bool answered = data ? good >= 1 : possible && first < left * clean;
        r.left -= end <= f.expiry ? good : 0; // later ones are ignored
        r.unanswered += data && !answered ? 1.0F : 0.0F;
        float& fails = GetFails(row, task.sender);
        fails = answered ? 0 : fails + 1;
        r.asks = up && !answered ? 1.0F : 0.0F;
        const bool uploaded = up && r.left < 0.5F && end <= f.expiry;
        const bool returned = !up && answered;
        const float reply = up ? f.reply : SIFS_US + m_c.ackUs;
        const float quiet = std::max(task.quiet, end + (answered ? reply : m_c.collision));
        const float slots = GetBackoff(fails, second);
        const float following = quiet + m_aifs + slots * SLOT_US;
        const bool hopeless = snr < m_c.detection;
        if (hopeless && up)
        {
            ChargeRequests(task, end);
        }
        const bool over = uploaded || returned || (up && r.left < 0.5F) || hopeless || following >= f.expiry;
        if (answered)
        {
            Acknowledge(row, task, up ? MAX_POWER_DBM : f.power, end + SIFS_US, end + reply);
        }
        task.end = INF;
        task.due = INF;
        task.quiet = quiet;
        task.slots = slots;
        task.next = over ? INF : following;
        for (int i = m_begin[row]; i < m_begin[row + 1]; i++)
        {
            auto& other = m_tasks[i];
            if (&other != &task && other.sender == task.sender && other.next < INF && other.ready <= end)
            {
                other.slots = slots; // a radio has one backoff
                other.next = std::max(other.quiet, quiet) + m_aifs + slots * SLOT_US;
            }
        }
        if (uploaded)
        {
            r.uplinkEnd = end;
            task.phase = WAITING;
            m_waiting++;
            SetEnds(task);
        }
        else if (returned)
        {
            r.result = end;
            r.deviceAir += m_c.ackUs;
            task.phase = DONE;
        }
    }

    /// The acknowledgement of a task's frame: who hears it and waits, and which frames it disturbs.
    BOTH void Acknowledge(int row, const Task& task, float power, float begin, float end)
    {
        const auto index = static_cast<int>(&task - m_tasks);
        Occupy(row, task.receiver, begin, end);
        Hear(row, task.receiver, HasMoved(begin), power, begin, begin, end, index, [](int, bool) {});
        Defer(row, task.receiver, power, begin + m_c.sync, end, end);
        Hold(row, task.receiver, begin, end);
        if (m_run.isTold && end > m_slots)
        {
            Overlap(row, task.receiver, power, begin, end);
        }
        Disturb(row, GetLevels(task.receiver), power, begin, end, index);
    }

    /// A device whose frames its server cannot make out goes on with block-ack requests to the deadline. They are short and bring
    /// nothing, so only their air time is counted: eight for each cycle of windows.
    BOTH void ChargeRequests(Task& task, float end) const
    {
        float cycle = 8 * task.fixed->request;
        for (int stage = 0; stage <= BACKOFF_STAGES; stage++)
        {
            const float window = std::min(16.0F * static_cast<float>(1 << stage), 1024.0F);
            cycle += (window - 1) / 2 * SLOT_US + m_aifs + m_c.collision;
        }
        const float requests = std::floor(std::max(task.fixed->expiry - end, 0.0F) / cycle * 8);
        task.changing.deviceAir += requests * task.fixed->request;
    }

    /// The frame of task ``index`` begins.
    BOTH void Begin(int row, int index, float now)
    {
        auto& task = m_tasks[index];
        const auto& f = *task.fixed;
        auto& r = task.changing;
        if (now >= f.expiry)
        {
            task.next = INF;
            return;
        }
        if (r.asks == 0 && Yields(row, task, now))
        {
            return;
        }
        const bool up = task.phase == UPLINK;
        const bool data = up && r.asks == 0;
        const float count = data ? std::min(r.left, f.limit) : 0;
        const float lasts = data ? HE_PREAMBLE_US + HE_SYMBOL_US * std::ceil((count * f.bits + 22) / f.ndbps)
                            : up ? f.request
                                 : m_c.resultUs;
        const float end = now + lasts;
        const float free = end + (up ? f.reply : SIFS_US + m_c.ackUs);
        const float firsts = data ? std::max(f.total - r.left + count - r.onAir, 0.0F) : 0;
        r.onAir += firsts;
        r.retries += count - firsts;
        r.start = now;
        r.count = count;
        r.lost = 0;
        task.signal = GetSignal(task, now);
        r.deviceAir += up ? lasts : 0;
        for (int i = m_begin[row]; i < m_begin[row + 1]; i++)
        {
            if (i != index && m_tasks[i].end < INF)
            {
                auto& other = m_tasks[i];
                Lose(other, GetLevels(task.sender)[other.receiver] + task.power, now, std::min(other.end, end), other.end);
                Lose(task, GetLevels(other.sender)[task.receiver] + other.power, now, std::min(other.end, end), end);
            }
        }
        if (m_run.isTold && free > m_slots)
        {
            Overlap(row, task.sender, task.power, now, end);
            for (int server = 0; server < m_servers; server++)
            {
                const float until = m_broadcasts[row * m_servers + server].until;
                if (until > now)
                {
                    Lose(task, GetLevels(m_devices + server)[task.receiver] + MAX_POWER_DBM, now, std::min(until, end), end);
                }
            }
        }
        Occupy(row, task.sender, now, end);
        task.next = INF;
        task.end = end;
        Hold(row, task.sender, now, free);
        task.due = now + m_c.sync < m_run.horizon ? now + m_c.sync : now;
    }

    /// The fading moves before the broadcasts. \return whether it has at a transmission that begins then
    BOTH bool HasMoved(float begin) const
    {
        return m_run.isTold && begin >= m_slots;
    }

    /// SNR at the receiver of a frame that begins, dB.
    BOTH float GetSignal(const Task& task, float now) const
    {
        const auto& f = *task.fixed;
        if (HasMoved(now))
        {
            return m_told[static_cast<int>(f.server) * m_devices + static_cast<int>(f.device)] + task.power;
        }
        return task.phase == UPLINK ? f.snrUp : f.snrDown;
    }

    /// Frames wait for earlier ones of the same transmitter, and data of a device while a block-ack request of its own is unanswered.
    /// \return whether the task does
    BOTH bool Yields(int row, Task& task, float now) const
    {
        for (int i = m_begin[row]; i < m_begin[row + 1]; i++)
        {
            const auto& other = m_tasks[i];
            if (other.sender == task.sender && other.phase == task.phase && other.fixed->expiry > now &&
                (other.changing.asks == 1 || other.ready < task.ready))
            {
                const bool isGivenUp = other.next == INF && other.end == INF;
                if (isGivenUp && task.phase == DOWNLINK)
                {
                    continue;
                }
                task.next = isGivenUp         ? other.fixed->expiry + m_aifs
                            : other.next < INF ? std::max(other.next, now) + SLOT_US
                                               : other.end + m_aifs;
                return true;
            }
        }
        return false;
    }

    /// What interference of this level costs a frame that lasts until ``end``: the fragments that it overlaps arrive with the
    /// probability of their SINR.
    BOTH void Lose(Task& task, float level, float from, float until, float end) const
    {
        const float noise = m_c.hidden * std::pow(10.0F, level / 10);
        if (noise <= WEAK)
        {
            return;
        }
        auto& r = task.changing;
        const float midpoint = GetMidpoint(task);
        const float clean = GetSuccess(task.signal, midpoint);
        const float disturbed = GetSuccess(task.signal - 10 * std::log10(1 + noise), midpoint);
        const float each = (end - r.start) / std::max(r.count, 1.0F);
        const float hit = std::ceil((until - r.start) / each) - std::floor((from - r.start) / each);
        r.lost += clean > 0 ? hit * (1 - disturbed / clean) : 0;
    }

    /// SINR at which half of a frame's fragments arrive, or half of such frames, dB.
    BOTH float GetMidpoint(const Task& task) const
    {
        return task.phase == UPLINK && task.changing.count > 0 ? task.fixed->midpoint : m_c.detection - 2;
    }

    /// A transmission begins that is no task's: the frames on the air that it disturbs.
    BOTH void Disturb(int row, const float* levels, float power, float begin, float end, int except)
    {
        for (int i = m_begin[row]; i < m_begin[row + 1]; i++)
        {
            auto& other = m_tasks[i];
            if (i != except && other.end < INF && other.end > begin)
            {
                Lose(other, levels[other.receiver] + power, begin, std::min(end, other.end), other.end);
            }
        }
    }

    /// A transmission at all entities. A radio receives what it can make out if it neither received nor transmitted when it began;
    /// otherwise it senses what is loud.
    /// \param hasMoved whether it begins after the fading of the links between devices and servers has moved
    /// \param except the task whose transmission it is, or -1
    /// \param report is told of each entity that listens whether it receives
    template <typename Report>
    BOTH void Hear(int row,
                   int sender,
                   bool hasMoved,
                   float power,
                   float begin,
                   float now,
                   float end,
                   int except,
                   const Report& report)
    {
        const float* const levels = GetLevels(sender);
        const bool isServer = sender >= m_devices;
        const float* const atDevices = hasMoved && isServer ? m_told + static_cast<int64_t>(sender - m_devices) * m_devices : levels;
        const float* const atServers = hasMoved && !isServer ? m_told + sender : nullptr;
        const int64_t first = m_entity + static_cast<int64_t>(row) * m_entities;
        float* const received = m_run.received + first;
        float* const receivedUntil = m_run.receivedUntil + first;
        float* const busy = m_run.busy + first;
        float* const busyUntil = m_run.busyUntil + first;
        float* const late = m_run.late + first;
        const float* others[MOST_INTERFERING];
        float powers[MOST_INTERFERING];
        const int count = CollectOthers(row, now, except, sender, others, powers);
        const float least = m_c.detection - power;
        const float loud = m_c.energy - power;
        const bool isLate = end >= m_slots;
        for (int place = m_firstListener[row]; place < m_firstListener[row + 1]; place++)
        {
            const int i = m_listeners[place];
            const float level = i < m_devices          ? atDevices[i]
                                : atServers == nullptr ? levels[i]
                                                       : atServers[static_cast<int64_t>(i - m_devices) * m_devices];
            if (level < least || i == sender)
            {
                report(i, false);
                continue;
            }
            bool isReceived = receivedUntil[i] <= begin;
            if (isReceived && count > 0)
            {
                float noise = 1;
                for (int other = 0; other < count; other++)
                {
                    noise += std::pow(10.0F, (others[other][i] + powers[other]) / 10);
                }
                isReceived = level - 10 * std::log10(noise) >= least;
            }
            report(i, isReceived);
            if (isReceived)
            {
                received[i] += end - begin;
                receivedUntil[i] = end;
            }
            if ((isReceived || level >= loud) && busyUntil[i] < end)
            {
                const float lasts = end - std::max(begin, busyUntil[i]);
                busy[i] += lasts;
                late[i] += isLate ? lasts : 0;
                busyUntil[i] = end;
            }
        }
    }

    /// A radio begins to transmit.
    BOTH void Occupy(int row, int sender, float begin, float end)
    {
        const int64_t radio = m_entity + static_cast<int64_t>(row) * m_entities + sender;
        float& busyUntil = m_run.busyUntil[radio];
        const float lasts = end - std::max(begin, std::min(busyUntil, end));
        m_run.receivedUntil[radio] = end;
        m_run.busy[radio] += lasts;
        m_run.late[radio] += begin >= m_slots ? lasts : 0;
        busyUntil = std::max(busyUntil, end);
    }

    /// What else is on the air. \return how many
    BOTH int CollectOthers(int row, float now, int except, int sender, const float** others, float* powers) const
    {
        int count = 0;
        for (int i = m_begin[row]; i < m_begin[row + 1] && count < MOST_INTERFERING; i++)
        {
            const auto& task = m_tasks[i];
            if (task.end < INF && i != except)
            {
                others[count] = GetLevels(task.sender);
                powers[count++] = task.power;
            }
        }
        for (int i = 0; m_run.isTold && now > m_slots && i < m_servers && count < MOST_INTERFERING; i++)
        {
            if (m_broadcasts[row * m_servers + i].until > now && sender != m_devices + i)
            {
                others[count] = GetLevels(m_devices + i);
                powers[count++] = MAX_POWER_DBM;
            }
        }
        return count;
    }

    /// Stations with tasks, and servers with their broadcasts, learn at ``now`` of a transmission until ``end``: those that receive it
    /// wait until ``free``, those that sense its energy until it ends. \return whether the next transmission of any task was put off
    BOTH bool Defer(int row, int sender, float power, float now, float end, float free)
    {
        const float* const levels = GetLevels(sender);
        const float* const receivedUntil = m_run.receivedUntil + m_entity + static_cast<int64_t>(row) * m_entities;
        const auto receives = [&](int entity) { return receivedUntil[entity] == end; };
        const auto senses = [&](int entity) { return levels[entity] + power >= m_c.energy; };
        bool waits = false;
        for (int i = m_begin[row]; i < m_begin[row + 1]; i++)
        {
            auto& other = m_tasks[i];
            // A frame of its own that ends at the same time is no reception.
            const bool isReceived = other.end == INF && receives(other.sender);
            if (other.sender != sender && (isReceived || senses(other.sender)))
            {
                waits |= Wait(other, now, isReceived ? free : end, false);
            }
        }
        for (int server = 0; m_run.isTold && free > m_slots && server < m_servers; server++)
        {
            const int entity = m_devices + server;
            if (entity != sender && (receives(entity) || senses(entity)))
            {
                Wait(m_broadcasts[row * m_servers + server], now, receives(entity) ? free : end, false);
            }
        }
        return waits;
    }

    /// The same for what else the transmitter itself has to send.
    BOTH bool Hold(int row, int sender, float now, float free)
    {
        bool waits = false;
        for (int i = m_begin[row]; i < m_begin[row + 1]; i++)
        {
            if (m_tasks[i].sender == sender && m_tasks[i].end == INF)
            {
                waits |= Wait(m_tasks[i], now, free, true);
            }
        }
        if (m_run.isTold && free > m_slots && sender >= m_devices)
        {
            Wait(m_broadcasts[row * m_servers + sender - m_devices], now, free, true);
        }
        return waits;
    }

    /// A station learns at ``now`` that the channel is busy until ``later``, and goes on with its backoff then. What has begun by now
    /// goes on, if it is not its own.
    /// \return whether its next transmission was put off
    BOTH bool Wait(Task& task, float now, float later, bool isOwn) const
    {
        task.quiet = std::max(task.quiet, later);
        if (task.next == INF || (task.next <= now && !isOwn))
        {
            return false;
        }
        if (task.ready <= now)
        {
            task.slots = std::min(task.slots, std::ceil(std::max(task.next - now, 0.0F) / SLOT_US));
        }
        const float fresh = std::ceil(std::max((task.ready - task.quiet - m_aifs) / SLOT_US, 0.0F));
        task.next = task.quiet + m_aifs + (task.ready < task.quiet ? task.slots : fresh) * SLOT_US;
        return true;
    }

    BOTH void Wait(Broadcast& broadcast, float now, float later, bool isOwn) const
    {
        broadcast.quiet = std::max(broadcast.quiet, later);
        const bool isLater = broadcast.at >= broadcast.quiet && !broadcast.isWaiting; // a backoff stops meanwhile
        if (broadcast.at == INF || isLater || (broadcast.at <= now && !isOwn))
        {
            return;
        }
        if (broadcast.isWaiting)
        {
            broadcast.slots = std::min(broadcast.slots, std::ceil(std::max(broadcast.at - now, 0.0F) / SLOT_US));
        }
        broadcast.isWaiting = true;
        broadcast.at = broadcast.quiet + m_aifs + broadcast.slots * SLOT_US;
    }

    /// SNR of a transmission at 0 dBm at every entity, dB.
    BOTH const float* GetLevels(int sender) const
    {
        return m_gain + static_cast<int64_t>(sender) * m_entities;
    }

    /// What a transmission adds to the noise at an entity, over noise.
    BOTH float GetInterference(int sender, float power, int entity) const
    {
        return std::pow(10.0F, (GetLevels(sender)[entity] + power) / 10);
    }

    /// Who listens on each channel: the devices that are tuned to it, and all servers.
    BOTH void Tune()
    {
        int at = 0;
        for (int row = 0; row < m_channels; row++)
        {
            m_firstListener[row] = at;
            for (int i = 0; i < m_devices; i++)
            {
                if (m_tuned[i] == row)
                {
                    m_listeners[at++] = i;
                }
            }
            m_firstServer[row] = at;
            for (int i = m_devices; i < m_entities; i++)
            {
                m_listeners[at++] = i;
            }
        }
        m_firstListener[m_channels] = at;
    }

    /// When a server's broadcast is due, us.
    BOTH float GetSlot(int server) const
    {
        return m_slots + static_cast<float>(server) * (STATUS_LEAD_US / static_cast<float>(m_servers));
    }

    /// \return the i-th of independent numbers in [0, 1) that follow from one (Wellons, hash-prospector: lowbias32)
    BOTH static float Scatter(float uniform, int i)
    {
        auto x = static_cast<uint32_t>(uniform * 0x1p24F) + 0x9e3779b9U * static_cast<uint32_t>(i + 1);
        x = (x ^ (x >> 16)) * 0x7feb352dU;
        x = (x ^ (x >> 15)) * 0x846ca68bU;
        x ^= x >> 16;
        return static_cast<float>(x >> 8) * 0x1p-24F;
    }

    /// Broadcasts are due in the slots of their servers.
    BOTH void Plan(float uniform)
    {
        for (int i = 0; m_run.isTold && i < m_channels * m_servers; i++)
        {
            const float fails = GetFails(i / m_servers, m_devices + i % m_servers);
            m_broadcasts[i] = {GetSlot(i % m_servers), GetBackoff(fails, Scatter(uniform, i)), 0, 0, INF, false};
        }
    }

    /// Broadcasts of a channel that are due before ``until``, which is not later than the channel's next event. \return whether
    /// a task's next transmission was put off
    BOTH bool Tell(int row, float until)
    {
        auto* const all = m_broadcasts + row * m_servers;
        while (m_run.isTold && until > m_slots)
        {
            int server = 0;
            float earliest = INF;
            for (int i = 0; i < m_servers; i++)
            {
                const float event = std::min(all[i].at, all[i].noticed);
                server = event < earliest ? i : server;
                earliest = std::min(earliest, event);
            }
            if (earliest >= until)
            {
                return false;
            }
            if (all[server].noticed == earliest ? NoticeBroadcast(row, server) : Send(row, server))
            {
                return true;
            }
        }
        return false;
    }

    /// A broadcast begins. \return whether the next transmission of any task was put off
    BOTH bool Send(int row, int server)
    {
        auto& own = m_broadcasts[row * m_servers + server];
        const float now = own.at;
        const int sender = m_devices + server;
        const float slot = GetSlot(server);
        for (int i = m_begin[row]; i < m_begin[row + 1]; i++)
        {
            const auto& task = m_tasks[i];
            if (task.phase == DOWNLINK && task.sender == sender && task.ready <= slot && task.next < INF)
            {
                own.at = std::max(task.next, now) + SLOT_US; // a result that was queued before goes first
                return false;
            }
        }
        const float end = now + m_c.statusUs;
        GetFails(row, sender) = 0; // nobody acknowledges
        for (int place = m_firstListener[row]; place < m_firstServer[row]; place++)
        {
            const int i = m_listeners[place];
            for (int other = m_begin[row]; other < m_begin[row + 1]; other++)
            {
                const auto& task = m_tasks[other];
                if (task.end < INF && task.end >= end)
                {
                    m_disturbance[i * m_servers + server] += GetInterference(task.sender, task.power, i);
                }
            }
            for (int other = 0; other < m_servers; other++)
            {
                if (m_broadcasts[row * m_servers + other].until >= end) // it began together with this one
                {
                    m_disturbance[i * m_servers + server] += GetInterference(m_devices + other, MAX_POWER_DBM, i);
                }
            }
        }
        Overlap(row, sender, MAX_POWER_DBM, now, end);
        Disturb(row, GetLevels(sender), MAX_POWER_DBM, now, end, -1);
        Occupy(row, sender, now, end);
        own.at = INF;
        own.until = end;
        own.noticed = now + m_c.sync;
        return Hold(row, sender, now, end);
    }

    /// The preamble of a broadcast is over. \return see ``Defer``
    BOTH bool NoticeBroadcast(int row, int server)
    {
        auto& own = m_broadcasts[row * m_servers + server];
        const int sender = m_devices + server;
        const float now = own.noticed;
        const auto report = [&](int entity, bool isReceived) {
            if (entity < m_devices && !isReceived)
            {
                m_disturbance[entity * m_servers + server] = INF;
            }
        };
        own.noticed = INF;
        Hear(row, sender, true, MAX_POWER_DBM, own.until - m_c.statusUs, now, own.until, -1, report);
        return Defer(row, sender, MAX_POWER_DBM, now, own.until, own.until);
    }

    /// A transmission begins: what it does to the broadcasts that are on the air.
    BOTH void Overlap(int row, int sender, float power, float now, float end)
    {
        for (int server = 0; server < m_servers; server++)
        {
            const float until = m_broadcasts[row * m_servers + server].until;
            if (until <= now || sender == m_devices + server)
            {
                continue;
            }
            const float* const signal = m_told + static_cast<int64_t>(server) * m_devices;
            for (int place = m_firstListener[row]; place < m_firstServer[row]; place++)
            {
                const int i = m_listeners[place];
                const float level = GetInterference(sender, power, i);
                const float noise = 1 + m_c.hidden * level;
                const bool isDrowned = signal[i] + MAX_POWER_DBM - 10 * std::log10(noise) < m_c.detection;
                float& disturbance = m_disturbance[i * m_servers + server];
                if (i == sender || isDrowned)
                {
                    disturbance = INF;
                }
                disturbance += end >= until ? level : 0;
            }
        }
    }

    /// Servers begin what they can know to be next. \return whether anything changed
    BOTH bool Serve(float known)
    {
        for (int server = 0; server < m_servers; server++)
        {
            m_arrivals[server] = INF;
        }
        for (int i = 0; i < m_begin[m_channels]; i++)
        {
            const auto& task = m_tasks[i];
            if (task.phase == WAITING)
            {
                float& earliest = m_arrivals[static_cast<int>(task.fixed->server)];
                earliest = std::min(earliest, task.changing.uplinkEnd);
            }
        }
        bool changed = false;
        for (int server = 0; server < m_servers; server++)
        {
            const float arrival = m_arrivals[server];
            if (arrival < INF)
            {
                const float start = std::max(m_free[server], arrival);
                changed |= start <= known && Choose(server, start);
            }
        }
        return changed;
    }

    BOTH bool Choose(int server, float start)
    {
        Task* best = nullptr;
        float bestOrder = INF;
        bool changed = false;
        for (int i = 0; i < m_begin[m_channels]; i++)
        {
            auto& task = m_tasks[i];
            const auto& f = *task.fixed;
            if (task.phase != WAITING || static_cast<int>(f.server) != server)
            {
                continue;
            }
            if (f.expiry <= start)
            {
                task.phase = DROPPED;
                m_waiting--;
                changed = true;
                continue;
            }
            float order = f.expiry;
            if (m_c.isPriority)
            {
                const float left = std::min(std::max((f.expiry - start) / f.deadline, 0.0F), 1.0F);
                order = -(m_c.alpha * (1 - left) + f.rank);
            }
            if (task.changing.uplinkEnd <= start && order < bestOrder)
            {
                best = &task;
                bestOrder = order;
            }
        }
        if (best == nullptr)
        {
            return changed;
        }
        Compute(*best, server, start);
        return true;
    }

    BOTH void Compute(Task& task, int server, float start)
    {
        const auto& f = *task.fixed;
        auto& r = task.changing;
        const float end = std::min(start + f.cycles / m_rate[server], f.expiry);
        const bool inTime = end < f.expiry;
        m_free[server] = end;
        m_waiting--;
        r.computeStart = start;
        r.computeEnd = inTime ? end : INF;
        r.asks = 0;
        task.phase = inTime ? DOWNLINK : DROPPED;
        const auto row = static_cast<int>(m_run.channel[task.number]);
        const float slots = GetBackoff(GetFails(row, m_devices + server), Draw(task));
        const float ready = end + m_c.downlink;
        const float quiet = task.quiet;
        const float fresh = std::ceil(std::max((ready - quiet - m_aifs) / SLOT_US, 0.0F));
        task.ready = ready;
        task.slots = slots;
        task.next = inTime ? quiet + m_aifs + (ready < quiet ? slots : fresh) * SLOT_US : INF;
    }

    const Run& m_run;
    const Constants& m_c;
    const float* m_gain;
    int m_entities;
    const float* m_told; ///< [servers, devices]
    const float* m_rate;
    float* m_free;
    int m_servers;
    int m_devices;
    int m_channels;
    Task* m_tasks;
    float* m_arrivals; ///< [server] the earliest upload that waits
    Broadcast* m_broadcasts;  ///< [channels, servers]
    int32_t* m_listeners;     ///< entities, in order of channel, devices before servers
    int m_firstListener[MAX_CHANNELS + 1];
    int m_firstServer[MAX_CHANNELS];
    int64_t m_entity;         ///< where those of the environment begin among all, on the first channel
    const int64_t* m_tuned;   ///< [devices]
    float* m_disturbance;     ///< [devices, servers]
    float m_aifs;
    float m_slots;                   ///< when the broadcasts begin
    int m_begin[MAX_CHANNELS + 1]{}; ///< where the tasks of each channel begin
    Event m_events[MAX_CHANNELS];
    int m_waiting{0};
};

} // namespace contention
