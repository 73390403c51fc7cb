// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_TUNED_INTERFERENCE_H
#define NS3MARL_MODELS_TUNED_INTERFERENCE_H

#include "ns3/interference-helper.h"
#include "ns3/nstime.h"
#include "ns3/wifi-tx-vector.h"

#include <map>
#include <memory>
#include <utility>

namespace ns3::marl
{

/// Answers also for a frame that is alone in the air, without a look at what else was in it.
class TunedInterference : public InterferenceHelper
{
  public:
    /// From which ratio of signal to noise on, linear, no frame can have an error.
    struct Certain
    {
        double header;
        double payload;
    };

    static TypeId GetTypeId();

    /// \return the ratio of signal to noise, linear
    double GetLoneSnr(Watt_u signal, MHz_u width) const;

    /// \return the probability that a part of the payload which takes this time has an error, at a constant \p snr
    double GetLonePer(double snr, const Time& duration, const WifiTxVector& txVector) const;

    /// Error rates fall as the ratio of signal to noise grows, and grow with the size.
    const Certain& GetCertain(const WifiTxVector& txVector) const;

  private:
    /// By mode, and by whether its code is an LDPC. What radios with error rate models of the same kind found is theirs in common.
    using Table = std::map<std::pair<uint32_t, bool>, Certain>;

    void DoDispose() override;

    Certain FindCertain(const WifiTxVector& txVector) const;
    double FindCertain(WifiMode mode, const WifiTxVector& txVector, WifiPpduField field) const;

    mutable std::shared_ptr<Table> m_certain;
    mutable Ptr<ErrorRateModel> m_model; ///< that the table is of
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_TUNED_INTERFERENCE_H
