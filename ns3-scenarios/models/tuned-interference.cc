// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/tuned-interference.h"

#include "ns3/error-rate-model.h"
#include "ns3/pointer.h"
#include "ns3/wifi-phy.h"
#include "ns3/wifi-utils.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace ns3::marl
{

namespace
{

/// \return the type of an object with the values of its attributes, objects among them likewise
std::string
Describe(const Object& object)
{
    std::string text = object.GetInstanceTypeId().GetName();
    for (auto type = object.GetInstanceTypeId();; type = type.GetParent())
    {
        for (std::size_t i = 0; i < type.GetAttributeN(); i++)
        {
            const auto attribute = type.GetAttribute(i);
            const auto value = attribute.initialValue->Copy();
            object.GetAttribute(attribute.name, *value);
            const auto* const pointer = dynamic_cast<const PointerValue*>(PeekPointer(value));
            text += ' ' + attribute.name + '=';
            text += pointer && pointer->GetObject() ? Describe(*pointer->GetObject())
                                                    : value->SerializeToString(attribute.checker);
        }
        if (!type.HasParent() || type.GetParent() == type)
        {
            return text;
        }
    }
}

} // namespace

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

const TunedInterference::Certain&
TunedInterference::GetCertain(const WifiTxVector& txVector) const
{
    static std::map<std::string, std::shared_ptr<Table>> tables;
    if (const auto model = GetErrorRateModel(); model != m_model)
    {
        auto& table = tables[Describe(*model)];
        table = table ? table : std::make_shared<Table>();
        m_certain = table;
        m_model = model;
    }
    const std::pair key{txVector.GetMode().GetUid(), txVector.IsLdpc()};
    auto found = m_certain->find(key);
    if (found == m_certain->end())
    {
        found = m_certain->emplace(key, FindCertain(txVector)).first;
    }
    return found->second;
}

void
TunedInterference::DoDispose()
{
    m_model = nullptr;
    InterferenceHelper::DoDispose();
}

TunedInterference::Certain
TunedInterference::FindCertain(const WifiTxVector& txVector) const
{
    Certain certain{0, FindCertain(txVector.GetMode(), txVector, WIFI_PPDU_FIELD_DATA)};
    const auto phy = WifiPhy::GetStaticPhyEntity(txVector.GetModulationClass());
    for (const auto& [field, section] : phy->GetPhyHeaderSections(txVector, Time(0)))
    {
        certain.header = std::max(certain.header, FindCertain(section.second, txVector, field));
    }
    return certain;
}

double
TunedInterference::FindCertain(WifiMode mode, const WifiTxVector& txVector, WifiPpduField field) const
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
