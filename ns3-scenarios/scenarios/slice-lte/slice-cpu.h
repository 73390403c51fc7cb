// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SLICE_LTE_SLICE_CPU_H
#define NS3MARL_SLICE_LTE_SLICE_CPU_H

#include "ns3/event-id.h"
#include "ns3/nstime.h"

#include <cstdint>
#include <deque>
#include <functional>

namespace ns3::marl::slice_lte
{

/// A slice's part of the edge server's CPU: one job at a time, first come first served, at a rate that may change while
/// a job runs. A job that has not begun by its latest start is dropped; that is noticed when the CPU would begin it.
class SliceCpu
{
  public:
    /// \param ended called when a job ended \param done false: it was dropped
    explicit SliceCpu(std::function<void(uint32_t job, bool done)> ended);

    void SetRate(double rateHz); ///< cycles per second, at least 0
    void Submit(uint32_t job, double cycles, Time latestStart);

    double GetBacklogCycles() const; ///< of all jobs, what the running one still needs included
    double TakeExecutedCycles();     ///< since the last call

  private:
    struct Job
    {
        uint32_t id;
        double cycles; ///< still to run
        Time latestStart;
    };

    void Progress(); ///< accounts for the running job until now
    void Next();
    void Run();
    void Finish();

    std::function<void(uint32_t, bool)> m_ended;
    double m_rateHz{0};
    std::deque<Job> m_jobs; ///< the first one runs if m_running
    bool m_running{false};
    Time m_runningSince;
    EventId m_finish;
    double m_backlogCycles{0};
    double m_executedCycles{0};
};

} // namespace ns3::marl::slice_lte

#endif // NS3MARL_SLICE_LTE_SLICE_CPU_H
