// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_SCENARIOS_AIOT_MEC_PCAP_FILES_H
#define NS3MARL_SCENARIOS_AIOT_MEC_PCAP_FILES_H

#include "ns3/wifi-net-device.h"
#include "ns3/yans-wifi-helper.h"

#include <memory>
#include <string>
#include <vector>

namespace ns3::marl::aiot_mec
{

/// ns-3's pcap files of radios, except that one that cannot be written is an error. Any helper does as the base: what it writes
/// stands in WifiPhy.
class PcapFiles : private YansWifiPhyHelper
{
  public:
    PcapFiles();

    /// Writes what a radio sends and receives, from its first frame on.
    void Watch(Ptr<WifiNetDevice> radio, const std::string& name);

    /// Completes the files. \throws std::runtime_error that names one that could not be written
    void Complete();

  private:
    using Info = std::shared_ptr<PcapFilesInfo>;

    static void Check(const PcapFilesInfo& info);

    std::vector<Info> m_files;
};

} // namespace ns3::marl::aiot_mec

#endif // NS3MARL_SCENARIOS_AIOT_MEC_PCAP_FILES_H
