// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/radio-arguments.h"

#include "models/power-level.h"

#include <numeric>
#include <sstream>
#include <stdexcept>

#include "scenarios/aiot-mec/require.h"

namespace ns3::marl::aiot_mec
{

namespace
{

constexpr uint32_t MAXIMUM_INTERFERERS = 1000;

/// Reads a file of the models. \throws Error (CONFIG) with what they find in it
template <typename Read>
void
ReadFile(const std::string& argument, const std::string& path, Read read)
{
    Require(!path.empty(), argument, path, "the name of a file");
    try
    {
        read();
    }
    catch (const std::invalid_argument& error)
    {
        throw Error(FaultKind::CONFIG, "argument '--" + argument + "': " + error.what() + "; mend the file");
    }
}

} // namespace

void
RadioArguments::AddArguments(Arguments& arguments)
{
    arguments.Add("placement", "Where devices and servers stand: hotspots, uniform or file", m_placement);
    arguments.Add(
        "positionsFile", "CSV file kind,x,y for --placement=file; kind: device or server [m]", m_positionsFile);
    arguments.Add("mobility", "How devices move: static, random-waypoint or trace", m_mobility);
    arguments.Add("mobilityFile", "CSV file device,time,x,y for --mobility=trace [s, m]", m_mobilityFile);
    arguments.Add("speedMin", "Slowest way of random-waypoint [m/s]", mobility.speedMinMps);
    arguments.Add("speedMax", "Fastest way of random-waypoint [m/s]", mobility.speedMaxMps);
    arguments.Add("pause", "Between two ways of random-waypoint", mobility.pause);

    arguments.Add("phy", "ns-3's physical layer: yans or spectrum (channels leak into their neighbours)", m_phy);
    arguments.Add("shadowing", "Standard deviation of log-normal shadowing [dB]; 0: none", m_shadowingDb);
    arguments.Add("shadowingDistance", "Way over which shadowing decorrelates to 1/e [m]", m_shadowingDistanceM);
    arguments.Add("interferers", "Stations that broadcast on their own account", background.interferers);
    arguments.Add("interfererDuty", "Share of the time in which an interferer is on", background.interfererDuty);
    arguments.Add("interfererOn", "Mean on period of an interferer", background.interfererOn);
    arguments.Add(
        "crossTraffic", "UDP between two other stations on each channel [Mb/s]; 0: none", background.crossTrafficMbps);
    arguments.Add("backgroundPower", "Transmit power of interferers and cross traffic [dBm]", background.powerDbm);

    arguments.Add("pcap", "Begin of the names of pcap files, one for each radio shown", traces.pcap);
    arguments.Add("ascii", "Text file of what the radios shown send, queue and receive", traces.ascii);
    arguments.Add(
        "traceDevices", "Devices that pcap and ascii show beside the servers: all, or like 0,3,7", m_traceDevices);
    arguments.Add("flowMonitor", "XML file of ns-3's FlowMonitor", traces.flowMonitor);
    arguments.Add("netAnim", "XML file for the animator NetAnim", traces.netAnim);
    arguments.Add("trace",
                  "Trace sources to write, as comma-separated paths of ns-3's Config, such as "
                  "/NodeList/*/$ns3::marl::EdgeServer/Waiting",
                  traces.sources);
    arguments.Add(
        "tracePrefix", "Begin of the names of the CSV files of --trace, one for each source", traces.sourceFiles);
}

void
RadioArguments::CheckNumbers() const
{
    Require(mobility.speedMinMps > 0, "speedMin", mobility.speedMinMps, "above 0 m/s");
    Require(mobility.speedMaxMps >= mobility.speedMinMps, "speedMax", mobility.speedMaxMps, "at least --speedMin");
    Require(mobility.speedMaxMps <= 1000, "speedMax", mobility.speedMaxMps, "at most 1000 m/s");
    Require(!mobility.pause.IsStrictlyNegative(), "pause", mobility.pause.As(Time::S), "at least 0s");
    Require(m_shadowingDb >= 0, "shadowing", m_shadowingDb, "at least 0 dB");
    Require(m_shadowingDb <= 40, "shadowing", m_shadowingDb, "at most 40 dB");
    Require(m_shadowingDistanceM > 0, "shadowingDistance", m_shadowingDistanceM, "above 0 m");
    Require(m_shadowingDistanceM <= 100000, "shadowingDistance", m_shadowingDistanceM, "at most 100000 m");
    Require(background.interferers <= MAXIMUM_INTERFERERS, "interferers", background.interferers, "0 to 1000");
    Require(background.interfererDuty > 0 && background.interfererDuty <= 1,
            "interfererDuty",
            background.interfererDuty,
            "above 0 to 1");
    Require(background.interfererOn.IsStrictlyPositive(),
            "interfererOn",
            background.interfererOn.As(Time::MS),
            "above 0ms");
    Require(background.crossTrafficMbps >= 0 && background.crossTrafficMbps <= 100,
            "crossTraffic",
            background.crossTrafficMbps,
            "0 to 100 Mb/s");
    Require(background.powerDbm >= MINIMUM_POWER_DBM && background.powerDbm <= MAXIMUM_POWER_DBM,
            "backgroundPower",
            background.powerDbm,
            "0 to 30 dBm");
}

void
RadioArguments::ReadWords(RadioSettings& radio, Placement& placement)
{
    Require(m_placement == "hotspots" || m_placement == "uniform" || m_placement == "file",
            "placement",
            m_placement,
            "hotspots, uniform or file");
    Require(
        m_placement == "file" || m_positionsFile.empty(), "positionsFile", m_positionsFile, "--placement=file with it");
    Require(m_mobility == "static" || m_mobility == "random-waypoint" || m_mobility == "trace",
            "mobility",
            m_mobility,
            "static, random-waypoint or trace");
    Require(
        m_mobility == "trace" || m_mobilityFile.empty(), "mobilityFile", m_mobilityFile, "--mobility=trace with it");
    Require(m_phy == "yans" || m_phy == "spectrum", "phy", m_phy, "yans or spectrum");
    if (m_placement == "uniform")
    {
        placement.hotspotShare = 0;
    }
    mobility.kind = m_mobility == "static"  ? MobilityKind::STATIC
                    : m_mobility == "trace" ? MobilityKind::TRACE
                                            : MobilityKind::RANDOM_WAYPOINT;
    radio.phy = m_phy == "yans" ? PhyKind::YANS : PhyKind::SPECTRUM;
    radio.propagation.shadowingDb = m_shadowingDb;
    radio.propagation.shadowingDistanceM = m_shadowingDistanceM;
}

void
RadioArguments::ReadFiles(uint32_t devices, uint32_t servers, Placement& placement)
{
    if (m_placement == "file")
    {
        ReadFile("positionsFile", m_positionsFile, [&] { placement.ReadFile(m_positionsFile); });
        const auto expect = [this](const std::string& kind, uint32_t given, std::size_t placed) {
            Require(
                given == placed, kind, given, std::to_string(placed) + ", as many as '" + m_positionsFile + "' places");
        };
        expect("devices", devices, placement.devices.size());
        expect("servers", servers, placement.servers.size());
    }
    if (mobility.kind == MobilityKind::TRACE)
    {
        ReadFile("mobilityFile", m_mobilityFile, [&] {
            mobility.ReadTrace(m_mobilityFile, devices, placement.areaM, placement.deviceHeightM);
        });
    }
}

void
RadioArguments::ReadTraceDevices(uint32_t devices)
{
    Require(m_traceDevices.empty() || !traces.pcap.empty() || !traces.ascii.empty(),
            "traceDevices",
            m_traceDevices,
            "--pcap or --ascii with it");
    if (m_traceDevices == "all")
    {
        traces.devices.resize(devices);
        std::iota(traces.devices.begin(), traces.devices.end(), 0);
        return;
    }
    std::istringstream words(m_traceDevices);
    for (std::string word; std::getline(words, word, ',');)
    {
        const bool isNumber =
            !word.empty() && word.size() < 9 && word.find_first_not_of("0123456789") == std::string::npos;
        Require(isNumber && std::stoul(word) < devices,
                "traceDevices",
                m_traceDevices,
                "all, or numbers of devices below --devices like 0,3,7");
        traces.devices.push_back(std::stoul(word));
    }
}

void
RadioArguments::Resolve(uint32_t devices, uint32_t servers, RadioSettings& radio, Placement& placement)
{
    CheckNumbers();
    ReadWords(radio, placement);
    ReadFiles(devices, servers, placement);
    ReadTraceDevices(devices);
    RequireFolder("pcap", traces.pcap);
    RequireFolder("ascii", traces.ascii);
    RequireFolder("flowMonitor", traces.flowMonitor);
    RequireFolder("netAnim", traces.netAnim);
    Require(traces.sources.empty() == traces.sourceFiles.empty(),
            traces.sources.empty() ? "tracePrefix" : "trace",
            traces.sources.empty() ? traces.sourceFiles : traces.sources,
            traces.sources.empty() ? "--trace with it" : "--tracePrefix with it: where the files go");
    RequireFolder("tracePrefix", traces.sourceFiles);
}

} // namespace ns3::marl::aiot_mec
