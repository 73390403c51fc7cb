// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/traces.h"

#include "bridge/episode-file.h"
#include "bridge/error.h"

#include "ns3/simulator.h"
#include "ns3/trace-helper.h"
#include "ns3/yans-wifi-helper.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace ns3::marl::aiot_mec
{

namespace
{

/// \throws std::runtime_error unless the whole file could be written
void
Require(bool isWritten, const std::string& name)
{
    if (!isWritten)
    {
        throw std::runtime_error("file '" + GetEpisodeFileName(name) + "' cannot be written completely");
    }
}

/// ns-3 ends the process when it cannot open a file. \throws Error (CONFIG)
void
RequireWritable(const std::string& argument, const std::string& name)
{
    const bool isThere = std::filesystem::exists(name);
    if (!std::ofstream(name, std::ios::app))
    {
        throw Error(FaultKind::CONFIG,
                    "argument '--" + argument + "': '" + name +
                        "' cannot be written; name a file in a folder in which files can be made");
    }
    if (!isThere)
    {
        std::filesystem::remove(name);
    }
}

bool
EndsWith(const std::string& name, std::string_view end)
{
    std::ifstream file(name, std::ios::binary);
    file.seekg(-static_cast<std::streamoff>(end.size()), std::ios::end);
    std::string last(end.size(), '\0');
    return file.read(last.data(), static_cast<std::streamsize>(last.size())) && last == end;
}

} // namespace

Traces::Traces(const TraceSettings& settings)
    : m_settings(settings),
      m_finish(Simulator::ScheduleDestroy(&Traces::Complete, this))
{
}

Traces::~Traces()
{
    Simulator::Cancel(m_finish);
    try
    {
        Complete();
    }
    catch (const std::runtime_error& error)
    {
        std::cerr << error.what() << std::endl; // the episode has failed already
    }
}

void
Traces::Connect()
{
    if (m_settings.sources.empty())
    {
        return;
    }
    m_sources = std::make_unique<TraceFiles>(GetEpisodeFileName(m_settings.sourceFiles));
    std::istringstream paths(m_settings.sources);
    for (std::string path; std::getline(paths, path, ',');)
    {
        try
        {
            m_sources->Connect(path);
        }
        catch (const std::invalid_argument& error)
        {
            throw Error(FaultKind::CONFIG, std::string("argument '--trace': ") + error.what());
        }
    }
}

void
Traces::Watch(const RadioNetwork& network)
{
    if (!m_settings.pcap.empty())
    {
        m_pcap = std::make_unique<PcapFiles>();
    }
    if (!m_settings.ascii.empty())
    {
        RequireWritable("ascii", GetEpisodeFileName(m_settings.ascii));
        m_ascii = AsciiTraceHelper().CreateFileStream(GetEpisodeFileName(m_settings.ascii));
    }
    for (uint32_t channel = 0; channel < network.GetChannels(); channel++)
    {
        const auto ending = "-channel" + std::to_string(channel);
        for (uint32_t server = 0; server < network.GetServers(); server++)
        {
            WatchRadio(network.GetServerRadio(server, channel), "-server" + std::to_string(server) + ending);
        }
        for (const uint32_t device : m_settings.devices)
        {
            WatchRadio(network.GetDeviceRadio(device, channel), "-device" + std::to_string(device) + ending);
        }
    }
    if (!m_settings.flowMonitor.empty())
    {
        RequireWritable("flowMonitor", GetEpisodeFileName(m_settings.flowMonitor));
        m_flowMonitor = std::make_unique<FlowMonitorHelper>();
        m_flowMonitor->InstallAll();
    }
    if (!m_settings.netAnim.empty())
    {
        RequireWritable("netAnim", GetEpisodeFileName(m_settings.netAnim));
        m_animation = std::make_unique<AnimationInterface>(GetEpisodeFileName(m_settings.netAnim));
        m_animation->SetMaxPktsPerTraceFile(std::numeric_limits<uint64_t>::max());
        for (uint32_t server = 0; server < network.GetServers(); server++)
        {
            m_animation->UpdateNodeDescription(network.GetServer(server), "server-" + std::to_string(server));
            m_animation->UpdateNodeColor(network.GetServer(server), 0, 0, 255);
        }
    }
}

void
Traces::WatchRadio(Ptr<WifiNetDevice> radio, const std::string& name)
{
    if (m_pcap)
    {
        const auto file = GetEpisodeFileName(m_settings.pcap) + name + ".pcap";
        RequireWritable("pcap", file);
        m_pcap->Watch(radio, file);
    }
    if (m_ascii)
    {
        YansWifiPhyHelper().EnableAscii(m_ascii, radio); // any helper does: what it shows stands in WifiPhy
    }
}

void
Traces::Complete()
{
    if (const auto pcap = std::move(m_pcap))
    {
        pcap->Complete();
    }
    if (const auto ascii = std::exchange(m_ascii, nullptr))
    {
        Require(static_cast<bool>(ascii->GetStream()->flush()), m_settings.ascii);
    }
    if (m_sources)
    {
        m_sources->Complete();
    }
    if (const auto flowMonitor = std::move(m_flowMonitor))
    {
        flowMonitor->GetMonitor()->CheckForLostPackets();
        std::ofstream file(GetEpisodeFileName(m_settings.flowMonitor));
        file << "<?xml version=\"1.0\" ?>\n";
        flowMonitor->GetMonitor()->SerializeToXmlStream(file, 0, false, false);
        Require(static_cast<bool>(file.flush()), m_settings.flowMonitor);
    }
    if (m_animation)
    {
        m_animation.reset(); // writes the end of its file
        const auto name = GetEpisodeFileName(m_settings.netAnim);
        Require(EndsWith(name, "</anim>\n"), m_settings.netAnim);
    }
}

} // namespace ns3::marl::aiot_mec
