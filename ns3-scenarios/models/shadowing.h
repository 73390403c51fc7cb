// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_SHADOWING_H
#define NS3MARL_MODELS_SHADOWING_H

#include "models/links.h"

#include "ns3/propagation-loss-model.h"
#include "ns3/random-variable-stream.h"
#include "ns3/vector.h"

#include <cstdint>
#include <vector>

namespace ns3::marl
{

/// Log-normal shadowing of each link between a device and a server: a gain S ~ N(0, sigma^2) in dB, alike in both
/// directions and on all channels. It belongs to the place of the device: when that has moved by d, Advance makes it
///
///   S' = r S + sqrt(1 - r^2) w,   w ~ N(0, sigma^2),   r = exp(-d / d_0)
///
/// with the decorrelation distance d_0 (M. Gudmundson, Correlation model for shadow fading in mobile radio systems,
/// Electronics Letters 27(23), 1991). The links of a device are independent of each other.
class Shadowing : public PropagationLossModel
{
  public:
    static TypeId GetTypeId();

    /// \param sigmaDb standard deviation; 0: no shadowing \param distanceM d_0
    void SetEndpoints(const std::vector<Ptr<MobilityModel>>& devices,
                      const std::vector<Ptr<MobilityModel>>& servers,
                      double sigmaDb,
                      double distanceM);

    /// Draws the first gains; call it once, after AssignStreams.
    void Start();

    /// Follows the devices that have moved since the last call.
    void Advance();

    /// Instead of drawing: the gain of a link until the next call, or until Advance finds that the device has moved.
    void SetGainDb(uint32_t device, uint32_t server, double gainDb);

    double GetGainDb(uint32_t device, uint32_t server) const;

  private:
    double DoCalcRxPower(double txPowerDbm, Ptr<MobilityModel> a, Ptr<MobilityModel> b) const override;
    int64_t DoAssignStreams(int64_t stream) override;

    double m_sigmaDb{0};
    double m_distanceM{1};
    Links m_links;
    std::vector<Ptr<MobilityModel>> m_devices;
    std::vector<Vector> m_places;                   ///< [device] that the gains belong to
    std::vector<Ptr<NormalRandomVariable>> m_draws; ///< one for each device
    std::vector<std::vector<double>> m_gainsDb;     ///< [device][server]
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_SHADOWING_H
