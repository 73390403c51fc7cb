// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_TRACES_H
#define NS3MARL_SCENARIOS_AIOT_MEC_TRACES_H

#include "models/radio-network.h"
#include "models/trace-files.h"

#include "ns3/animation-interface.h"
#include "ns3/event-id.h"
#include "ns3/flow-monitor-helper.h"
#include "ns3/output-stream-wrapper.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scenarios/aiot-mec/pcap-files.h"

namespace ns3::marl::aiot_mec
{

/// Which files to write; an empty name: none. Seed and run are added to each name, so that processes of one experiment do
/// not write to one file.
struct TraceSettings
{
    std::string pcap;              ///< begin of the names
    std::string ascii;             ///< queues, transmissions and receptions, in ns-3's text format
    std::string flowMonitor;       ///< XML
    std::string netAnim;           ///< XML for the animator NetAnim
    std::string sources;           ///< paths of ns-3's Config, separated by commas
    std::string sourceFiles;       ///< begin of the names of their files
    std::vector<uint32_t> devices; ///< whose radios pcap and ascii show, beside those of all servers
};

/// ns-3's own ways to look at a simulation. Looking changes nothing in it. NetAnim draws in nearly all of ns-3's libraries,
/// so this is no model that every scenario would have to load.
class Traces
{
  public:
    /// Before the first node: what is to be read at the end has to be read before the nodes go.
    explicit Traces(const TraceSettings& settings);
    ~Traces();
    Traces(const Traces&) = delete;
    Traces& operator=(const Traces&) = delete;

    /// Begins, once all nodes are there.
    void Watch(const RadioNetwork& network);

    /// Connects the trace sources, once everything is there that they may belong to. \throws Error (CONFIG)
    void Connect();

    /// Completes the files; what comes after is not in them. \throws std::runtime_error that names one that could not be written
    void Complete();

  private:
    void WatchRadio(Ptr<WifiNetDevice> radio, const std::string& name);

    TraceSettings m_settings;
    EventId m_finish;
    std::unique_ptr<PcapFiles> m_pcap;
    Ptr<OutputStreamWrapper> m_ascii;
    std::unique_ptr<FlowMonitorHelper> m_flowMonitor;
    std::unique_ptr<AnimationInterface> m_animation;
    std::unique_ptr<TraceFiles> m_sources;
};

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_TRACES_H
