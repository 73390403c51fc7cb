// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/tuned-interference.h"

#include "ns3/error-rate-model.h"
#include "ns3/wifi-phy.h"
#include "ns3/wifi-utils.h"

#include <algorithm>
#include <array>
#include <limits>

namespace ns3::marl
{

NS_OBJECT_ENSURE_REGISTERED(TunedInterference);

TypeId
TunedInterference::GetTypeId()
{
    static TypeId tid = TypeId("ns3::marl::TunedInterference")
                            .SetParent<InterferenceHelper>()
                            .SetGroupName("Wifi")
                            .AddConstructor<TunedInterference>();
    return tid;
}

double
TunedInterference::GetLoneSnr(Watt_u signal, MHz_u width) const
{
    return CalculateSnr(signal, Watt_u{0}, width, 1);
}

double
TunedInterference::GetLonePer(double snr, const Time& duration, const WifiTxVector& txVector) const
{
    return 1 - CalculatePayloadChunkSuccessRate(snr, duration, txVector);
}

double
TunedInterference::GetCertainHeaderSnr(const WifiTxVector& txVector) const
{
    double snr = 0;
    const auto phy = WifiPhy::GetStaticPhyEntity(txVector.GetModulationClass());
    for (const auto& [field, section] : phy->GetPhyHeaderSections(txVector, Time(0)))
    {
        snr = std::max(snr, GetCertainSnr(section.second, txVector, field));
    }
    return snr;
}

double
TunedInterference::GetCertainSnr(const WifiTxVector& txVector) const
{
    return GetCertainSnr(txVector.GetMode(), txVector, WIFI_PPDU_FIELD_DATA);
}

double
TunedInterference::GetCertainSnr(WifiMode mode, const WifiTxVector& txVector, WifiPpduField field) const
{
    const auto [entry, isNew] = m_certain.try_emplace({mode.GetUid(), field, txVector.IsLdpc()});
    if (isNew)
    {
        entry->second = FindCertainSnr(mode, txVector, field);
    }
    return entry->second;
}

double
TunedInterference::FindCertainSnr(WifiMode mode, const WifiTxVector& txVector, WifiPpduField field) const
{
    // Error rate models may treat short frames, of up to some hundred bytes, in another way than long ones.
    constexpr std::array<uint64_t, 4> SIZES{8 * 14, 8 * 256, 8 * 1500, 8 * 65535};
    constexpr dB_u LOWEST = -10;
    constexpr dB_u HIGHEST = 70;
    constexpr dB_u STEP = 0.125;
    const auto isCertain = [&](dB_u snr) {
        return std::all_of(SIZES.begin(), SIZES.end(), [&](uint64_t bits) {
            return GetErrorRateModel()->GetChunkSuccessRate(mode, txVector, DbToRatio(snr), bits, 1, field) == 1;
        });
    };
    dB_u fails = LOWEST;
    dB_u succeeds = HIGHEST;
    if (!isCertain(succeeds))
    {
        return std::numeric_limits<double>::infinity();
    }
    while (succeeds - fails > STEP)
    {
        const auto middle = (fails + succeeds) / 2;
        (isCertain(middle) ? succeeds : fails) = middle;
    }
    // Models that know the ratio in steps round it.
    constexpr dB_u MARGIN = 0.5;
    return DbToRatio(succeeds + MARGIN);
}

} // namespace ns3::marl
