// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/slice-lte/settings.h"

#include <algorithm>
#include <string>

namespace ns3::marl::slice_lte
{

namespace
{

constexpr uint32_t MOST_DEVICES = 150; ///< sounding reference signals repeat every 160 subframes

void
Require(bool holds, const std::string& rule)
{
    if (!holds)
    {
        throw Error(FaultKind::CONFIG, "slice-lte needs " + rule + "; mend the arguments");
    }
}

} // namespace

void
Settings::AddArguments(Arguments& arguments)
{
    for (uint32_t slice = 0; slice < SLICES; slice++)
    {
        const std::string name = SLICE_NAMES[slice];
        auto& service = services[slice];
        arguments.Add(name + "Devices", "Number of UEs of the slice " + name, service.devices);
        arguments.Add(
            name + "Bound", "Latency from a job's creation to its result at the UE that counts", service.bound);
        arguments.Add(name + "Cycles", "Work of a job at the edge server [cycles]", service.cycles);
    }
    arguments.Add("embbRate", "What an eMBB UE is sent while it is on [b/s]", embbRateBps);
    arguments.Add("embbOn", "Mean on period of an eMBB UE (exponential)", embbOn);
    arguments.Add("embbOff", "Mean off period of an eMBB UE (exponential); 0s: always on", embbOff);
    arguments.Add("urllcPeriod", "Time between two requests of a URLLC UE", urllcPeriod);
    arguments.Add("urllcTolerance", "Share of late URLLC jobs at which the slice is worth nothing", urllcTolerance);
    arguments.Add("mmtcInterval", "Mean time between two reports of an mMTC UE (exponential)", mmtcInterval);
    arguments.Add("sourcesUntil", "Simulated time of the last jobs; 0s: never", sourcesUntil);
    arguments.Add("resourceBlocks", "Of the cell, each direction: 6, 15, 25, 50, 75 or 100", resourceBlocks);
    arguments.Add("radius", "UEs start up to here from the eNB [m]", radiusM);
    arguments.Add("speed", "Of the UEs [m/s]; 0: they stand", speedMps);
    arguments.Add("cpu", "Of the edge server [cycles/s]", cpuHz);
    arguments.Add("lendingPeriod", "Subframes for which idle resource block groups are lent", lendingPeriod);
    arguments.Add("radioPrice", "Price of the whole downlink, where a satisfied slice is paid 1", radioPrice);
    arguments.Add("cpuPrice", "Price of the whole edge CPU, where a satisfied slice is paid 1", cpuPrice);
    arguments.Add("tick", "Time between two decisions", tick);
    arguments.Add("ticks", "Actions in an episode", ticks);
}

void
Settings::Check() const
{
    uint32_t devices = 0;
    for (uint32_t slice = 0; slice < SLICES; slice++)
    {
        const std::string name = SLICE_NAMES[slice];
        devices += services[slice].devices;
        Require(services[slice].devices >= 1, "at least 1 of --" + name + "Devices");
        Require(services[slice].bound.IsStrictlyPositive(), "a --" + name + "Bound above 0 s");
        Require(services[slice].cycles > 0 && services[slice].cycles <= 1e12,
                "--" + name + "Cycles above 0, up to 1000000000000");
    }
    Require(devices <= MOST_DEVICES, "at most " + std::to_string(MOST_DEVICES) + " UEs of all slices together");
    Require(embbRateBps > 0, "an --embbRate above 0 b/s");
    Require(embbOn.IsStrictlyPositive() && !embbOff.IsStrictlyNegative(),
            "--embbOn above 0 s and --embbOff from 0 s on");
    Require(urllcPeriod.IsStrictlyPositive() && mmtcInterval.IsStrictlyPositive(),
            "--urllcPeriod and --mmtcInterval above 0 s");
    Require(urllcTolerance > 0 && urllcTolerance <= 1, "a --urllcTolerance in (0, 1]");
    constexpr std::array<uint32_t, 6> BANDWIDTHS{6, 15, 25, 50, 75, 100};
    Require(std::ranges::find(BANDWIDTHS, resourceBlocks) != BANDWIDTHS.end(),
            "--resourceBlocks=6, 15, 25, 50, 75 or 100");
    Require(radiusM > 35 && radiusM <= 100'000, "a --radius above 35 m, up to 100000 m");
    Require(speedMps >= 0 && speedMps <= 1000, "a --speed from 0 to 1000 m/s");
    Require(cpuHz >= 1e6 && cpuHz <= 1e15, "a --cpu from 1000000 to 1000000000000000 cycles/s");
    Require(lendingPeriod >= 1, "a --lendingPeriod of at least 1 subframe");
    Require(radioPrice >= 0 && radioPrice <= 1e6 && cpuPrice >= 0 && cpuPrice <= 1e6,
            "--radioPrice and --cpuPrice from 0 to 1000000");
    Require(tick >= MilliSeconds(10) && ticks >= 1, "a --tick of at least 10 ms and at least 1 of --ticks");
}

double
Settings::GetNominalJobs(uint32_t slice) const
{
    const std::array<double, SLICES> perSecond{
        embbRateBps / 8 / services[EMBB].downBytes, 1 / urllcPeriod.GetSeconds(), 1 / mmtcInterval.GetSeconds()};
    return services[slice].devices * perSecond[slice] * tick.GetSeconds();
}

} // namespace ns3::marl::slice_lte
