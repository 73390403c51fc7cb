// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TASK_LEDGER_H
#define NS3MARL_MODELS_TASK_LEDGER_H

#include "models/task.h"

#include "ns3/event-id.h"

#include <cstdint>
#include <functional>
#include <map>

namespace ns3::marl
{

/// Follows every task from arrival to its end. A task completes when its last part is done, and fails at
/// arrival + deadline; what is noted of it later is ignored.
class TaskLedger
{
  public:
    /// \param ended is called once for each task, when it completes or fails
    explicit TaskLedger(std::function<void(const Task&)> ended);

    /// Enters a task at its arrival. \return its id; the rest of the task as given
    uint32_t Open(Task task);

    /// Nothing when the task has ended.
    const Task* Find(uint32_t id) const;

    void NoteDecision(uint32_t id, const OffloadingDecision& decision);
    void NoteUplinkStart(uint32_t id);
    void NoteUplinkEnd(uint32_t id);
    void NoteComputeStart(uint32_t id);
    void NoteComputeEnd(uint32_t id);
    void NoteResult(uint32_t id);
    void NoteLocalEnd(uint32_t id);

    uint64_t GetOpened() const;
    uint64_t GetEnded() const;
    std::size_t GetUnresolved() const;
    uint32_t GetUnresolvedOf(uint32_t device) const;

    /// Aborts unless every task that was opened has ended or is unresolved.
    void CheckConservation() const;

  private:
    struct Entry
    {
        Task task;
        EventId expiry;
    };

    void NoteTime(uint32_t id, Time Task::* stage);
    void Resolve(uint32_t id, TaskOutcome outcome);
    void Expire(uint32_t id);

    std::function<void(const Task&)> m_ended;
    std::map<uint32_t, Entry> m_open; ///< by id
    uint32_t m_nextId{0};
    uint64_t m_endedCount{0};
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TASK_LEDGER_H
