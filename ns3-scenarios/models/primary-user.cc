// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/primary-user.h"

#include "ns3/abort.h"

#include <algorithm>
#include <cmath>

namespace ns3::marl
{

PrimaryUser::PrimaryUser(const Time& meanOn, const Time& meanOff)
    : m_meanOn(meanOn),
      m_meanOff(meanOff),
      m_draw(CreateObject<UniformRandomVariable>())
{
    NS_ABORT_MSG_UNLESS(meanOn.IsStrictlyPositive() && meanOff.IsStrictlyPositive(),
                        "PrimaryUser: mean stays are " << meanOn << " on and " << meanOff << " off, expected above 0");
}

int64_t
PrimaryUser::AssignStreams(int64_t stream)
{
    m_draw->SetStream(stream);
    return 1;
}

void
PrimaryUser::DrawUntil(const Time& time) const
{
    while (m_stays.empty() || m_stays.back().end <= time)
    {
        Stay stay;
        // Equilibrium has no memory of when the first stay began, so its rest is as long as any.
        stay.on = m_stays.empty() ? m_draw->GetValue() < GetDutyCycle() : !m_stays.back().on;
        stay.begin = m_stays.empty() ? Time(0) : m_stays.back().end;
        const Time mean = stay.on ? m_meanOn : m_meanOff;
        stay.end = stay.begin + std::max(Time(1), mean * -std::log(1 - m_draw->GetValue()));
        m_stays.push_back(stay);
    }
}

const PrimaryUser::Stay&
PrimaryUser::GetStay(const Time& now) const
{
    DrawUntil(now);
    const auto stay = std::ranges::find_if(m_stays, [&](const Stay& each) { return now < each.end; });
    NS_ABORT_MSG_IF(now < stay->begin, "PrimaryUser: asked for " << now << ", which was to be forgotten");
    return *stay;
}

bool
PrimaryUser::IsOn(const Time& now) const
{
    return GetStay(now).on;
}

Time
PrimaryUser::GetChange(const Time& now) const
{
    return GetStay(now).end;
}

Time
PrimaryUser::GetOnTime(const Time& from, const Time& to) const
{
    DrawUntil(to);
    NS_ABORT_MSG_IF(from < m_stays.front().begin, "PrimaryUser: asked for " << from << ", which was to be forgotten");
    Time sum;
    for (const auto& stay : m_stays)
    {
        if (stay.on && stay.begin < to && stay.end > from)
        {
            sum += std::min(stay.end, to) - std::max(stay.begin, from);
        }
    }
    return sum;
}

void
PrimaryUser::Forget(const Time& before)
{
    while (m_stays.size() > 1 && m_stays.front().end <= before)
    {
        m_stays.pop_front();
    }
}

double
PrimaryUser::GetDutyCycle() const
{
    return m_meanOn.GetSeconds() / (m_meanOn + m_meanOff).GetSeconds();
}

} // namespace ns3::marl
