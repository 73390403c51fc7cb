// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/aiot-mec/pcap-files.h"

#include "ns3/pcap-file-wrapper.h"
#include "ns3/wifi-phy.h"

#include <stdexcept>

namespace ns3::marl::aiot_mec
{

PcapFiles::PcapFiles()
{
    SetPcapDataLinkType(DLT_IEEE802_11_RADIO);
}

void
PcapFiles::Watch(Ptr<WifiNetDevice> radio, const std::string& name)
{
    const auto info = std::make_shared<PcapFilesInfo>(name, GetPcapDataLinkType(), GetPcapCaptureType(), radio);
    m_files.push_back(info);
    const auto phy = radio->GetPhy();
    const auto id = phy->GetPhyId();
    phy->TraceConnectWithoutContext("MonitorSnifferTx",
                                    Callback<void, Ptr<const Packet>, uint16_t, WifiTxVector, MpduInfo, uint16_t>(
                                        [info, id](Ptr<const Packet> packet,
                                                   uint16_t frequencyMhz,
                                                   const WifiTxVector& vector,
                                                   const MpduInfo& aggregate,
                                                   uint16_t station) {
                                            Check(*info);
                                            PcapSniffTxEvent(
                                                info, id, packet, frequencyMhz, vector, aggregate, station);
                                        }));
    phy->TraceConnectWithoutContext(
        "MonitorSnifferRx",
        Callback<void, Ptr<const Packet>, uint16_t, WifiTxVector, MpduInfo, SignalNoiseDbm, uint16_t>(
            [info, id](Ptr<const Packet> packet,
                       uint16_t frequencyMhz,
                       const WifiTxVector& vector,
                       const MpduInfo& aggregate,
                       const SignalNoiseDbm& signal,
                       uint16_t station) {
                Check(*info);
                PcapSniffRxEvent(info, id, packet, frequencyMhz, vector, aggregate, signal, station);
            }));
}

void
PcapFiles::Complete()
{
    for (const auto& info : m_files)
    {
        for (const auto& [index, file] : info->files)
        {
            file->Close();
        }
        Check(*info);
        info->files.clear();
    }
    m_files.clear();
}

void
PcapFiles::Check(const PcapFilesInfo& info)
{
    for (const auto& [index, file] : info.files)
    {
        if (file->Fail())
        {
            throw std::runtime_error("file '" + info.commonFilename + "' cannot be written completely");
        }
    }
}

} // namespace ns3::marl::aiot_mec
