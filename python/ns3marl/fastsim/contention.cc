// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// contention.py, one environment after the other, for processors: the same events in the same order. A test holds the two
// against each other; equations and references are explained there.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace
{

constexpr float INF = std::numeric_limits<float>::infinity();
constexpr float LOOKAHEAD_US = 3000;
constexpr float STATUS_LEAD_US = 5000;
constexpr int BACKOFF_STAGES = 7;
constexpr float SLOT_US = 9;
constexpr float SIFS_US = 16;
constexpr float AIFS_US = 43;
constexpr float HE_PREAMBLE_US = 44;
constexpr float HE_SYMBOL_US = 13.6F;
constexpr float MAX_POWER_DBM = 30;
constexpr float WEAK = 0.05F; // interference over noise that is not looked at

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

/// A row of contention.py's record that stays as it is.
struct Fixed
{
    float device, server, power, expiry, deadline, rank, cycles, total, bits, ndbps, limit, midpoint, reply, request, snrUp,
        snrDown;
};

/// A row of the record that changes.
struct Changing
{
    float left, fails, asks, start, count, from, until, noise, blocked, onAir, retries, unanswered, deviceAir, serverAir,
        uplinkEnd, computeStart, computeEnd, result;
};

/// Free constants, in the order in which Python hands them over.
struct Constants
{
    double access, collision, sync, downlink, detection, energy, steepness, hidden, resultUs, ackUs, alpha;
    int64_t isPriority;
};

struct Task
{
    const Fixed* fixed;
    Changing changing;
    int8_t phase;
    float next, quiet, ready, slots, end;
    int64_t random;
    int64_t index; ///< among the tasks that are handed over
    float deviceAirBefore, serverAirBefore;
    int sender, receiver;
    float power;
};

class Environment
{
  public:
    Environment(const Constants& constants, const float* gain, int entities, int channels, const float* rate, float* free, int servers)
        : m_c(constants),
          m_gain(gain),
          m_entities(entities),
          m_rate(rate),
          m_free(free),
          m_servers(servers),
          m_rows(channels),
          m_events(channels),
          m_firsts(servers),
          m_aifs(AIFS_US + static_cast<float>(constants.access))
    {
    }

    void Add(int channel, const Task& task)
    {
        m_rows[channel].push_back(task);
        SetEnds(m_rows[channel].back());
    }

    /// \param held [channels, servers], see the struct Run
    int Run(float horizon, float* held)
    {
        m_held = held;
        m_slots = horizon - STATUS_LEAD_US;
        int passes = 0;
        while (true)
        {
            float earliest = INF;
            for (std::size_t row = 0; row < m_rows.size(); row++)
            {
                auto& event = m_events[row];
                if (event.stale)
                {
                    Look(m_rows[row], event);
                }
                earliest = std::min(earliest, event.time);
            }
            const bool started = m_waiting > 0 && Serve(std::min(earliest, horizon));
            bool acted = false;
            for (std::size_t row = 0; row < m_rows.size(); row++)
            {
                auto& event = m_events[row];
                if (event.time < horizon && event.time <= earliest + LOOKAHEAD_US)
                {
                    acted = true;
                    // An event that the servers made in this pass is seen in the next one.
                    event.stale = true;
                    event.ends ? Conclude(m_rows[row][event.task], event.time)
                               : Begin(m_rows[row], event.task, event.time, m_held + row * m_servers);
                }
                event.stale |= started;
            }
            if (!acted && !started)
            {
                return passes;
            }
            passes++;
        }
    }

    const std::vector<std::vector<Task>>& GetRows() const
    {
        return m_rows;
    }

    /// Adds the air time of this tick's frames to what every entity can make out of others, [channels, entities].
    void AddHeard(float* heard) const
    {
        const auto detection = static_cast<float>(m_c.detection);
        for (std::size_t row = 0; row < m_rows.size(); row++)
        {
            float* const out = heard + row * m_entities;
            for (const auto& task : m_rows[row])
            {
                const int device = static_cast<int>(task.fixed->device);
                const int server = m_entities - m_servers + static_cast<int>(task.fixed->server);
                const float mine = task.changing.deviceAir - task.deviceAirBefore;
                const float its = task.changing.serverAir - task.serverAirBefore;
                const float* const up = m_gain + static_cast<std::size_t>(device) * m_entities;
                const float* const down = m_gain + static_cast<std::size_t>(server) * m_entities;
                const float least = detection - task.fixed->power;
                for (int i = 0; i < m_entities; i++)
                {
                    out[i] += (up[i] >= least ? mine : 0) + (down[i] >= detection - MAX_POWER_DBM ? its : 0);
                }
                out[device] -= up[device] >= least ? mine : 0;
            }
        }
    }

    void CountWaiting()
    {
        m_waiting = 0;
        for (const auto& row : m_rows)
        {
            m_waiting += static_cast<int>(
                std::count_if(row.begin(), row.end(), [](const Task& task) { return task.phase == WAITING; }));
        }
    }

  private:
    struct Event
    {
        float time{INF};
        int task{0};
        bool ends{false};
        bool stale{true};
    };

    using Row = std::vector<Task>;

    void SetEnds(Task& task) const
    {
        const int device = static_cast<int>(task.fixed->device);
        const int server = m_entities - m_servers + static_cast<int>(task.fixed->server);
        const bool up = task.phase == UPLINK;
        task.sender = up ? device : server;
        task.receiver = up ? server : device;
        task.power = up ? task.fixed->power : MAX_POWER_DBM;
    }

    static void Look(const Row& row, Event& event)
    {
        event = {INF, 0, false, false};
        for (std::size_t i = 0; i < row.size(); i++)
        {
            if (row[i].end < event.time || (row[i].end == event.time && !event.ends && event.time < INF))
            {
                event = {row[i].end, static_cast<int>(i), true, false};
            }
            if (row[i].next < event.time)
            {
                event = {row[i].next, static_cast<int>(i), false, false};
            }
        }
    }

    static float Draw(Task& task)
    {
        task.random = (task.random * 1664525 + 1013904223) & 0xFFFFFFFF;
        return static_cast<float>(task.random >> 8) * 0x1p-24F;
    }

    static float GetBackoff(float fails, float uniform)
    {
        const int stage = static_cast<int>(fails) % (BACKOFF_STAGES + 1);
        return std::floor(uniform * std::min(16.0F * static_cast<float>(1 << stage), 1024.0F));
    }

    float GetSuccess(float sinrDb, float midpointDb) const
    {
        return 1 / (1 + std::exp(-(sinrDb - midpointDb) * static_cast<float>(m_c.steepness)));
    }

    void Conclude(Task& task, float end)
    {
        const auto& f = *task.fixed;
        auto& r = task.changing;
        const bool up = task.phase == UPLINK;
        const bool data = up && r.count > 0;
        const float snr = up ? f.snrUp : f.snrDown;
        const float midpoint = data ? f.midpoint : static_cast<float>(m_c.detection) - 2;
        const float first = Draw(task);
        const float second = Draw(task);
        const bool overlapped = r.until > r.from;
        const float clean = GetSuccess(snr, midpoint);
        const float disturbed = r.noise > 0 ? GetSuccess(snr - 10 * std::log10(1 + r.noise), midpoint) : clean;
        const bool possible = r.blocked == 0 && snr >= static_cast<float>(m_c.detection);
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
        const float reply = up ? f.reply : SIFS_US + static_cast<float>(m_c.ackUs);
        const float quiet = std::max(task.quiet, end + (answered ? reply : static_cast<float>(m_c.collision)));
        const float slots = GetBackoff(r.fails, second);
        const float following = quiet + m_aifs + slots * SLOT_US;
        const bool hopeless = snr < static_cast<float>(m_c.detection);
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
            r.deviceAir += static_cast<float>(m_c.ackUs);
            task.phase = DONE;
        }
    }

    void ChargeRequests(Task& task, float end) const
    {
        float cycle = 8 * task.fixed->request;
        for (int stage = 0; stage <= BACKOFF_STAGES; stage++)
        {
            const float window = std::min(16.0F * static_cast<float>(1 << stage), 1024.0F);
            cycle += (window - 1) / 2 * SLOT_US + m_aifs + static_cast<float>(m_c.collision);
        }
        const float requests = std::floor(std::max(task.fixed->expiry - end, 0.0F) / cycle * 8);
        task.changing.deviceAir += requests * task.fixed->request;
    }

    void Begin(Row& row, int index, float now, float* held)
    {
        auto& task = row[index];
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
        const auto detection = static_cast<float>(m_c.detection);
        const auto sync = static_cast<float>(m_c.sync);
        const bool up = task.phase == UPLINK;
        const bool data = up && r.asks == 0;
        const float count = data ? std::min(r.left, f.limit) : 0;
        const float lasts = data ? HE_PREAMBLE_US + HE_SYMBOL_US * std::ceil((count * f.bits + 22) / f.ndbps)
                            : up ? f.request
                                 : static_cast<float>(m_c.resultUs);
        const float end = now + lasts;
        const float free = end + (up ? f.reply : SIFS_US + static_cast<float>(m_c.ackUs));
        for (int server = 0; free > m_slots && server < m_servers; server++)
        {
            const float slot = m_slots + static_cast<float>(server) * (STATUS_LEAD_US / static_cast<float>(m_servers));
            // A broadcast that waits loses to this frame if its backoff is the longer one, and collides if it is the same.
            const auto backoff = static_cast<float>(((task.random >> 12) + 7 * server) & 15);
            const float begins = held[server] + m_aifs + backoff * SLOT_US;
            const bool waits = held[server] > 0 && now >= held[server];
            if (waits && std::abs(begins - now) <= static_cast<float>(m_c.sync))
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
        const float* levels = m_gain + static_cast<std::size_t>(task.sender) * m_entities;
        for (int i = 0; i < static_cast<int>(row.size()); i++)
        {
            auto& other = row[i];
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
            const bool hears = level >= static_cast<float>(m_c.energy) ||
                               (level >= detection && !ongoing && other.quiet <= now);
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
    bool Yields(const Row& row, Task& task, float now) const
    {
        for (const auto& other : row)
        {
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
    void Interfere(Task& fresh, Task& old, float now, float end) const
    {
        auto& a = fresh.changing;
        auto& b = old.changing;
        const bool together = now - b.start <= static_cast<float>(m_c.sync);
        const float until = std::min(old.end, end);
        const auto detection = static_cast<float>(m_c.detection);

        const float atOld = m_gain[fresh.sender * m_entities + old.receiver] + fresh.power;
        const float linearOld = static_cast<float>(m_c.hidden) * std::pow(10.0F, atOld / 10);
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
        const float linearFresh = static_cast<float>(m_c.hidden) * std::pow(10.0F, atFresh / 10);
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
    bool Serve(float known)
    {
        std::fill(m_firsts.begin(), m_firsts.end(), INF);
        for (const auto& row : m_rows)
        {
            for (const auto& task : row)
            {
                if (task.phase == WAITING)
                {
                    float& first = m_firsts[static_cast<int>(task.fixed->server)];
                    first = std::min(first, task.changing.uplinkEnd);
                }
            }
        }
        bool changed = false;
        for (int server = 0; server < m_servers; server++)
        {
            const float start = std::max(m_free[server], m_firsts[server]);
            if (start <= known && start < INF)
            {
                changed |= Choose(server, start);
            }
        }
        return changed;
    }

    bool Choose(int server, float start)
    {
        Task* best = nullptr;
        float bestOrder = INF;
        bool changed = false;
        for (auto& row : m_rows)
        {
            for (auto& task : row)
            {
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
                    const float left = std::clamp((f.expiry - start) / f.deadline, 0.0F, 1.0F);
                    order = -(static_cast<float>(m_c.alpha) * (1 - left) + f.rank);
                }
                if (task.changing.uplinkEnd <= start && order < bestOrder)
                {
                    best = &task;
                    bestOrder = order;
                }
            }
        }
        if (best == nullptr)
        {
            return changed;
        }
        Compute(*best, server, start);
        return true;
    }

    void Compute(Task& task, int server, float start)
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
        const float ready = end + static_cast<float>(m_c.downlink);
        const float quiet = task.quiet;
        const float fresh = std::ceil(std::max((ready - quiet - m_aifs) / SLOT_US, 0.0F));
        task.ready = ready;
        task.slots = slots;
        task.next = inTime ? quiet + m_aifs + (ready < quiet ? slots : fresh) * SLOT_US : INF;
    }

    const Constants& m_c;
    const float* m_gain;
    int m_entities;
    const float* m_rate;
    float* m_free;
    int m_servers;
    std::vector<Row> m_rows;
    std::vector<Event> m_events;
    std::vector<float> m_firsts; ///< [server] earliest arrival that waits
    float m_aifs;
    int m_waiting{0};
    float* m_held{nullptr};
    float m_slots{0}; ///< when the broadcasts begin
};

} // namespace

extern "C"
{

    /// What the channels of B environments need for a tick; kernel.py has the same fields in the same order. Tasks ``source``
    /// [n] of all, in order of environment, are changed in place; ``fixed`` belongs to these n alone.
    struct Run
    {
        int64_t tasks, environments, entities, channels, servers;
        const int64_t *source, *environment, *channel; ///< [n]
        const Fixed* fixed;                            ///< [n]
        Changing* changing;
        int8_t* phase;
        float *next, *quiet, *ready, *slots, *end;
        int64_t* random;
        const float* gain; ///< [B, E, E] dB
        const float* rate; ///< [B, K] cycles/us
        float* free;       ///< [B, K] us
        float* held;       ///< out, from 0: when a broadcast may begin whose slot begins on a busy channel, [B, C, K]; 0: at once
        float* heard;      ///< out, from 0: air time of others' frames that each entity can make out, [B, C, E]
        float* air;        ///< out: air time of each task's device, [n]
        double horizon;
        Constants constants;
    };

    void RunChannels(const Run* run)
    {
        const int64_t area = run->entities * run->entities;
        int64_t at = 0;
        for (int64_t b = 0; b < run->environments; b++)
        {
            Environment world(run->constants,
                              run->gain + b * area,
                              static_cast<int>(run->entities),
                              static_cast<int>(run->channels),
                              run->rate + b * run->servers,
                              run->free + b * run->servers,
                              static_cast<int>(run->servers));
            for (; at < run->tasks && run->environment[at] == b; at++)
            {
                const int64_t place = run->source[at];
                const Changing& before = run->changing[place];
                world.Add(static_cast<int>(run->channel[at]),
                          {run->fixed + at,
                           before,
                           run->phase[place],
                           run->next[place],
                           run->quiet[place],
                           run->ready[place],
                           run->slots[place],
                           run->end[place],
                           run->random[place],
                           at,
                           before.deviceAir,
                           before.serverAir,
                           0,
                           0,
                           0});
            }
            world.CountWaiting();
            world.Run(static_cast<float>(run->horizon), run->held + b * run->channels * run->servers);
            world.AddHeard(run->heard + b * run->channels * run->entities);
            for (const auto& row : world.GetRows())
            {
                for (const auto& task : row)
                {
                    const int64_t place = run->source[task.index];
                    run->changing[place] = task.changing;
                    run->phase[place] = task.phase;
                    run->next[place] = task.next;
                    run->quiet[place] = task.quiet;
                    run->ready[place] = task.ready;
                    run->slots[place] = task.slots;
                    run->end[place] = task.end;
                    run->random[place] = task.random;
                    run->air[task.index] = task.changing.deviceAir - task.deviceAirBefore;
                }
            }
        }
    }
}
