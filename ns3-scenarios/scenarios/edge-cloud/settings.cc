// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/edge-cloud/settings.h"

#include "models/offload-client.h"

#include <cmath>
#include <sstream>

namespace ns3::marl::edge_cloud
{

namespace
{

constexpr double KILOBYTE = 1000;
constexpr double GHZ = 1e9;
constexpr double MBPS = 1e6;
constexpr uint32_t MOST_FRAGMENTS = 65535;

template <typename T>
void
Require(bool holds, const std::string& argument, const T& value, const std::string& expected)
{
    if (!holds)
    {
        std::ostringstream message;
        message << "argument '--" << argument << "=" << value << "': expected " << expected << "; mend it";
        throw Error(FaultKind::CONFIG, message.str());
    }
}

} // namespace

void
Settings::AddArguments(Arguments& arguments)
{
    arguments.Add("devices", "Number of devices N, at least 1", devices);
    arguments.Add("gateways", "Number of gateways M, 1 to 64", gateways);
    arguments.Add(
        "channels", "Number of 20 MHz channels, 1 to 8, at most --gateways; gateway j uses j mod it", radio.channels);
    arguments.Add("ticks", "Actions in an episode", ticks);
    arguments.Add("tick", "Time between two decisions", tick);
    arguments.Add("churn", "Probability that a device switches off, or on again, at a tick", churn);

    arguments.Add("arrivalProbability", "Of a task, per device and tick", tasks.arrivalProbability);
    arguments.Add("sizeMin", "Smallest task [kB = 1000 B]", m_sizeMinKb);
    arguments.Add("sizeMax", "Largest task [kB]", m_sizeMaxKb);
    arguments.Add("densityMin", "Least work [cycles/bit]", tasks.densityMin);
    arguments.Add("densityMax", "Most work [cycles/bit]", tasks.densityMax);
    arguments.Add("deadlineMin", "Shortest deadline", tasks.deadlineMin);
    arguments.Add("deadlineMax", "Longest deadline", tasks.deadlineMax);
    arguments.Add("jitter", "Longest delay between decision and first transmission", tasks.jitterMax);

    arguments.Add("deviceCpuMin", "Slowest device CPU [GHz]", m_deviceCpuMinGhz);
    arguments.Add("deviceCpuMax", "Fastest device CPU [GHz]", m_deviceCpuMaxGhz);
    arguments.Add("deviceKappa", "Effective switched capacitance of a device CPU [J / (Hz^2 cycle)]", deviceKappa);
    arguments.Add("edgeCpuMin", "Lowest rate that a gateway may choose for its computer [GHz]", m_edgeCpuMinGhz);
    arguments.Add("edgeCpuMax", "Highest one [GHz]", m_edgeCpuMaxGhz);
    arguments.Add("edgeKappa", "Effective switched capacitance of a gateway's CPU [J / (Hz^2 cycle)]", edgeKappa);
    arguments.Add("cloudCpu", "Rate of the cloud's computer [GHz]", m_cloudCpuGhz);

    arguments.Add("backhaulRate", "Of the link between each gateway and the cloud, each way [Mb/s]", m_backhaulMbps);
    arguments.Add("backhaulDelay", "Propagation on it, one way", backhaul.delay);
    arguments.Add("backhaulQueue", "Drop-tail queue at each of its ends [packets]", backhaul.queuePackets);

    arguments.Add("area", "Side of the square area [m]", placement.areaM);
    arguments.Add("hotspotShare", "Share of the devices in the two hotspots, 0 to 1", placement.hotspotShare);
    arguments.Add("hotspotSigma", "Standard deviation of a hotspot [m]", placement.hotspotSigmaM);
    arguments.Add("exponent", "Path loss exponent", radio.propagation.pathLossExponent);
    arguments.Add(
        "fadingRho", "Correlation of the fading from tick to tick, 0 to below 1", radio.propagation.fadingRho);

    arguments.Add("reward", "Who is paid: team or agent", m_rewardKind);
    arguments.Add("rewardLatency", "What a completion at the deadline loses of its worth of 1, 0 to 1", reward.latency);
    arguments.Add("rewardEnergy", "Reward weight of energy", reward.energy);
    arguments.Add("energyReference", "Energy that costs the whole weight [J]", reward.energyReferenceJ);
}

/// Beyond these values ns-3's numbers end, or models give nothing that means something.
void
Settings::CheckHighest() const
{
    const auto require = [](const char* argument, double value, int highest, const char* unit) {
        Require(value <= highest, argument, value, "at most " + std::to_string(highest) + unit);
    };
    require("densityMax", tasks.densityMax, 1'000'000, " cycles/bit");
    require("deviceCpuMax", m_deviceCpuMaxGhz, 1'000, " GHz");
    require("edgeCpuMax", m_edgeCpuMaxGhz, 100'000, " GHz");
    require("cloudCpu", m_cloudCpuGhz, 1'000'000, " GHz");
    require("deviceKappa", deviceKappa, 1, " J/(Hz^2*cycle)");
    require("edgeKappa", edgeKappa, 1, " J/(Hz^2*cycle)");
    require("area", placement.areaM, 100'000, " m");
    require("hotspotSigma", placement.hotspotSigmaM, 100'000, " m");
    require("exponent", radio.propagation.pathLossExponent, 10, "");
    require("rewardEnergy", reward.energy, 1'000'000, "");
    require("energyReference", reward.energyReferenceJ, 100'000'000, " J");
}

void
Settings::Check() const
{
    const auto isShare = [](double value) { return value >= 0 && value <= 1; };
    Require(devices >= 1 && devices < 0xf000, "devices", devices, "1 to 61439");
    Require(gateways >= 1 && gateways <= MOST_GATEWAYS, "gateways", gateways, "1 to 64");
    Require(radio.channels >= 1 && radio.channels <= RadioNetwork::MAXIMUM_CHANNELS && radio.channels <= gateways,
            "channels",
            radio.channels,
            "1 to 8, and at most --gateways: every channel needs a gateway");
    Require(ticks >= 1, "ticks", ticks, "at least 1");
    Require(tick >= MilliSeconds(20), "tick", tick.As(Time::MS), "at least 20ms: reports take 10 ms of it");
    Require(isShare(churn), "churn", churn, "0 to 1");
    Require(tasks.arrivalProbability > 0 && tasks.arrivalProbability <= 1,
            "arrivalProbability",
            tasks.arrivalProbability,
            "above 0 to 1");
    Require(m_sizeMinKb >= 0.001, "sizeMin", m_sizeMinKb, "at least 0.001 kB");
    Require(m_sizeMaxKb >= m_sizeMinKb, "sizeMax", m_sizeMaxKb, "at least --sizeMin");
    Require(m_sizeMaxKb * KILOBYTE / OffloadClient::FRAGMENT_BYTES < MOST_FRAGMENTS,
            "sizeMax",
            m_sizeMaxKb,
            "below 91749 kB");
    Require(tasks.densityMin > 0, "densityMin", tasks.densityMin, "above 0 cycles/bit");
    Require(tasks.densityMax >= tasks.densityMin, "densityMax", tasks.densityMax, "at least --densityMin");
    Require(tasks.deadlineMin >= MilliSeconds(1), "deadlineMin", tasks.deadlineMin.As(Time::MS), "at least 1ms");
    Require(tasks.deadlineMax >= tasks.deadlineMin,
            "deadlineMax",
            tasks.deadlineMax.As(Time::MS),
            "at least --deadlineMin");
    Require(!tasks.jitterMax.IsStrictlyNegative() && tasks.jitterMax < tick,
            "jitter",
            tasks.jitterMax.As(Time::MS),
            "0ms to below --tick");
    Require(m_deviceCpuMinGhz >= 0.001, "deviceCpuMin", m_deviceCpuMinGhz, "at least 0.001 GHz");
    Require(m_deviceCpuMaxGhz >= m_deviceCpuMinGhz, "deviceCpuMax", m_deviceCpuMaxGhz, "at least --deviceCpuMin");
    Require(deviceKappa >= 0, "deviceKappa", deviceKappa, "at least 0");
    Require(m_edgeCpuMinGhz >= 0.001, "edgeCpuMin", m_edgeCpuMinGhz, "at least 0.001 GHz");
    Require(m_edgeCpuMaxGhz > m_edgeCpuMinGhz, "edgeCpuMax", m_edgeCpuMaxGhz, "above --edgeCpuMin");
    Require(edgeKappa >= 0, "edgeKappa", edgeKappa, "at least 0");
    Require(m_cloudCpuGhz >= 0.001, "cloudCpu", m_cloudCpuGhz, "at least 0.001 GHz");
    Require(m_backhaulMbps >= 0.1 && m_backhaulMbps <= 1e5, "backhaulRate", m_backhaulMbps, "0.1 to 100000 Mb/s");
    Require(!backhaul.delay.IsStrictlyNegative(), "backhaulDelay", backhaul.delay.As(Time::MS), "at least 0ms");
    Require(backhaul.queuePackets >= 1, "backhaulQueue", backhaul.queuePackets, "at least 1 packet");
    Require(placement.areaM > 0, "area", placement.areaM, "above 0 m");
    Require(isShare(placement.hotspotShare), "hotspotShare", placement.hotspotShare, "0 to 1");
    Require(placement.hotspotSigmaM >= 0, "hotspotSigma", placement.hotspotSigmaM, "at least 0 m");
    Require(radio.propagation.pathLossExponent > 0, "exponent", radio.propagation.pathLossExponent, "above 0");
    Require(radio.propagation.fadingRho >= 0 && radio.propagation.fadingRho < 1,
            "fadingRho",
            radio.propagation.fadingRho,
            "0 to below 1");
    Require(m_rewardKind == "team" || m_rewardKind == "agent", "reward", m_rewardKind, "team or agent");
    Require(isShare(reward.latency), "rewardLatency", reward.latency, "0 to 1");
    Require(reward.energy >= 0, "rewardEnergy", reward.energy, "at least 0");
    Require(reward.energyReferenceJ > 0, "energyReference", reward.energyReferenceJ, "above 0 J");
}

void
Settings::Resolve()
{
    Check();
    CheckHighest();
    RadioNetwork::CheckAttributeDefaults();
    tasks.sizeMinBytes = std::lround(m_sizeMinKb * KILOBYTE);
    tasks.sizeMaxBytes = std::lround(m_sizeMaxKb * KILOBYTE);
    deviceRateMinHz = m_deviceCpuMinGhz * GHZ;
    deviceRateMaxHz = m_deviceCpuMaxGhz * GHZ;
    edgeRateMinHz = m_edgeCpuMinGhz * GHZ;
    edgeRateMaxHz = m_edgeCpuMaxGhz * GHZ;
    cloudRateHz = m_cloudCpuGhz * GHZ;
    backhaul.rate = DataRate(static_cast<uint64_t>(std::llround(m_backhaulMbps * MBPS)));
    isTeamReward = m_rewardKind == "team";
}

double
Settings::GetTasksPerTick() const
{
    return devices * tasks.arrivalProbability;
}

double
Settings::GetMaximumCycles() const
{
    return 8.0 * tasks.sizeMaxBytes * tasks.densityMax;
}

} // namespace ns3::marl::edge_cloud
