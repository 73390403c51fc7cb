// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SLICE_LTE_SETTINGS_H
#define NS3MARL_SLICE_LTE_SETTINGS_H

#include "bridge/arguments.h"

#include "ns3/nstime.h"

#include <array>
#include <cstdint>

namespace ns3::marl::slice_lte
{

/// The slices, in the order of the groups.
enum Slice : uint32_t
{
    EMBB,
    URLLC,
    MMTC,
    SLICES,
};

constexpr std::array<Slice, SLICES> ALL_SLICES{EMBB, URLLC, MMTC};
constexpr std::array<const char*, SLICES> SLICE_NAMES{"embb", "urllc", "mmtc"};
constexpr double EQUAL_SHARE = 1.0 / static_cast<uint32_t>(SLICES);

/// What a slice's devices want: a job is computed at the edge server and its result sent down to the device.
struct Service
{
    uint32_t devices;
    Time bound;         ///< from the job's creation to its result at the device
    uint32_t upBytes;   ///< of the request that creates the job; 0: the job is created at the edge server
    uint32_t downBytes; ///< of the result
    double cycles;      ///< of the edge server's CPU
};

/// The arguments of `slice-lte`, with their defaults.
struct Settings
{
    void AddArguments(Arguments& arguments);
    void Check() const; ///< \throws Error (CONFIG) for values that make no sense

    /// \return jobs that all UEs of the slice create in a tick on average, if all are on
    double GetNominalJobs(uint32_t slice) const;

    std::array<Service, SLICES> services{{{4, MilliSeconds(300), 0, 1250, 2e6},
                                          {6, MilliSeconds(30), 64, 64, 2e6},
                                          {20, MilliSeconds(500), 100, 20, 2e7}}};
    double embbRateBps{4e6};
    Time embbOn{Seconds(2)};
    Time embbOff{Seconds(2)};
    Time urllcPeriod{MilliSeconds(20)};
    double urllcTolerance{0.1};
    Time mmtcInterval{Seconds(1)};
    Time sourcesUntil{0};

    uint32_t resourceBlocks{25};
    double radiusM{1000};
    double speedMps{8.3};
    double cpuHz{4e9};
    uint32_t lendingPeriod{10};

    double radioPrice{0.2};
    double cpuPrice{0.2};
    Time tick{MilliSeconds(100)};
    uint64_t ticks{100};
};

} // namespace ns3::marl::slice_lte

#endif // NS3MARL_SLICE_LTE_SETTINGS_H
