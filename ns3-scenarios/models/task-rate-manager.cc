// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/task-rate-manager.h"

#include "ns3/he-phy.h"
#include "ns3/ofdm-phy.h"
#include "ns3/wifi-phy.h"
#include "ns3/wifi-tx-vector.h"

#include <cmath>

namespace ns3::marl
{

namespace
{

const Time GUARD_INTERVAL = NanoSeconds(800); ///< the shortest of HE, and the only one of OFDM

WifiMode
GetControlMode(uint8_t mcs)
{
    switch (mcs)
    {
    case 0:
        return OfdmPhy::GetOfdmRate6Mbps();
    case 1:
        return OfdmPhy::GetOfdmRate12Mbps();
    default:
        return OfdmPhy::GetOfdmRate24Mbps();
    }
}

} // namespace

NS_OBJECT_ENSURE_REGISTERED(TaskRateManager);

TypeId
TaskRateManager::GetTypeId()
{
    static TypeId tid = TypeId("ns3::marl::TaskRateManager")
                            .SetParent<WifiRemoteStationManager>()
                            .SetGroupName("Wifi")
                            .AddConstructor<TaskRateManager>();
    return tid;
}

void
TaskRateManager::SetLink(const Mac48Address& peer, uint8_t mcs, uint8_t powerLevel)
{
    m_links[peer] = {mcs, powerLevel};
}

std::optional<double>
TaskRateManager::GetHeardSnrDb(const Mac48Address& peer) const
{
    const auto heard = m_heardSnr.find(peer);
    if (heard == m_heardSnr.end())
    {
        return std::nullopt;
    }
    return 10 * std::log10(heard->second);
}

TaskRateManager::Link
TaskRateManager::GetLink(const WifiRemoteStation& station) const
{
    const auto link = m_links.find(station.m_state->m_address);
    return link == m_links.end() ? Link{} : link->second;
}

WifiRemoteStation*
TaskRateManager::DoCreateStation() const
{
    return new WifiRemoteStation; // NOLINT: the base class deletes it
}

WifiTxVector
TaskRateManager::DoGetDataTxVector(WifiRemoteStation* station, MHz_u allowedWidth)
{
    const Link link = GetLink(*station);
    const WifiMode mode = HePhy::GetHeMcs(link.mcs);
    return WifiTxVector(mode,
                        link.powerLevel.value_or(GetDefaultTxPowerLevel()),
                        WIFI_PREAMBLE_HE_SU,
                        GUARD_INTERVAL,
                        1,
                        1,
                        0,
                        GetPhy()->GetTxBandwidth(mode, allowedWidth),
                        true);
}

WifiTxVector
TaskRateManager::DoGetRtsTxVector(WifiRemoteStation* station)
{
    const Link link = GetLink(*station);
    const WifiMode mode = GetControlMode(link.mcs);
    return WifiTxVector(mode,
                        link.powerLevel.value_or(GetDefaultTxPowerLevel()),
                        WIFI_PREAMBLE_LONG,
                        GUARD_INTERVAL,
                        1,
                        1,
                        0,
                        GetPhy()->GetTxBandwidth(mode),
                        false);
}

void
TaskRateManager::DoReportRxOk(WifiRemoteStation* station, double rxSnr, WifiMode /* txMode */)
{
    m_heardSnr[station->m_state->m_address] = rxSnr;
}

void
TaskRateManager::DoReportRtsFailed(WifiRemoteStation* /* station */)
{
}

void
TaskRateManager::DoReportDataFailed(WifiRemoteStation* /* station */)
{
}

void
TaskRateManager::DoReportRtsOk(WifiRemoteStation* /* station */,
                               double /* ctsSnr */,
                               WifiMode /* ctsMode */,
                               double /* rtsSnr */)
{
}

void
TaskRateManager::DoReportDataOk(WifiRemoteStation* /* station */,
                                double /* ackSnr */,
                                WifiMode /* ackMode */,
                                double /* dataSnr */,
                                MHz_u /* dataChannelWidth */,
                                uint8_t /* dataNss */)
{
}

void
TaskRateManager::DoReportFinalRtsFailed(WifiRemoteStation* /* station */)
{
}

void
TaskRateManager::DoReportFinalDataFailed(WifiRemoteStation* /* station */)
{
}

} // namespace ns3::marl
