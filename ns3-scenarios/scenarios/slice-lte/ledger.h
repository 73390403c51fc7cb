// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SLICE_LTE_LEDGER_H
#define NS3MARL_SLICE_LTE_LEDGER_H

#include "ns3/nstime.h"

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "scenarios/slice-lte/settings.h"

namespace ns3::marl::slice_lte
{

/// Where a job is.
enum class Place : uint32_t
{
    UPLINK,    ///< its request is on the way to the edge server
    CPU,       ///< it waits or runs
    DOWNLINK,  ///< its result is on the way to the UE
    DELIVERED, ///< to the UE, before the first tick after its bound
    DROPPED,   ///< by the CPU, having waited or run too long
    OVERDUE,   ///< its bound passed on the way; if it still arrives, nobody cares
    PLACES,
};

/// Every job from its creation to its end, and what follows for the slices.
class Ledger
{
  public:
    struct Job
    {
        uint32_t slice;
        uint32_t ue;
        Time created;
        Place place;
        bool inTime; ///< delivered within the bound
    };

    /// Of a slice; the episode so far or an interval.
    struct Count
    {
        uint64_t created{0};
        uint64_t inTime{0};             ///< delivered within the bound
        uint64_t missed{0};             ///< bound passed before delivery, if there was one
        std::vector<double> latenciesS; ///< of the jobs delivered within the bound

        double GetLatencyQuantile(double share) const; ///< in s; 0 without deliveries
    };

    explicit Ledger(const std::array<Service, SLICES>& services);

    uint32_t Create(uint32_t slice, uint32_t ue); ///< \return the job's number
    bool Move(uint32_t job, Place place);         ///< \return whether it moved: overdue jobs stay
    bool IsLate(uint32_t job) const;              ///< its bound passed
    const Job& Get(uint32_t job) const;

    uint64_t GetNumberAt(uint32_t slice, Place place) const;
    const Count& GetEpisode(uint32_t slice) const;

    /// Counts the jobs whose bound passed as missed; those on the way are overdue. \return by slice, what happened since the last call
    std::array<Count, SLICES> TakeInterval();

    void CheckConservation() const; ///< aborts unless every job is at exactly one place

  private:
    std::array<Service, SLICES> m_services;
    std::vector<Job> m_jobs;
    std::array<std::deque<uint32_t>, SLICES> m_open; ///< jobs whose bound has not passed, in order of creation
    std::array<std::array<uint64_t, static_cast<uint32_t>(Place::PLACES)>, SLICES> m_at{};
    std::array<Count, SLICES> m_episode;
    std::array<Count, SLICES> m_interval;
};

} // namespace ns3::marl::slice_lte

#endif // NS3MARL_SLICE_LTE_LEDGER_H
