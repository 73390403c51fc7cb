// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/air.h"

#include "models/tuned-wifi-phy.h"

#include "ns3/pointer.h"
#include "ns3/propagation-delay-model.h"
#include "ns3/string.h"

#include <array>
#include <string>

namespace ns3::marl
{

namespace
{

constexpr std::array<uint32_t, Air::MAXIMUM_CHANNELS> CHANNEL_NUMBERS{36, 40, 44, 48, 52, 56, 60, 64};

} // namespace

Air::Air(PhyKind kind, uint32_t channels, Ptr<PropagationLossModel> loss)
{
    if (kind == PhyKind::SPECTRUM)
    {
        const auto delay = CreateObject<ConstantSpeedPropagationDelayModel>();
        m_spectrum = CreateObject<MultiModelSpectrumChannel>();
        m_spectrum->AddPropagationLossModel(loss);
        m_spectrum->SetPropagationDelayModel(delay);
        m_spectrum->AddSpectrumTransmitFilter(CreateObject<WifiBandwidthFilter>());
        m_filter = CreateObject<MutedFilter>(loss, delay);
        m_spectrum->AddSpectrumTransmitFilter(m_filter);
        return;
    }
    for (uint32_t channel = 0; channel < channels; channel++)
    {
        m_channels.push_back(CreateObject<TunedWifiChannel>(loss, CreateObject<ConstantSpeedPropagationDelayModel>()));
    }
}

std::unique_ptr<WifiPhyHelper>
Air::MakePhy(uint32_t channel) const
{
    std::unique_ptr<WifiPhyHelper> phy;
    if (m_spectrum)
    {
        auto spectrum = std::make_unique<TunedSpectrumPhyHelper>();
        spectrum->SetChannel(m_spectrum);
        spectrum->Set("Filter", PointerValue(m_filter));
        phy = std::move(spectrum);
    }
    else
    {
        auto tuned = std::make_unique<TunedWifiPhyHelper>();
        tuned->SetChannel(m_channels.at(channel));
        phy = std::move(tuned);
    }
    const auto number = std::to_string(CHANNEL_NUMBERS.at(channel));
    phy->Set("ChannelSettings", StringValue("{" + number + ", 20, BAND_5GHZ, 0}"));
    return phy;
}

} // namespace ns3::marl
