// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_GAUSS_MARKOV_FADING_H
#define NS3MARL_MODELS_GAUSS_MARKOV_FADING_H

#include "models/links.h"

#include "ns3/propagation-loss-model.h"
#include "ns3/random-variable-stream.h"

#include <complex>
#include <cstdint>
#include <vector>

namespace ns3::marl
{

/// Rayleigh block fading between devices and servers, alike in both directions. The complex gain h of each pair is
/// circular Gaussian with E|h|^2 = 1 and stays the same until Advance, which moves it by
///
///   h' = rho h + sqrt(1 - rho^2) w,   w ~ CN(0, 1)
///
/// so that the autocorrelation over n steps is rho^n. Pairs of two devices or two servers do not fade. All channels of a
/// pair share one gain.
class GaussMarkovFading : public PropagationLossModel
{
  public:
    static TypeId GetTypeId();

    /// Says who fades, by the mobility models that the radios carry. \param rho correlation from step to step, in [0, 1)
    void SetEndpoints(const std::vector<Ptr<MobilityModel>>& devices,
                      const std::vector<Ptr<MobilityModel>>& servers,
                      double rho);

    /// Draws the first gains; call it once, after AssignStreams.
    void Start();

    /// Moves all gains by one step.
    void Advance();

    /// Instead of drawing: the gain of a pair until the next call.
    void SetGainDb(uint32_t device, uint32_t server, double gainDb);

    std::complex<double> GetGain(uint32_t device, uint32_t server) const; ///< h

    /// \return |h|^2 in dB, at least -90 dB
    double GetGainDb(uint32_t device, uint32_t server) const;

  private:
    double DoCalcRxPower(double txPowerDbm, Ptr<MobilityModel> a, Ptr<MobilityModel> b) const override;
    int64_t DoAssignStreams(int64_t stream) override;

    std::complex<double> Draw(uint32_t device); ///< ~ CN(0, 1)
    void Store(uint32_t device, uint32_t server);

    double m_rho{0};
    Links m_links;
    std::vector<Ptr<NormalRandomVariable>> m_normals;       ///< one for each device
    std::vector<std::vector<std::complex<double>>> m_gains; ///< [device][server]
    std::vector<std::vector<double>> m_gainsDb;             ///< [device][server]
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_GAUSS_MARKOV_FADING_H
