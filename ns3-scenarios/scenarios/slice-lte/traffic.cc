// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "scenarios/slice-lte/traffic.h"

#include "ns3/simulator.h"

#include <algorithm>
#include <utility>

namespace ns3::marl::slice_lte
{

namespace
{

constexpr int64_t FIRST_STREAM = 1000; ///< UE i draws from 1000 + 2 i and the next one

} // namespace

Traffic::Traffic(const Settings& settings, std::function<void(uint32_t slice, uint32_t ue)> create)
    : m_settings(settings),
      m_create(std::move(create))
{
    for (uint32_t slice = 0; slice < SLICES; slice++)
    {
        for (uint32_t i = 0; i < settings.services[slice].devices; i++)
        {
            const auto stream = FIRST_STREAM + 2 * static_cast<int64_t>(m_ues.size());
            m_ues.push_back({slice,
                             slice != EMBB,
                             CreateObject<ExponentialRandomVariable>(),
                             CreateObject<UniformRandomVariable>()});
            m_ues.back().exponential->SetStream(stream);
            m_ues.back().uniform->SetStream(stream + 1);
        }
    }
    m_periods.assign(m_ues.size(), 0);
}

void
Traffic::Begin()
{
    const double on = m_settings.embbOn.GetSeconds();
    const double off = m_settings.embbOff.GetSeconds();
    for (uint32_t i = 0; i < m_ues.size(); i++)
    {
        auto& ue = m_ues[i];
        const double draw = ue.uniform->GetValue();
        switch (ue.slice)
        {
        case EMBB:
            ue.on = draw >= on / (on + off); // Toggle turns it around
            Toggle(i);
            break;
        case URLLC:
            Simulator::Schedule(m_settings.urllcPeriod * draw, &Traffic::Repeat, this, i);
            break;
        default:
            Simulator::Schedule(m_settings.mmtcInterval * ue.exponential->GetValue(), &Traffic::Repeat, this, i);
        }
    }
}

uint32_t
Traffic::GetActive(uint32_t slice) const
{
    return static_cast<uint32_t>(
        std::ranges::count_if(m_ues, [slice](const Ue& ue) { return ue.slice == slice && ue.on; }));
}

void
Traffic::Toggle(uint32_t ue)
{
    auto& device = m_ues[ue];
    device.on = !device.on || m_settings.embbOff.IsZero();
    m_periods[ue]++;
    if (device.on)
    {
        const auto gap = Seconds(8.0 * m_settings.services[EMBB].downBytes / m_settings.embbRateBps);
        Simulator::Schedule(gap * device.uniform->GetValue(), &Traffic::Stream, this, ue, m_periods[ue]);
    }
    if (m_settings.embbOff.IsStrictlyPositive())
    {
        Simulator::Schedule((device.on ? m_settings.embbOn : m_settings.embbOff) * device.exponential->GetValue(),
                            &Traffic::Toggle,
                            this,
                            ue);
    }
}

void
Traffic::Stream(uint32_t ue, uint64_t period)
{
    if (m_periods[ue] == period)
    {
        Create(ue);
        Simulator::Schedule(Seconds(8.0 * m_settings.services[EMBB].downBytes / m_settings.embbRateBps),
                            &Traffic::Stream,
                            this,
                            ue,
                            period);
    }
}

void
Traffic::Repeat(uint32_t ue)
{
    Create(ue);
    const auto& device = m_ues[ue];
    const auto gap =
        device.slice == URLLC ? m_settings.urllcPeriod : m_settings.mmtcInterval * device.exponential->GetValue();
    Simulator::Schedule(gap, &Traffic::Repeat, this, ue);
}

void
Traffic::Create(uint32_t ue)
{
    if (m_settings.sourcesUntil.IsZero() || Simulator::Now() <= m_settings.sourcesUntil)
    {
        m_create(m_ues[ue].slice, ue);
    }
}

} // namespace ns3::marl::slice_lte
