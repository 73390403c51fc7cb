// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_EDGE_SERVER_H
#define NS3MARL_MODELS_EDGE_SERVER_H

#include "models/priority.h"

#include "ns3/event-id.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/traced-callback.h"
#include "ns3/traced-value.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace ns3::marl
{

/// What a server knows of an offloaded task: all of it came in the task's packets.
struct EdgeJob
{
    uint32_t id{0};
    double cycles{0};
    Time expiry;   ///< when the result is of no use any more
    Time deadline; ///< allowance from arrival at the device to the expiry
    bool premium{false};
    Time received;         ///< at the server, complete; set by Submit
    uint32_t sizeBytes{0}; ///< input that came over the air; set by EdgeGateway
};

/// Order in which waiting jobs are taken; ties go to the one that came first.
enum class Discipline
{
    DEADLINE, ///< earliest expiry first
    PRIORITY, ///< highest PriorityWeights::Get at the moment of taking first
};

/// The computer of an edge server: one job at a time, never pre-empted, jobs dropped when they expire, also the running
/// one.
class EdgeServer : public Object
{
  public:
    /// What happened since the last TakeInterval.
    struct Interval
    {
        double utilisation{0}; ///< share of the time that the CPU ran
        Time meanWait;         ///< of the jobs that began: from complete reception to the first cycle
        uint32_t received{0};  ///< jobs that came in
    };

    /// Signature of the trace sources Started, Finished, Expired and Dropped.
    using JobTracedCallback = void (*)(const EdgeJob& job);

    static TypeId GetTypeId();

    EdgeServer(double rateHz, Discipline discipline, const PriorityWeights& weights);

    void SetStartedCallback(std::function<void(uint32_t id)> started);
    void SetDoneCallback(std::function<void(const EdgeJob& job)> done);

    void Submit(EdgeJob job);

    /// The server fails: it drops all jobs, waiting or running. \return their ids
    std::vector<uint32_t> Drop();

    /// Changes the rate; a job that runs goes on at the new one. \param rateHz above 0
    void SetRate(double rateHz);

    double GetRateHz() const;
    std::size_t GetWaiting() const;
    Time GetBacklog() const;     ///< until the CPU would be free if nothing else came and nothing expired
    Time GetBusyTime() const;    ///< since the beginning
    uint64_t GetExpired() const; ///< jobs dropped at their expiry, waiting or running
    uint64_t GetDropped() const; ///< jobs that Drop took

    /// Aborts unless every job that was submitted is done, expired, dropped, waiting or running.
    void CheckConservation() const;

    Interval TakeInterval(); ///< ends an interval and begins the next one

  private:
    void Next();
    void Finish();
    void Expire(uint32_t id);
    void ScheduleFinish();
    double GetExecutedCycles() const; ///< of the running job
    std::size_t Choose() const;       ///< index of the next waiting job

    double m_rateHz;
    Discipline m_discipline;
    PriorityWeights m_weights;
    std::function<void(uint32_t)> m_started;
    std::function<void(const EdgeJob&)> m_done;

    std::vector<EdgeJob> m_waiting;         ///< in order of arrival
    TracedValue<uint32_t> m_waitingJobs{0}; ///< how many
    TracedCallback<const EdgeJob&> m_startedTrace;
    TracedCallback<const EdgeJob&> m_finishedTrace;
    TracedCallback<const EdgeJob&> m_expiredTrace;
    TracedCallback<const EdgeJob&> m_droppedTrace;
    std::optional<EdgeJob> m_running;
    Time m_runningSince;
    Time m_rateSince;           ///< when the running job began, or the rate changed after that
    double m_executedCycles{0}; ///< of the running job until then
    EventId m_finish;
    Time m_busy; ///< of jobs that no longer run
    uint64_t m_submitted{0};
    uint64_t m_finished{0};
    uint64_t m_expired{0};
    uint64_t m_dropped{0};

    Time m_intervalStart;
    Time m_intervalBusy; ///< GetBusyTime() at the interval's start
    Time m_intervalWait; ///< sum over the jobs that began
    uint32_t m_intervalBegun{0};
    uint32_t m_intervalReceived{0};
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_EDGE_SERVER_H
