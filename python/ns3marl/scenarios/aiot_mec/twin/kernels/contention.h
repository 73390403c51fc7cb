// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// Channel access of all tasks of an environment: CSMA/CA frame by frame, on a processor or in a thread of a GPU.
//
// A row is one channel, a column one task on it. A column's transmitter is the task's device while the task is uploaded, and its
// server once the result goes back. Again and again each row takes its next event: the end of a frame (what arrived,
// acknowledgement, next backoff) or the beginning of one (which stations hear it and wait; which frames it disturbs). The rows share the
// servers, so none runs ahead of the slowest by more than LOOKAHEAD_US, and a server decides when all uploads that could have
// come before are known.
//
// Modelled: AIFS, slots, binary exponential backoff, A-MPDUs with block acknowledgement, block-ack requests after a missed one
// (IEEE 802.11-2020, 10.3 and 10.25; IEEE 802.11ax-2021), stations that do not hear each other, receivers that are busy with another
// frame or transmit, loss of those fragments that interference overlaps. Times are microseconds from the beginning of the tick,
// levels decibels over noise, powers dBm. The tests have the same events as tensor operations (tests/channel_oracle.py).

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
    float fails;      ///< consecutive missed acknowledgements
    float asks;       ///< 1: a block-ack request goes first
    float start;      ///< of the frame on the air, us
    float count;      ///< its fragments; 0: a request or a result
    float from;       ///< first moment of interference, us
    float until;      ///< its last moment, us
    float noise;      ///< its power over noise
    float blocked;    ///< 1: the receiver was busy when the frame began
    float onAir;      ///< fragments that were transmitted at least once
    float retries;    ///< transmissions of fragments beyond those
    float unanswered; ///< transmissions without acknowledgement
    float deviceAir;  ///< time that the device transmitted, us
    float serverAir;  ///< time that the server transmitted, us
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
    float power;               ///< dBm
    int32_t sender, receiver;  ///< entities: device i or N + server
    Changing changing;
    uint32_t random;
    int32_t phase;
    int64_t number; ///< among the tasks that are handed over
    const Fixed* fixed;
};

/// Free constants, and what else the channels have to know; kernel.py has the same fields in the same order.
struct Constants
{
    float access, collision, sync, downlink, detection, energy, steepness, hidden, resultUs, ackUs, alpha;
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
    const float* rate; ///< [B, K] cycles/us
    float* free;       ///< [B, K] us
    float* held; ///< out, from 0: when a broadcast may begin whose slot begins on a busy channel, [B, C, K]; 0: at once
    float* heard;           ///< out, from 0: air time of others' frames that each entity can make out, [B, C, E]
    float *air, *serverAir; ///< out: air time of each task's device and server, [n]
    Task* tasks;            ///< room for n, on a GPU
    float* arrivals;        ///< room for [B, K], on a GPU
    float horizon;
    Constants constants;
    void* stream; ///< of a GPU
};

class Environment
{
  public:
    /// \param tasks room for the environment's tasks
    /// \param arrivals room for one number of each server
    BOTH Environment(const Run& run, int64_t environment, Task* tasks, float* arrivals)
        : m_run(run),
          m_c(run.constants),
          m_gain(run.gain + environment * run.entities * run.entities),
          m_entities(static_cast<int>(run.entities)),
          m_rate(run.rate + environment * run.servers),
          m_free(run.free + environment * run.servers),
          m_held(run.held + environment * run.channels * run.servers),
          m_servers(static_cast<int>(run.servers)),
          m_channels(static_cast<int>(run.channels)),
          m_tasks(tasks),
          m_arrivals(arrivals),
          m_aifs(AIFS_US + run.constants.access),
          m_slots(run.horizon - STATUS_LEAD_US)
    {
        Load(run.first[environment], run.first[environment + 1]);
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
                    // An event that the servers made in this pass is seen in the next one.
                    event.stale = true;
                    event.ends ? Conclude(m_tasks[event.task], event.time) : Begin(row, event.task, event.time);
                }
                event.stale |= started;
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
        bool ends{false};
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
            task.changing = m_run.changing[place];
            task.random = static_cast<uint32_t>(m_run.random[place]);
            task.phase = m_run.phase[place];
            task.number = number;
            task.fixed = m_run.fixed + number;
            SetEnds(task);
            m_waiting += task.phase == WAITING ? 1 : 0;
        }
    }

    BOTH void Store() const
    {
        for (int i = 0; i < m_begin[m_channels]; i++)
        {
            const auto& task = m_tasks[i];
            const int64_t place = m_run.source[task.number];
            auto& changing = m_run.changing[place];
            m_run.air[task.number] = task.changing.deviceAir - changing.deviceAir;
            m_run.serverAir[task.number] = task.changing.serverAir - changing.serverAir;
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
            const float end = m_tasks[i].end;
            const float next = m_tasks[i].next;
            if (end < found.time || (end == found.time && !found.ends && found.time < INF))
            {
                found = {end, i, true, false};
            }
            if (next < found.time)
            {
                found = {next, i, false, false};
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

    /// Probability that a fragment arrives: logistic over SINR.
    BOTH float GetSuccess(float sinrDb, float midpointDb) const
    {
        return 1 / (1 + std::exp(-(sinrDb - midpointDb) * m_c.steepness));
    }

    /// A frame ends.
    BOTH void Conclude(Task& task, float end)
    {
        const auto& f = *task.fixed;
        auto& r = task.changing;
        const bool up = task.phase == UPLINK;
        const bool data = up && r.count > 0;
        const float snr = up ? f.snrUp : f.snrDown;
        const float midpoint = data ? f.midpoint : m_c.detection - 2;
        const float first = Draw(task);
        const float second = Draw(task);
        const bool overlapped = r.until > r.from;
        const float clean = GetSuccess(snr, midpoint);
        const float disturbed = r.noise > 0 ? GetSuccess(snr - 10 * std::log10(1 + r.noise), midpoint) : clean;
        const bool possible = r.blocked == 0 && snr >= m_c.detection;
        float good = 0;
        bool answered = false;
        if (data)
        {
            const float each = (end - r.start) / r.count;
            const float hit = overlapped ? std::ceil((std::min(r.until, end) - r.start) / each) -
                                               std::floor((r.from - r.start) / each)
                                         : 0;
            good = possible ? std::floor(hit * disturbed + (r.count - hit) * clean + first) : 0;
            answered = good >= 1;
        }
        else
        {
            answered = possible && first < (overlapped ? disturbed : clean);
        }
        r.left -= end <= f.expiry ? good : 0; // later ones are ignored
        r.unanswered += data && !answered ? 1.0F : 0.0F;
        r.fails = answered ? 0 : r.fails + 1;
        r.asks = up && !answered ? 1.0F : 0.0F;
        const bool uploaded = up && r.left < 0.5F && end <= f.expiry;
        const bool returned = !up && answered;
        const float reply = up ? f.reply : SIFS_US + m_c.ackUs;
        const float quiet = std::max(task.quiet, end + (answered ? reply : m_c.collision));
        const float slots = GetBackoff(r.fails, second);
        const float following = quiet + m_aifs + slots * SLOT_US;
        const bool hopeless = snr < m_c.detection;
        if (hopeless && up)
        {
            ChargeRequests(task, end);
        }
        const bool over = uploaded || returned || (up && r.left < 0.5F) || hopeless || following >= f.expiry;
        task.end = INF;
        task.quiet = quiet;
        task.slots = slots;
        task.next = over ? INF : following;
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
        float* const held = m_held + row * m_servers;
        const auto& f = *task.fixed;
        auto& r = task.changing;
        if (now >= f.expiry)
        {
            task.next = INF;
            return;
        }
        if (task.phase == UPLINK && r.asks == 0 && Yields(row, task, now))
        {
            return;
        }
        const auto detection = m_c.detection;
        const auto sync = m_c.sync;
        const bool up = task.phase == UPLINK;
        const bool data = up && r.asks == 0;
        const float count = data ? std::min(r.left, f.limit) : 0;
        const float lasts = data ? HE_PREAMBLE_US + HE_SYMBOL_US * std::ceil((count * f.bits + 22) / f.ndbps)
                            : up ? f.request
                                 : m_c.resultUs;
        const float end = now + lasts;
        const float free = end + (up ? f.reply : SIFS_US + m_c.ackUs);
        for (int server = 0; free > m_slots && server < m_servers; server++)
        {
            const float slot = m_slots + static_cast<float>(server) * (STATUS_LEAD_US / static_cast<float>(m_servers));
            // A broadcast that waits loses to this frame if its backoff is the longer one, and collides if it is the same.
            const auto backoff = static_cast<float>(((task.random >> 12) + 7U * static_cast<uint32_t>(server)) & 15U);
            const float begins = held[server] + m_aifs + backoff * SLOT_US;
            const bool waits = held[server] > 0 && now >= held[server];
            if (waits && std::abs(begins - now) <= m_c.sync)
            {
                held[server] = m_slots + 2 * STATUS_LEAD_US; // never
            }
            else if ((slot >= now && slot < free) || (waits && now < begins))
            {
                held[server] = std::max(held[server], free);
            }
        }
        const float firsts = data ? std::max(f.total - r.left + count - r.onAir, 0.0F) : 0;
        r.onAir += firsts;
        r.retries += count - firsts;
        r.start = now;
        r.count = count;
        r.from = INF;
        r.until = -INF;
        r.noise = 0;
        r.blocked = 0;
        r.deviceAir += up ? lasts : 0;
        r.serverAir += up ? f.reply - SIFS_US : lasts;
        const float* levels = m_gain + static_cast<int64_t>(task.sender) * m_entities;
        for (int i = m_begin[row]; i < m_begin[row + 1]; i++)
        {
            auto& other = m_tasks[i];
            if (i == index)
            {
                continue;
            }
            const bool ongoing = other.end < INF;
            if (ongoing)
            {
                Interfere(task, other, now, end);
            }
            const float level = levels[other.sender] + task.power;
            const bool hears = level >= m_c.energy || (level >= detection && !ongoing && other.quiet <= now);
            if (!hears)
            {
                continue;
            }
            const float later = std::max(other.quiet, free);
            const bool tooLate = other.next <= now + sync && other.sender != task.sender;
            if (other.next < INF && !tooLate)
            {
                if (other.ready <= now)
                {
                    other.slots = std::min(other.slots, std::ceil((other.next - now) / SLOT_US));
                }
                const float slots = other.ready < later
                                        ? other.slots
                                        : std::ceil(std::max((other.ready - later - m_aifs) / SLOT_US, 0.0F));
                other.next = later + m_aifs + slots * SLOT_US;
            }
            other.quiet = later;
        }
        task.next = INF;
        task.end = end;
    }

    /// Data of a device waits for its earlier tasks, and while a block-ack request of its own is unanswered. \return whether
    /// it does
    BOTH bool Yields(int row, Task& task, float now) const
    {
        for (int i = m_begin[row]; i < m_begin[row + 1]; i++)
        {
            const auto& other = m_tasks[i];
            if (other.sender == task.sender && other.phase == UPLINK && other.fixed->expiry > now &&
                (other.changing.asks == 1 || other.ready < task.ready))
            {
                task.next = other.next < INF  ? std::max(other.next, now) + SLOT_US
                            : other.end < INF ? other.end + m_aifs
                                              : other.fixed->expiry + m_aifs;
                return true;
            }
        }
        return false;
    }

    /// A frame that begins and one that is on the air disturb each other.
    BOTH void Interfere(Task& fresh, Task& old, float now, float end) const
    {
        auto& a = fresh.changing;
        auto& b = old.changing;
        const bool together = now - b.start <= m_c.sync;
        const float until = std::min(old.end, end);
        const auto detection = m_c.detection;

        const float atOld = m_gain[fresh.sender * m_entities + old.receiver] + fresh.power;
        const float linearOld = m_c.hidden * std::pow(10.0F, atOld / 10);
        if (linearOld > WEAK)
        {
            b.noise += linearOld;
            b.from = std::min(b.from, now);
            b.until = std::max(b.until, until);
        }
        if (together && atOld > (old.phase == UPLINK ? old.fixed->snrUp : old.fixed->snrDown))
        {
            b.blocked = 1;
        }

        const float atFresh = m_gain[fresh.receiver * m_entities + old.sender] + old.power;
        const float linearFresh = m_c.hidden * std::pow(10.0F, atFresh / 10);
        if (linearFresh > WEAK)
        {
            a.noise += linearFresh;
            a.from = now;
            a.until = std::max(a.until, until);
        }
        const float own = fresh.phase == UPLINK ? fresh.fixed->snrUp : fresh.fixed->snrDown;
        if (atFresh >= detection && (!together || atFresh > own))
        {
            a.blocked = 1;
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
        r.fails = 0;
        r.asks = 0;
        task.phase = inTime ? DOWNLINK : DROPPED;
        const float slots = GetBackoff(0, Draw(task));
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
    const float* m_rate;
    float* m_free;
    float* m_held; ///< [channels, servers]
    int m_servers;
    int m_channels;
    Task* m_tasks;
    float* m_arrivals; ///< [server] the earliest upload that waits
    float m_aifs;
    float m_slots;                   ///< when the broadcasts begin
    int m_begin[MAX_CHANNELS + 1]{}; ///< where the tasks of each channel begin
    Event m_events[MAX_CHANNELS];
    int m_waiting{0};
};

/// Adds the air time of an environment's frames to what the entities from ``from`` to before ``to`` can make out of others.
BOTH inline void
AddHeard(const Run& run, int64_t environment, int from, int to)
{
    const auto entities = static_cast<int>(run.entities);
    const auto servers = static_cast<int>(run.servers);
    const float* const gain = run.gain + environment * entities * entities;
    const float detection = run.constants.detection;
    for (int64_t number = run.first[environment]; number < run.first[environment + 1]; number++)
    {
        const auto& fixed = run.fixed[number];
        const int device = static_cast<int>(fixed.device);
        const int server = entities - servers + static_cast<int>(fixed.server);
        const float mine = run.air[number];
        const float its = run.serverAir[number];
        const float* const up = gain + static_cast<int64_t>(device) * entities;
        const float* const down = gain + static_cast<int64_t>(server) * entities;
        const float least = detection - fixed.power;
        float* const out = run.heard + (environment * run.channels + run.channel[number]) * entities;
        for (int i = from; i < to; i++)
        {
            out[i] += (up[i] >= least ? mine : 0) + (down[i] >= detection - MAX_POWER_DBM ? its : 0);
        }
        if (from <= device && device < to)
        {
            out[device] -= up[device] >= least ? mine : 0;
        }
    }
}

} // namespace contention
