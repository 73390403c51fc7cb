// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

// Energy and time of computing and transmitting, by hand and over a frame that was sent.

#include "models/compute-node.h"
#include "models/edge-server.h"
#include "models/energy-meter.h"
#include "models/power-level.h"

#include "ns3/simulator.h"
#include "ns3/wifi-phy-state-helper.h"

#include <cmath>

#include "validation/air-time.h"
#include "validation/link.h"
#include "validation/topics.h"

namespace ns3::marl::validation
{

namespace
{

constexpr double RELATIVE = 1e-9;

void
AddExact(Report& report,
         const std::string& name,
         const std::string& unit,
         double reference,
         const std::string& source,
         double ours)
{
    report.Add({name, unit, reference, source, ours, RELATIVE * reference, "arithmetic", {}});
}

void
AddComputing(Report& report)
{
    constexpr double CYCLES = 1e9;
    const std::string source = "Tran and Pompili 2019";
    ComputeNode device(1e9, 5e-27);
    EdgeServer server(20e9, Discipline::DEADLINE, {});
    Time deviceEnd;
    Time serverEnd;
    device.Submit(0, CYCLES, [&] { deviceEnd = Simulator::Now(); });
    server.SetDoneCallback([&](const EdgeJob&) { serverEnd = Simulator::Now(); });
    EdgeJob job;
    job.cycles = CYCLES;
    job.expiry = Seconds(10);
    job.deadline = Seconds(10);
    server.Submit(job);
    Simulator::Run();
    AddExact(report, "device, 1000 Mcycles at 1 GHz, time", "s", 1, source, deviceEnd.GetSeconds());
    AddExact(report, "device, 1000 Mcycles at 1 GHz, kappa 5e-27, energy", "J", 5, source, device.GetEnergyJ());
    AddExact(report, "server, 1000 Mcycles at 20 GHz, time", "s", 0.05, source, serverEnd.GetSeconds());
    Simulator::Destroy();
}

/// One frame at 20 dBm and MCS 5 and its acknowledgement at 24 Mb/s, with the default powers.
void
AddTransmission(Report& report)
{
    constexpr uint8_t MCS = 5;
    constexpr double POWER_DBM = 20;
    constexpr double POWER_W = 0.1;
    constexpr double SPAN_S = 0.1;
    Link link({}, 5);
    EnergyMeter meter({}, Time(0));
    const auto phy = link.GetDeviceRadio()->GetPhy();
    phy->TraceConnectWithoutContext(
        "PhyTxPsduBegin",
        Callback<void, WifiConstPsduMap, WifiTxVector, double>(
            [&](WifiConstPsduMap, WifiTxVector, double powerW) { meter.NotifyTxBegin(0, powerW); }));
    phy->GetState()->TraceConnectWithoutContext(
        "State", Callback<void, Time, Time, WifiPhyState>([&](Time start, Time duration, WifiPhyState state) {
            meter.NotifyState(0, start, duration, state);
        }));
    link.SetRate(MCS, POWER_DBM);
    link.Send(1, 1428);
    link.Run(Seconds(SPAN_S));
    const double airS = GetHeDurationS(MCS, link.GetFrames().at(0).bytes);
    // ns-3 says that a radio receives from the payload on: the preamble of 20 us counts as a busy channel, that is as idle.
    const double ackS = GetOfdmDurationS(24, ACK_BYTES) - OFDM_PREAMBLE_S;
    AddExact(report,
             "a frame of " + std::to_string(link.GetFrames()[0].bytes) + " B at MCS 5 and 20 dBm, transmit energy",
             "J",
             airS * (POWER_W / 0.1 + 0.819),
             "air time (P/0.1 + 0.819 W)",
             meter.GetTransmitJ());
    AddExact(
        report, "the same, beyond idling", "J", airS * POWER_W / 0.1, "air time P/0.1", meter.GetTransmitAboveIdleJ());
    AddExact(report,
             "payload of its acknowledgement, receive energy",
             "J",
             ackS * 0.939,
             "8 us 0.939 W",
             meter.GetReceiveJ());
    AddExact(report,
             "idling for the rest of 0.1 s",
             "J",
             (SPAN_S - airS - ackS) * 0.819,
             "0.819 W",
             meter.GetIdleJ(Simulator::Now()));
}

} // namespace

void
ValidateEnergy(Report& report, Effort /* effort */)
{
    AddComputing(report);
    AddTransmission(report);
}

} // namespace ns3::marl::validation
