// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_COMPUTE_NODE_H
#define NS3MARL_MODELS_COMPUTE_NODE_H

#include "ns3/event-id.h"
#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/traced-value.h"

#include <cstdint>
#include <deque>
#include <functional>

namespace ns3::marl
{

/// The CPU of a device: one job at a time, first come first served, at a fixed rate. Dynamic power follows
/// P = kappa f^3, so that c cycles cost kappa f^2 c.
class ComputeNode : public Object
{
  public:
    static TypeId GetTypeId();

    /// \param rateHz cycles per second \param kappaJPerHz2Cycle effective switched capacitance [J / (Hz^2 cycle)]
    ComputeNode(double rateHz, double kappaJPerHz2Cycle);

    /// Appends a job; \p done is called when its last cycle has run.
    void Submit(uint32_t id, double cycles, std::function<void()> done);

    /// Takes a job out, also the one that runs; what it executed stays accounted. Unknown jobs are ignored.
    void Abandon(uint32_t id);

    double GetRateHz() const;
    Time GetBacklog() const;           ///< until the CPU would be free
    double GetExecutedCycles() const;  ///< since the beginning, the running job included
    double GetEnergyJ() const;         ///< since the beginning, the running job included
    std::size_t GetUnfinished() const; ///< jobs waiting or running

  private:
    struct Job
    {
        uint32_t id;
        double cycles;
        std::function<void()> done;
    };

    void Start();
    void Finish();
    double GetRunningCycles() const; ///< executed of the running job

    double m_rateHz;
    double m_kappaJPerHz2Cycle;
    std::deque<Job> m_jobs;                ///< the first one runs
    TracedValue<uint32_t> m_unfinished{0}; ///< jobs
    Time m_runningSince;
    EventId m_finish;
    double m_executedCycles{0}; ///< of jobs that no longer run
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_COMPUTE_NODE_H
