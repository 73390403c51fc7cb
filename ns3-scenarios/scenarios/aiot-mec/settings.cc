// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/settings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "scenarios/aiot-mec/require.h"

namespace ns3::marl::aiot_mec
{

namespace
{

constexpr double KILOBYTE = 1000;
constexpr double GHZ = 1e9;
constexpr double MAXIMUM_DATAGRAM_FRAGMENTS = 65535;

} // namespace

void
Settings::AddArguments(Arguments& arguments)
{
    arguments.Add("devices", "Number of devices N, at least 1", devices);
    arguments.Add("servers", "Number of edge servers K, at least 1", servers);
    arguments.Add("channels", "Number of 20 MHz channels C, 1 to 8", m_channels);
    arguments.Add("ticks", "Actions in an episode", ticks);
    arguments.Add("tick", "Time between two decisions", m_tick);
    arguments.Add("preset",
                  "Defaults of other arguments, which override it: default; stress: tick=25ms; easy: deadlineMin=30ms; "
                  "balanced: tick=25ms, densityMin=100, densityMax=600; dense: area=120*sqrt(devices/50), channels=8; "
                  "mixed: arrivalProbability=0.5, sizeMin=5, sizeMax=80, densityMin=20, densityMax=600, "
                  "deviceCpuMin=0.5, deviceCpuMax=2, kappa=2e-28, serverCpuMin=4, serverCpuMax=12, area=250",
                  m_preset);

    arguments.Add("arrivalProbability", "Of a task, per device and tick", m_arrivalProbability);
    arguments.Add("sizeMin", "Smallest task [kB = 1000 B]", m_sizeMinKb);
    arguments.Add("sizeMax", "Largest task [kB]", m_sizeMaxKb);
    arguments.Add("densityMin", "Least work [cycles/bit]", m_densityMin);
    arguments.Add("densityMax", "Most work [cycles/bit]", m_densityMax);
    arguments.Add("deadlineMin", "Shortest deadline", m_deadlineMin);
    arguments.Add("deadlineMax", "Longest deadline", m_deadlineMax);
    arguments.Add("premiumShare", "Share of premium tasks, 0 to 1", tasks.premiumShare);
    arguments.Add("jitter", "Longest delay between decision and first transmission", tasks.jitterMax);

    arguments.Add("deviceCpuMin", "Slowest device CPU [GHz]", m_deviceCpuMinGhz);
    arguments.Add("deviceCpuMax", "Fastest device CPU [GHz]", m_deviceCpuMaxGhz);
    arguments.Add("kappa", "Effective switched capacitance of a device CPU [J / (Hz^2 cycle)]", m_kappa);
    arguments.Add("serverCpuMin", "Slowest server [GHz]", m_serverCpuMinGhz);
    arguments.Add("serverCpuMax", "Fastest server [GHz]", m_serverCpuMaxGhz);
    arguments.Add("serverRates", "Rate of each server [GHz], such as 10,20,30, instead of the spread", m_serverRates);
    arguments.Add("serverFailures",
                  "When servers are down: ID:FROM:TO,... in seconds since tick 0, such as 2:5:7.5",
                  m_serverFailures);
    arguments.Add("offloading",
                  "What devices may choose: any mode, binary (local or full) or partial (local or partial)",
                  m_offloading);
    arguments.Add("battery", "Energy that a device has [J]; 0: unlimited", batteryJ);

    arguments.Add("area", "Side of the square area [m]", m_area);
    arguments.Add("hotspotShare", "Share of the devices in the two hotspots, 0 to 1", placement.hotspotShare);
    arguments.Add("hotspotSigma", "Standard deviation of a hotspot [m]", placement.hotspotSigmaM);
    arguments.Add("exponent", "Path loss exponent", radio.propagation.pathLossExponent);
    arguments.Add("referenceLoss", "Path loss at 1 m [dB]", radio.propagation.referenceLossDb);
    arguments.Add("noiseFigure", "Noise figure of the receivers [dB]", radio.propagation.noiseFigureDb);
    arguments.Add(
        "fadingRho", "Correlation of the fading from tick to tick, 0 to below 1", radio.propagation.fadingRho);
    arguments.Add("csi", "What devices know of servers and channels: measured or genie", m_csi);
    radioArguments.AddArguments(arguments);
    arguments.Add("mute", "Radios of channels that a device is not tuned to hear nothing", mute);

    arguments.Add("discipline", "Order of the servers' queues: deadline or priority", m_discipline);
    arguments.Add("edca",
                  "What goes to the video access category: none, deadline (short deadlines), resource (much work), sla "
                  "(premium) or combined (upper half of the priorities)",
                  m_edca);
    arguments.Add("alpha", "Priority weight of the used share of the deadline", priority.alpha);
    arguments.Add("beta", "Priority weight of the work", priority.beta);
    arguments.Add("gamma", "Priority weight of the premium service level", priority.gamma);

    arguments.Add("exogenousOut",
                  "Folder to write the exogenous world to: places, rates, tasks, fading and shadowing",
                  exogenousOut);
    arguments.Add("exogenousIn",
                  "Folder to read the exogenous world from, instead of drawing it: as named, or the episode's own of "
                  "those that --exogenousOut writes",
                  exogenousIn);

    arguments.Add("reward",
                  "What a device is paid: the team's reward, or its share of it, an agent's: team or agent",
                  m_rewardKind);
    arguments.Add("rewardCompletion", "Reward weight of completion", reward.completion);
    arguments.Add("rewardEnergy", "Reward weight of energy", reward.energy);
    arguments.Add("rewardAge", "Reward weight of the age of information", reward.age);
    arguments.Add("rewardLatency", "Reward weight of the share of the deadline that is left", reward.latency);
    arguments.Add("rewardUtilisation", "Reward weight of the servers' utilisation", reward.utilisation);
    arguments.Add(
        "energyReference", "E0, the energy per task that halves the energy term [J]", reward.energyReferenceJ);
    arguments.Add("ageReference", "Age from which the age term is 0 [ticks]", reward.ageReferenceTicks);
    arguments.Add("outageSnr", "SNR below which a link is in outage, for outage_probability [dB]", outageSnrDb);
    arguments.Add("outagePower", "Power for which outage_probability holds [dBm]", outagePowerDbm);
}

void
Settings::ApplyPreset()
{
    if (m_preset == "stress")
    {
        SetUnlessGiven(m_tick, MilliSeconds(25));
    }
    else if (m_preset == "easy")
    {
        SetUnlessGiven(m_deadlineMin, MilliSeconds(30));
    }
    else if (m_preset == "balanced")
    {
        SetUnlessGiven(m_tick, MilliSeconds(25));
        SetUnlessGiven(m_densityMin, 100.0);
        SetUnlessGiven(m_densityMax, 600.0);
    }
    else if (m_preset == "dense")
    {
        SetUnlessGiven(m_area, 120 * std::sqrt(devices / 50.0));
        SetUnlessGiven(m_channels, CHANNEL_SLOTS);
    }
    else if (m_preset == "mixed")
    {
        SetUnlessGiven(m_arrivalProbability, 0.5);
        SetUnlessGiven(m_sizeMinKb, 5.0);
        SetUnlessGiven(m_sizeMaxKb, 80.0);
        SetUnlessGiven(m_densityMin, 20.0);
        SetUnlessGiven(m_densityMax, 600.0);
        SetUnlessGiven(m_deviceCpuMinGhz, 0.5);
        SetUnlessGiven(m_deviceCpuMaxGhz, 2.0);
        SetUnlessGiven(m_kappa, 2e-28);
        SetUnlessGiven(m_serverCpuMinGhz, 4.0);
        SetUnlessGiven(m_serverCpuMaxGhz, 12.0);
        SetUnlessGiven(m_area, 250.0);
    }
    else
    {
        Require(m_preset == "default", "preset", m_preset, "default, stress, easy, balanced, dense or mixed");
    }
}

void
Settings::ReadWords()
{
    Require(m_csi == "measured" || m_csi == "genie", "csi", m_csi, "measured or genie");
    Require(m_rewardKind == "team" || m_rewardKind == "agent", "reward", m_rewardKind, "team or agent");
    Require(
        m_discipline == "deadline" || m_discipline == "priority", "discipline", m_discipline, "deadline or priority");
    constexpr std::array<std::pair<const char*, Edca>, 5> EDCA_MODES{{{"none", Edca::NONE},
                                                                      {"deadline", Edca::DEADLINE},
                                                                      {"resource", Edca::RESOURCE},
                                                                      {"sla", Edca::SLA},
                                                                      {"combined", Edca::COMBINED}}};
    const auto* const mode =
        std::find_if(EDCA_MODES.begin(), EDCA_MODES.end(), [this](const auto& named) { return named.first == m_edca; });
    Require(mode != EDCA_MODES.end(), "edca", m_edca, "none, deadline, resource, sla or combined");
    Require(m_offloading == "any" || m_offloading == "binary" || m_offloading == "partial",
            "offloading",
            m_offloading,
            "any, binary or partial");
    isGenie = m_csi == "genie";
    allowsPartial = m_offloading != "binary";
    allowsFull = m_offloading != "partial";
    isTeamReward = m_rewardKind == "team";
    discipline = m_discipline == "deadline" ? Discipline::DEADLINE : Discipline::PRIORITY;
    edca = mode->second;
}

/// Beyond these values ns-3's numbers end, or models give nothing that means something.
void
Settings::CheckHighest() const
{
    const auto require = [](const char* argument, double value, int highest, const char* unit) {
        Require(value <= highest, argument, value, "at most " + std::to_string(highest) + unit);
    };
    require("densityMax", m_densityMax.value, 1'000'000, " cycles/bit");
    require("deviceCpuMax", m_deviceCpuMaxGhz.value, 1'000, " GHz");
    require("serverCpuMax", m_serverCpuMaxGhz.value, 100'000, " GHz");
    require("kappa", kappa, 1, " J/(Hz^2*cycle)");
    require("battery", batteryJ, 100'000'000, " J");
    require("area", m_area.value, 100'000, " m");
    require("hotspotSigma", placement.hotspotSigmaM, 100'000, " m");
    require("exponent", radio.propagation.pathLossExponent, 10, "");
    require("referenceLoss", radio.propagation.referenceLossDb, 300, " dB");
    require("noiseFigure", radio.propagation.noiseFigureDb, 100, " dB");
    require("alpha", priority.alpha, 1'000'000, "");
    require("beta", priority.beta, 1'000'000, "");
    require("gamma", priority.gamma, 1'000'000, "");
    require("rewardCompletion", reward.completion, 1'000'000, "");
    require("rewardEnergy", reward.energy, 1'000'000, "");
    require("rewardAge", reward.age, 1'000'000, "");
    require("rewardLatency", reward.latency, 1'000'000, "");
    require("rewardUtilisation", reward.utilisation, 1'000'000, "");
    require("energyReference", reward.energyReferenceJ, 100'000'000, " J");
    require("ageReference", reward.ageReferenceTicks, 100'000'000, " ticks");
}

void
Settings::Check() const
{
    const auto isShare = [](double value) { return value >= 0 && value <= 1; };
    Require(devices >= 1 && devices < 0xf000, "devices", devices, "1 to 61439");
    Require(servers >= 1 && servers < 0xfff, "servers", servers, "1 to 4094");
    Require(m_channels.value >= 1 && m_channels.value <= CHANNEL_SLOTS, "channels", m_channels.value, "1 to 8");
    Require(ticks >= 1, "ticks", ticks, "at least 1");
    Require(tick >= MilliSeconds(10), "tick", tick.As(Time::MS), "at least 10ms: status broadcasts take 5 ms of it");
    Require(isShare(tasks.arrivalProbability), "arrivalProbability", tasks.arrivalProbability, "0 to 1");
    Require(m_sizeMinKb.value >= 0.001, "sizeMin", m_sizeMinKb.value, "at least 0.001 kB");
    Require(m_sizeMaxKb.value >= m_sizeMinKb.value, "sizeMax", m_sizeMaxKb.value, "at least --sizeMin");
    Require(m_sizeMaxKb.value * KILOBYTE / 1400 < MAXIMUM_DATAGRAM_FRAGMENTS,
            "sizeMax",
            m_sizeMaxKb.value,
            "below 91749 kB");
    Require(m_densityMin.value > 0, "densityMin", m_densityMin.value, "above 0 cycles/bit");
    Require(m_densityMax.value >= m_densityMin.value, "densityMax", m_densityMax.value, "at least --densityMin");
    Require(tasks.deadlineMin >= MilliSeconds(1), "deadlineMin", tasks.deadlineMin.As(Time::MS), "at least 1ms");
    Require(tasks.deadlineMax >= tasks.deadlineMin,
            "deadlineMax",
            tasks.deadlineMax.As(Time::MS),
            "at least --deadlineMin");
    Require(isShare(tasks.premiumShare), "premiumShare", tasks.premiumShare, "0 to 1");
    Require(!tasks.jitterMax.IsStrictlyNegative() && tasks.jitterMax < tick,
            "jitter",
            tasks.jitterMax.As(Time::MS),
            "0ms to below --tick");
    Require(m_deviceCpuMinGhz.value >= 0.001, "deviceCpuMin", m_deviceCpuMinGhz.value, "at least 0.001 GHz");
    Require(m_deviceCpuMaxGhz.value >= m_deviceCpuMinGhz.value,
            "deviceCpuMax",
            m_deviceCpuMaxGhz.value,
            "at least --deviceCpuMin");
    Require(kappa >= 0, "kappa", kappa, "at least 0");
    Require(m_serverCpuMinGhz.value >= 0.001, "serverCpuMin", m_serverCpuMinGhz.value, "at least 0.001 GHz");
    Require(m_serverCpuMaxGhz.value >= m_serverCpuMinGhz.value,
            "serverCpuMax",
            m_serverCpuMaxGhz.value,
            "at least --serverCpuMin");
    Require(batteryJ >= 0, "battery", batteryJ, "at least 0 J");
    Require(m_area.value > 0, "area", m_area.value, "above 0 m");
    Require(isShare(placement.hotspotShare), "hotspotShare", placement.hotspotShare, "0 to 1");
    Require(placement.hotspotSigmaM >= 0, "hotspotSigma", placement.hotspotSigmaM, "at least 0 m");
    Require(radio.propagation.pathLossExponent > 0, "exponent", radio.propagation.pathLossExponent, "above 0");
    Require(radio.propagation.referenceLossDb >= 0,
            "referenceLoss",
            radio.propagation.referenceLossDb,
            "at least 0 dB: a path amplifies nothing");
    Require(radio.propagation.noiseFigureDb >= 0,
            "noiseFigure",
            radio.propagation.noiseFigureDb,
            "at least 0 dB: a receiver adds noise");
    Require(radio.propagation.fadingRho >= 0 && radio.propagation.fadingRho < 1,
            "fadingRho",
            radio.propagation.fadingRho,
            "0 to below 1");
    Require(priority.alpha >= 0, "alpha", priority.alpha, "at least 0");
    Require(priority.beta >= 0, "beta", priority.beta, "at least 0");
    Require(priority.gamma >= 0, "gamma", priority.gamma, "at least 0");
    Require(reward.completion >= 0, "rewardCompletion", reward.completion, "at least 0");
    Require(reward.energy >= 0, "rewardEnergy", reward.energy, "at least 0");
    Require(reward.age >= 0, "rewardAge", reward.age, "at least 0");
    Require(reward.latency >= 0, "rewardLatency", reward.latency, "at least 0");
    Require(reward.utilisation >= 0, "rewardUtilisation", reward.utilisation, "at least 0");
    Require(reward.energyReferenceJ > 0, "energyReference", reward.energyReferenceJ, "above 0 J");
    Require(reward.ageReferenceTicks > 0, "ageReference", reward.ageReferenceTicks, "above 0 ticks");
}

void
Settings::Resolve()
{
    ApplyPreset();
    ReadWords();
    tick = m_tick.value;
    tasks.arrivalProbability = m_arrivalProbability.value;
    tasks.densityMin = m_densityMin.value;
    tasks.densityMax = m_densityMax.value;
    tasks.deadlineMin = m_deadlineMin.value;
    tasks.deadlineMax = m_deadlineMax.value;
    kappa = m_kappa.value;
    Check();
    CheckHighest();
    tasks.sizeMinBytes = std::lround(m_sizeMinKb.value * KILOBYTE);
    tasks.sizeMaxBytes = std::lround(m_sizeMaxKb.value * KILOBYTE);
    placement.areaM = m_area.value;
    radio.channels = m_channels.value;
    radioArguments.Resolve(devices, servers, radio, placement);
    RadioNetwork::CheckAttributeDefaults();
    radio.tids = edca == Edca::NONE ? std::vector<uint8_t>{0} : std::vector<uint8_t>{0, VIDEO_TID};
    priority.maximumCycles = 8.0 * tasks.sizeMaxBytes * tasks.densityMax;
    deviceRateMinHz = m_deviceCpuMinGhz.value * GHZ;
    deviceRateMaxHz = m_deviceCpuMaxGhz.value * GHZ;
    serverRateMinHz = m_serverCpuMinGhz.value * GHZ;
    serverRateMaxHz = m_serverCpuMaxGhz.value * GHZ;
    serverRatesHz = ParseServerRates(m_serverRates, servers);
    if (!serverRatesHz.empty())
    {
        serverRateMaxHz = *std::max_element(serverRatesHz.begin(), serverRatesHz.end());
    }
    serverFailures = ParseServerFailures(m_serverFailures, servers);
    RequireFolder("exogenousOut", exogenousOut);
    Require(exogenousIn.empty() || exogenousIn != exogenousOut,
            "exogenousOut",
            exogenousOut,
            "another folder than that of --exogenousIn");
}

} // namespace ns3::marl::aiot_mec
