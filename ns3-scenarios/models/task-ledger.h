// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TASK_LEDGER_H
#define NS3MARL_MODELS_TASK_LEDGER_H

#include "models/task.h"

#include "ns3/event-id.h"
#include "ns3/object.h"
#include "ns3/traced-callback.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>

namespace ns3::marl
{

/// Follows every task from arrival to its end. A task completes when its last part is done, and fails at
/// arrival + deadline; what is noted of it later is ignored.
class TaskLedger : public Object
{
  public:
    /// What became of the fragments of all tasks:
    ///
    ///   sent = received + refused + lost + expired + on the way
    struct FragmentTotals
    {
        uint64_t sent{0};
        uint64_t received{0};
        uint64_t refused{0};
        uint64_t lost{0};     ///< of tasks that ended: on the air at least once, and not there
        uint64_t expired{0};  ///< of tasks that ended: never on the air
        uint64_t onTheWay{0}; ///< of tasks that did not end
    };

    /// Signature of the trace sources Arrived, Decided, Sent and Ended.
    using TaskTracedCallback = void (*)(const Task& task);

    static TypeId GetTypeId();

    /// \param ended is called once for each task, when it completes or fails
    explicit TaskLedger(std::function<void(const Task&)> ended);

    /// Enters a task at its arrival. \return its id; the rest of the task as given
    uint32_t Open(Task task);

    /// Nothing when the task has ended.
    const Task* Find(uint32_t id) const;

    void NoteDecision(uint32_t id, const OffloadingDecision& decision);

    /// A stage was reached now: \p stage is its time in Task.
    void Note(uint32_t id, Time Task::* stage);

    void NoteSent(uint32_t id, uint32_t fragments);

    /// A transmission carried \p first fragments that had not been on the air before, and \p again others.
    void NoteOnAir(uint32_t id, uint32_t first, uint32_t again, const Time& duration);

    /// A fragment is at the server. \param accepted false: the server is down
    void NoteFragment(uint32_t id, bool accepted);

    /// A server that went down dropped the task, which fails at its deadline: the device does not know.
    void NoteServerFailure(uint32_t id);

    /// All tasks of a device fail now: its battery is empty.
    void NoteDeath(uint32_t device);

    uint64_t GetOpened() const;
    uint64_t GetEnded() const;
    uint64_t GetEnded(TaskOutcome outcome) const;
    std::size_t GetUnresolved() const;
    uint32_t GetUnresolvedOf(uint32_t device) const;
    FragmentTotals GetFragments() const;

    /// Aborts unless every task that was opened has ended once or is unresolved, and every fragment that was sent is
    /// accounted for.
    void CheckConservation() const;

  private:
    struct Entry
    {
        Task task;
        EventId expiry;
    };

    Task* FindOpen(uint32_t id);
    void Resolve(uint32_t id, TaskOutcome outcome);
    void Expire(uint32_t id);

    std::function<void(const Task&)> m_ended;
    TracedCallback<const Task&> m_arrivedTrace;
    TracedCallback<const Task&> m_decidedTrace;
    TracedCallback<const Task&> m_sentTrace;
    TracedCallback<const Task&> m_endedTrace;
    std::map<uint32_t, Entry> m_open; ///< by id
    uint32_t m_nextId{0};
    std::array<uint64_t, TASK_OUTCOMES> m_outcomes{};
    uint64_t m_sent{0};         ///< fragments, counted as they are sent
    FragmentTotals m_fragments; ///< of tasks that ended
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TASK_LEDGER_H
