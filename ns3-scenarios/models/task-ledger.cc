// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/task-ledger.h"

#include "ns3/abort.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <utility>

namespace ns3::marl
{

TaskLedger::TaskLedger(std::function<void(const Task&)> ended)
    : m_ended(std::move(ended))
{
}

uint32_t
TaskLedger::Open(Task task)
{
    NS_ABORT_MSG_IF(task.GetExpiry() <= Simulator::Now(),
                    "A task that expires at " << task.GetExpiry().As(Time::S) << " cannot arrive now");
    task.id = m_nextId++;
    const auto expiry = Simulator::Schedule(task.GetExpiry() - Simulator::Now(), &TaskLedger::Expire, this, task.id);
    m_open.emplace(task.id, Entry{task, expiry});
    return task.id;
}

const Task*
TaskLedger::Find(uint32_t id) const
{
    const auto entry = m_open.find(id);
    return entry == m_open.end() ? nullptr : &entry->second.task;
}

void
TaskLedger::NoteDecision(uint32_t id, const OffloadingDecision& decision)
{
    const auto entry = m_open.find(id);
    NS_ABORT_MSG_IF(entry == m_open.end(), "Task " << id << " ended before its decision");
    entry->second.task.decision = decision;
}

void
TaskLedger::NoteTime(uint32_t id, Time Task::* stage)
{
    const auto entry = m_open.find(id);
    if (entry == m_open.end())
    {
        return;
    }
    auto& task = entry->second.task;
    task.*stage = Simulator::Now();
    if (task.IsDone())
    {
        Resolve(id, TaskOutcome::COMPLETED);
    }
}

void
TaskLedger::NoteUplinkStart(uint32_t id)
{
    NoteTime(id, &Task::uplinkStart);
}

void
TaskLedger::NoteUplinkEnd(uint32_t id)
{
    NoteTime(id, &Task::uplinkEnd);
}

void
TaskLedger::NoteComputeStart(uint32_t id)
{
    NoteTime(id, &Task::computeStart);
}

void
TaskLedger::NoteComputeEnd(uint32_t id)
{
    NoteTime(id, &Task::computeEnd);
}

void
TaskLedger::NoteResult(uint32_t id)
{
    NoteTime(id, &Task::resultTime);
}

void
TaskLedger::NoteLocalEnd(uint32_t id)
{
    NoteTime(id, &Task::localEnd);
}

void
TaskLedger::Expire(uint32_t id)
{
    const auto entry = m_open.find(id);
    NS_ABORT_MSG_IF(entry == m_open.end(), "Task " << id << " expired after its end");
    Resolve(id, entry->second.task.GetFailure());
}

void
TaskLedger::Resolve(uint32_t id, TaskOutcome outcome)
{
    auto entry = m_open.extract(id);
    auto& task = entry.mapped().task;
    entry.mapped().expiry.Cancel();
    task.end = Simulator::Now();
    task.outcome = outcome;
    m_endedCount++;
    m_ended(task);
}

uint64_t
TaskLedger::GetOpened() const
{
    return m_nextId;
}

uint64_t
TaskLedger::GetEnded() const
{
    return m_endedCount;
}

std::size_t
TaskLedger::GetUnresolved() const
{
    return m_open.size();
}

uint32_t
TaskLedger::GetUnresolvedOf(uint32_t device) const
{
    return std::count_if(
        m_open.begin(), m_open.end(), [device](const auto& entry) { return entry.second.task.device == device; });
}

void
TaskLedger::CheckConservation() const
{
    NS_ABORT_MSG_IF(GetOpened() != GetEnded() + GetUnresolved(),
                    GetOpened() << " tasks arrived, but " << GetEnded() << " ended and " << GetUnresolved()
                                << " are unresolved");
}

} // namespace ns3::marl
