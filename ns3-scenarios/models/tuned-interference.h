// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TUNED_INTERFERENCE_H
#define NS3MARL_MODELS_TUNED_INTERFERENCE_H

#include "ns3/interference-helper.h"
#include "ns3/nstime.h"
#include "ns3/wifi-tx-vector.h"

#include <map>
#include <tuple>

namespace ns3::marl
{

/// Answers also for a frame that is alone in the air, without a look at what else was in it.
class TunedInterference : public InterferenceHelper
{
  public:
    static TypeId GetTypeId();

    /// \return the ratio of signal to noise, linear
    double GetLoneSnr(Watt_u signal, MHz_u width) const;

    /// \return the probability that a part of the payload which takes this time has an error, at a constant \p snr
    double GetLonePer(double snr, const Time& duration, const WifiTxVector& txVector) const;

    /// Error rates fall as the ratio of signal to noise grows, and grow with the size.
    /// \return from which ratio on, linear, headers cannot have an error
    double GetCertainHeaderSnr(const WifiTxVector& txVector) const;

    /// \return from which ratio on, linear, no payload can have an error
    double GetCertainSnr(const WifiTxVector& txVector) const;

  private:
    double GetCertainSnr(WifiMode mode, const WifiTxVector& txVector, WifiPpduField field) const;
    double FindCertainSnr(WifiMode mode, const WifiTxVector& txVector, WifiPpduField field) const;

    mutable std::map<std::tuple<uint32_t, WifiPpduField, bool>, double> m_certain; ///< by mode, field and code
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TUNED_INTERFERENCE_H
