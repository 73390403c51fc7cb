// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/traces.h"

#include "bridge/episode-file.h"
#include "bridge/error.h"

#include "ns3/simulator.h"
#include "ns3/trace-helper.h"
#include "ns3/yans-wifi-helper.h"

#include <limits>
#include <ostream>
#include <sstream>
#include <stdexcept>

namespace ns3::marl::aiot_mec
{

Traces::Traces(const TraceSettings& settings)
    : m_settings(settings),
      m_finish(Simulator::ScheduleDestroy(&Traces::Finish, this))
{
}

Traces::~Traces()
{
    Simulator::Cancel(m_finish);
    Finish();
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
    if (!m_settings.ascii.empty())
    {
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
        m_flowMonitor = std::make_unique<FlowMonitorHelper>();
        m_flowMonitor->InstallAll();
    }
    if (!m_settings.netAnim.empty())
    {
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
    YansWifiPhyHelper helper; // any helper does: what it shows stands in WifiPhy
    if (!m_settings.pcap.empty())
    {
        helper.SetPcapDataLinkType(WifiPhyHelper::DLT_IEEE802_11_RADIO);
        helper.EnablePcap(GetEpisodeFileName(m_settings.pcap) + name + ".pcap", radio, true, true);
    }
    if (m_ascii)
    {
        helper.EnableAscii(m_ascii, radio);
    }
}

void
Traces::Finish()
{
    if (m_ascii)
    {
        *m_ascii->GetStream() << std::flush;
        m_ascii = nullptr;
    }
    if (m_sources)
    {
        m_sources->Flush();
    }
    if (m_flowMonitor)
    {
        m_flowMonitor->GetMonitor()->CheckForLostPackets();
        m_flowMonitor->SerializeToXmlFile(GetEpisodeFileName(m_settings.flowMonitor), false, false);
        m_flowMonitor.reset();
    }
    m_animation.reset(); // writes the end of its file
}

} // namespace ns3::marl::aiot_mec
