// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_PROPAGATION_H
#define NS3MARL_MODELS_PROPAGATION_H

#include "models/gauss-markov-fading.h"
#include "models/shadowing.h"

#include "ns3/mobility-model.h"
#include "ns3/propagation-loss-model.h"

#include <cstdint>
#include <vector>

namespace ns3::marl
{

/// What happens to a signal on its way.
struct PropagationSettings
{
    double pathLossExponent{3.0};
    double referenceLossDb{46.68}; ///< at 1 m
    double noiseFigureDb{7};
    double fadingRho{0.9};
    double shadowingDb{0};         ///< standard deviation
    double shadowingDistanceM{10}; ///< within which it decorrelates
    bool isShadowingGiven{false};  ///< the gains are set, whatever the standard deviation
};

/// Log-distance path loss between all, shadowing and fading between devices and servers. Whoever moves is where he is at
/// the moment of asking.
class Propagation
{
  public:
    Propagation(const PropagationSettings& settings,
                const std::vector<Ptr<MobilityModel>>& devices,
                const std::vector<Ptr<MobilityModel>>& servers);

    Ptr<PropagationLossModel> GetLoss() const; ///< all of it, for the channels
    Ptr<GaussMarkovFading> GetFading() const;
    Ptr<Shadowing> GetShadowing() const;

    /// \return of a full-power transmission between the two, as it is now [dB]
    double GetSnrDb(uint32_t device, uint32_t server) const;
    double GetMeanSnrDb(uint32_t device, uint32_t server) const;                         ///< without fading
    double GetPathSnrDb(const Ptr<MobilityModel>& a, const Ptr<MobilityModel>& b) const; ///< by the path loss alone

  private:
    std::vector<Ptr<MobilityModel>> m_devices;
    std::vector<Ptr<MobilityModel>> m_servers;
    double m_noiseDbm;
    Ptr<PropagationLossModel> m_pathLoss;
    Ptr<PropagationLossModel> m_loss;
    Ptr<Shadowing> m_shadowing;
    Ptr<GaussMarkovFading> m_fading;
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_PROPAGATION_H
