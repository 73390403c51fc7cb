// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/task-ledger.h"

#include "ns3/abort.h"
#include "ns3/log.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <numeric>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace ns3::marl
{

NS_LOG_COMPONENT_DEFINE("TaskLedger");
NS_OBJECT_ENSURE_REGISTERED(TaskLedger);

namespace
{

const char*
GetStageName(Time Task::* stage)
{
    return stage == &Task::uplinkStart    ? "handed to the radio"
           : stage == &Task::uplinkEnd    ? "complete at the server"
           : stage == &Task::computeStart ? "begun by the server"
           : stage == &Task::computeEnd   ? "computed by the server"
           : stage == &Task::resultTime   ? "back at the device"
           : stage == &Task::localEnd     ? "computed by the device"
                                          : "further";
}

/// What became of a task, in words.
std::string
Describe(const Task& task)
{
    std::ostringstream text;
    text << "task " << task.id << " of device " << task.device << ": " << GetName(task.outcome) << " after "
         << (task.end - task.arrival).As(Time::MS) << " of " << task.parameters.deadline.As(Time::MS);
    if (task.HasOffloadedPart())
    {
        text << ", server " << task.decision.server << ", channel " << task.decision.channel << ", "
             << task.decision.powerDbm << " dBm, " << task.fragments.sent << " fragments sent, " << task.fragments.onAir
             << " on the air, " << task.fragments.received << " received, " << task.retries << " retries";
    }
    return text.str();
}

/// Aborts when fewer fragments were sent than transmitted, or fewer transmitted than arrived.
void
CheckFragments(const Task& task)
{
    const auto& counts = task.fragments;
    NS_ABORT_MSG_IF(counts.onAir > counts.sent || counts.received + counts.refused > counts.onAir,
                    "Task " << task.id << ": " << counts.sent << " fragments were sent, " << counts.onAir
                            << " of them transmitted, but " << counts.received << " received and " << counts.refused
                            << " refused");
}

} // namespace

TypeId
TaskLedger::GetTypeId()
{
    static const TypeId tid = TypeId("ns3::marl::TaskLedger")
                                  .SetParent<Object>()
                                  .SetGroupName("Ns3Marl")
                                  .AddTraceSource("Arrived",
                                                  "A task arrived at its device",
                                                  MakeTraceSourceAccessor(&TaskLedger::m_arrivedTrace),
                                                  "ns3::marl::TaskLedger::TaskTracedCallback")
                                  .AddTraceSource("Decided",
                                                  "The device decided where a task is computed",
                                                  MakeTraceSourceAccessor(&TaskLedger::m_decidedTrace),
                                                  "ns3::marl::TaskLedger::TaskTracedCallback")
                                  .AddTraceSource("Sent",
                                                  "Fragments of a task were handed to the radio",
                                                  MakeTraceSourceAccessor(&TaskLedger::m_sentTrace),
                                                  "ns3::marl::TaskLedger::TaskTracedCallback")
                                  .AddTraceSource("Ended",
                                                  "A task completed or failed",
                                                  MakeTraceSourceAccessor(&TaskLedger::m_endedTrace),
                                                  "ns3::marl::TaskLedger::TaskTracedCallback");
    return tid;
}

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
    NS_LOG_LOGIC("task " << task.id << " of device " << task.device << ": arrives, " << task.parameters.sizeBytes
                         << " B, " << task.parameters.GetCycles() << " cycles, "
                         << task.parameters.deadline.As(Time::MS));
    m_arrivedTrace(task);
    return task.id;
}

const Task*
TaskLedger::Find(uint32_t id) const
{
    const auto entry = m_open.find(id);
    return entry == m_open.end() ? nullptr : &entry->second.task;
}

Task*
TaskLedger::FindOpen(uint32_t id)
{
    const auto entry = m_open.find(id);
    return entry == m_open.end() ? nullptr : &entry->second.task;
}

void
TaskLedger::NoteDecision(uint32_t id, const OffloadingDecision& decision)
{
    auto* task = FindOpen(id);
    NS_ABORT_MSG_IF(task == nullptr, "Task " << id << " ended before its decision");
    task->decision = decision;
    m_decidedTrace(*task);
}

void
TaskLedger::Note(uint32_t id, Time Task::* stage)
{
    if (auto* task = FindOpen(id))
    {
        task->*stage = Simulator::Now();
        NS_LOG_LOGIC("task " << id << " of device " << task->device << ": " << GetStageName(stage));
        if (task->IsDone())
        {
            Resolve(id, TaskOutcome::COMPLETED);
        }
    }
}

void
TaskLedger::NoteSent(uint32_t id, uint32_t fragments)
{
    auto* task = FindOpen(id);
    NS_ABORT_MSG_IF(task == nullptr, "Fragments of task " << id << " were sent after its end");
    task->fragments.sent += fragments;
    m_sent += fragments;
    m_sentTrace(*task);
}

void
TaskLedger::NoteOnAir(uint32_t id, uint32_t first, uint32_t again, const Time& duration)
{
    if (auto* task = FindOpen(id))
    {
        if (task->firstOnAir.IsZero())
        {
            task->firstOnAir = Simulator::Now();
        }
        task->fragments.onAir += first;
        task->retries += again;
        task->airTime += duration;
    }
}

void
TaskLedger::NoteFragment(uint32_t id, bool accepted)
{
    if (auto* task = FindOpen(id))
    {
        (accepted ? task->fragments.received : task->fragments.refused)++;
        task->serverFailed |= !accepted;
    }
}

void
TaskLedger::NoteServerFailure(uint32_t id)
{
    if (auto* task = FindOpen(id))
    {
        task->serverFailed = true;
    }
}

void
TaskLedger::NoteDeath(uint32_t device)
{
    std::vector<uint32_t> tasks;
    for (const auto& [id, entry] : m_open)
    {
        if (entry.task.device == device)
        {
            tasks.push_back(id);
        }
    }
    for (const uint32_t id : tasks)
    {
        Resolve(id, TaskOutcome::DEVICE_DEAD);
    }
}

void
TaskLedger::Expire(uint32_t id)
{
    const auto* task = Find(id);
    NS_ABORT_MSG_IF(task == nullptr, "Task " << id << " expired after its end");
    Resolve(id, task->GetFailure());
}

void
TaskLedger::Resolve(uint32_t id, TaskOutcome outcome)
{
    auto entry = m_open.extract(id);
    auto& task = entry.mapped().task;
    entry.mapped().expiry.Cancel();
    task.end = Simulator::Now();
    task.outcome = outcome;
    m_outcomes[static_cast<uint32_t>(outcome)]++;
    CheckFragments(task);
    m_fragments.received += task.fragments.received;
    m_fragments.refused += task.fragments.refused;
    m_fragments.lost += task.fragments.GetLost();
    m_fragments.expired += task.fragments.GetExpired();
    NS_LOG_INFO(Describe(task));
    m_endedTrace(task);
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
    return std::accumulate(m_outcomes.begin(), m_outcomes.end(), uint64_t{0});
}

uint64_t
TaskLedger::GetEnded(TaskOutcome outcome) const
{
    return m_outcomes[static_cast<uint32_t>(outcome)];
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

TaskLedger::FragmentTotals
TaskLedger::GetFragments() const
{
    FragmentTotals totals = m_fragments;
    totals.sent = m_sent;
    for (const auto& [id, entry] : m_open)
    {
        const auto& counts = entry.task.fragments;
        totals.received += counts.received;
        totals.refused += counts.refused;
        totals.onTheWay += counts.sent - counts.received - counts.refused;
    }
    return totals;
}

void
TaskLedger::CheckConservation() const
{
    NS_ABORT_MSG_IF(GetOpened() != GetEnded() + GetUnresolved() || GetEnded(TaskOutcome::UNRESOLVED) != 0,
                    GetOpened() << " tasks arrived, but " << GetEnded() << " ended and " << GetUnresolved()
                                << " are unresolved");
    for (const auto& [id, entry] : m_open)
    {
        CheckFragments(entry.task);
    }
    const auto totals = GetFragments();
    NS_ABORT_MSG_IF(totals.sent != totals.received + totals.refused + totals.lost + totals.expired + totals.onTheWay,
                    totals.sent << " fragments were sent, but " << totals.received << " received, " << totals.refused
                                << " refused, " << totals.lost << " lost, " << totals.expired << " expired and "
                                << totals.onTheWay << " are on the way");
}

} // namespace ns3::marl
