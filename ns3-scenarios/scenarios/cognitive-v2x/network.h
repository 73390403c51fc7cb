// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_COGNITIVE_V2X_NETWORK_H
#define NS3MARL_COGNITIVE_V2X_NETWORK_H

#include "models/licensed-channel.h"

#include "ns3/mobility-model.h"
#include "ns3/node-container.h"
#include "ns3/propagation-loss-model.h"
#include "ns3/wifi-net-device.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "scenarios/cognitive-v2x/settings.h"

namespace ns3::marl::cognitive_v2x
{

/// Vehicles with one 802.11p radio each and primary links, on streets. All signals share one spectrum. The loss between
/// any two stations is that of the last UpdateLosses, drawn in a fixed order, so that it depends on no action.
///
/// Stations are numbered: the transmitter and the receiver of pair 0, of pair 1, ..., then those of the primary links.
class Network
{
  public:
    /// Sets the attributes whose defaults do not suit this scenario; call it before the command line is read.
    static void SetAttributeDefaults();

    explicit Network(const Settings& settings);

    static uint32_t GetTransmitter(uint32_t pair);
    static uint32_t GetReceiver(uint32_t pair);
    uint32_t GetPrimaryTransmitter(uint32_t channel) const;
    uint32_t GetPrimaryReceiver(uint32_t channel) const;

    std::optional<uint32_t> FindPair(uint32_t node) const; ///< that a node belongs to
    Ptr<WifiNetDevice> GetRadio(uint32_t vehicle) const;
    PrimaryLink& GetPrimary(uint32_t channel);
    const PrimaryLink& GetPrimary(uint32_t channel) const;
    Ptr<MobilityModel> GetMobility(uint32_t station) const;

    void UpdateLosses();                            ///< to where the stations are now
    double GetLossDb(uint32_t a, uint32_t b) const; ///< between two stations, of the last update

    /// \return of a transmission of this power, with the losses of the last update
    double GetSnrDb(uint32_t from, uint32_t to, double powerDbm) const;

    /// \return loss by distance and streets alone, as a database of positions gives it
    double GetExpectedLossDb(uint32_t a, uint32_t b) const;

    void Tune(uint32_t vehicle, uint32_t channel);
    void SetPower(uint32_t vehicle, double powerDbm);

  private:
    void PlaceVehicles();
    void PlacePrimaries();
    void MakeRadios();
    void MakePrimaries();

    Settings m_settings;
    NodeContainer m_nodes;
    Ptr<MultiModelSpectrumChannel> m_spectrum;
    Ptr<PropagationLossModel> m_loss;          ///< with shadowing
    Ptr<PropagationLossModel> m_expectedLoss;  ///< without
    Ptr<MatrixPropagationLossModel> m_matrix;  ///< what the spectrum uses
    std::vector<std::vector<double>> m_lossDb; ///< [station][station]
    std::vector<Ptr<WifiNetDevice>> m_radios;  ///< by vehicle
    std::vector<std::unique_ptr<PrimaryLink>> m_primaries;
};

} // namespace ns3::marl::cognitive_v2x

#endif // NS3MARL_COGNITIVE_V2X_NETWORK_H
