// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TASK_RATE_MANAGER_H
#define NS3MARL_MODELS_TASK_RATE_MANAGER_H

#include "ns3/mac48-address.h"
#include "ns3/wifi-remote-station-manager.h"

#include <cstdint>
#include <map>
#include <optional>

namespace ns3::marl
{

/// Rate and power by destination, as the application sets them; nothing adapts by itself. Destinations without a setting
/// get HE MCS 0 at the default power level. Block-ack requests go at the highest of 6, 12 and 24 Mb/s that is below the
/// data rate, with the data's power. Frames that were heard leave their SNR behind.
class TaskRateManager : public WifiRemoteStationManager
{
  public:
    static TypeId GetTypeId();

    /// \param powerLevel see power-level.h
    void SetLink(const Mac48Address& peer, uint8_t mcs, uint8_t powerLevel);

    /// \return SNR of the last frame from this peer that was for this station or for all; nothing before the first
    std::optional<double> GetHeardSnrDb(const Mac48Address& peer) const;

  private:
    struct Link
    {
        uint8_t mcs{0};
        std::optional<uint8_t> powerLevel; ///< nothing: the default
    };

    Link GetLink(const WifiRemoteStation& station) const;

    WifiRemoteStation* DoCreateStation() const override;
    WifiTxVector DoGetDataTxVector(WifiRemoteStation* station, MHz_u allowedWidth) override;
    WifiTxVector DoGetRtsTxVector(WifiRemoteStation* station) override;
    void DoReportRxOk(WifiRemoteStation* station, double rxSnr, WifiMode txMode) override;
    void DoReportRtsFailed(WifiRemoteStation* station) override;
    void DoReportDataFailed(WifiRemoteStation* station) override;
    void DoReportRtsOk(WifiRemoteStation* station, double ctsSnr, WifiMode ctsMode, double rtsSnr) override;
    void DoReportDataOk(WifiRemoteStation* station,
                        double ackSnr,
                        WifiMode ackMode,
                        double dataSnr,
                        MHz_u dataChannelWidth,
                        uint8_t dataNss) override;
    void DoReportFinalRtsFailed(WifiRemoteStation* station) override;
    void DoReportFinalDataFailed(WifiRemoteStation* station) override;

    std::map<Mac48Address, Link> m_links;
    std::map<Mac48Address, double> m_heardSnr; ///< linear
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TASK_RATE_MANAGER_H
