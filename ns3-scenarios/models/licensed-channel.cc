// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/licensed-channel.h"

#include "ns3/non-communicating-net-device.h"
#include "ns3/simulator.h"
#include "ns3/spectrum-signal-parameters.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace ns3::marl
{

NS_OBJECT_ENSURE_REGISTERED(LicensedPhy);

TypeId
LicensedPhy::GetTypeId()
{
    static TypeId tid = TypeId("ns3::marl::LicensedPhy")
                            .SetParent<SpectrumPhy>()
                            .SetGroupName("Spectrum")
                            .AddConstructor<LicensedPhy>();
    return tid;
}

void
LicensedPhy::Join(Ptr<MultiModelSpectrumChannel> channel, Ptr<Node> node, double centreHz, double widthHz)
{
    const auto device = CreateObject<NonCommunicatingNetDevice>();
    device->SetPhy(this);
    device->SetChannel(channel);
    node->AddDevice(device);
    m_device = device;
    m_mobility = node->GetObject<MobilityModel>();
    m_widthHz = widthHz;
    BandInfo band{};
    band.fl = centreHz - widthHz / 2;
    band.fc = centreHz;
    band.fh = centreHz + widthHz / 2;
    m_band = Create<SpectrumModel>(Bands{band});
    m_channel = channel;
    m_channel->AddRx(this);
}

void
LicensedPhy::Transmit(double powerW, const Time& duration)
{
    const auto psd = Create<SpectrumValue>(m_band);
    (*psd)[0] = powerW / m_widthHz;
    const auto signal = Create<SpectrumSignalParameters>();
    signal->psd = psd;
    signal->duration = duration;
    signal->txPhy = this;
    m_channel->StartTx(signal);
}

void
LicensedPhy::Listen(std::vector<uint32_t> ignored)
{
    m_listens = true;
    m_ignored = std::move(ignored);
}

std::vector<HeardFrame>
LicensedPhy::TakeHeard()
{
    return std::exchange(m_heard, {});
}

void
LicensedPhy::StartRx(Ptr<SpectrumSignalParameters> signal)
{
    if (!m_listens)
    {
        return;
    }
    const uint32_t sender = signal->txPhy->GetDevice()->GetNode()->GetId();
    if (std::ranges::find(m_ignored, sender) == m_ignored.end())
    {
        m_heard.push_back({Simulator::Now(), Simulator::Now() + signal->duration, Integral(*signal->psd), sender});
    }
}

void
LicensedPhy::SetDevice(Ptr<NetDevice> device)
{
    m_device = device;
}

Ptr<NetDevice>
LicensedPhy::GetDevice() const
{
    return m_device;
}

void
LicensedPhy::SetMobility(Ptr<MobilityModel> mobility)
{
    m_mobility = mobility;
}

Ptr<MobilityModel>
LicensedPhy::GetMobility() const
{
    return m_mobility;
}

void
LicensedPhy::SetChannel(Ptr<SpectrumChannel> channel)
{
    m_channel = channel;
}

Ptr<const SpectrumModel>
LicensedPhy::GetRxSpectrumModel() const
{
    return m_band;
}

Ptr<Object>
LicensedPhy::GetAntenna() const
{
    return nullptr; // isotropic
}

void
LicensedPhy::DoDispose()
{
    m_device = nullptr;
    m_mobility = nullptr;
    m_channel = nullptr;
    SpectrumPhy::DoDispose();
}

PrimaryLink::PrimaryLink(PrimaryUser user,
                         const Ptr<LicensedPhy>& transmitter,
                         const Ptr<LicensedPhy>& receiver,
                         double powerDbm)
    : m_user(std::move(user)),
      m_transmitter(transmitter),
      m_receiver(receiver),
      m_powerW(std::pow(10, (powerDbm - 30) / 10))
{
}

void
PrimaryLink::Radiate(const Time& end)
{
    const Time now = Simulator::Now();
    if (now >= end)
    {
        return;
    }
    const Time change = std::min(m_user.GetChange(now), end);
    if (m_user.IsOn(now))
    {
        m_transmitter->Transmit(m_powerW, change - now);
    }
    Simulator::Schedule(change - now, &PrimaryLink::Radiate, this, end);
}

PrimaryUser&
PrimaryLink::GetUser()
{
    return m_user;
}

const PrimaryUser&
PrimaryLink::GetUser() const
{
    return m_user;
}

LicensedPhy&
PrimaryLink::GetReceiver()
{
    return *m_receiver;
}

Disturbance
GetDisturbance(const std::vector<HeardFrame>& frames,
               double thresholdW,
               const std::function<Time(const Time& from, const Time& to)>& onTime)
{
    std::set<Time> moments; // between two of them the same frames are on the air
    for (const auto& frame : frames)
    {
        moments.insert({frame.begin, frame.end});
    }
    Disturbance disturbance;
    std::map<uint32_t, Time> charged;
    for (auto from = moments.begin(); from != moments.end() && std::next(from) != moments.end(); ++from)
    {
        const Time to = *std::next(from);
        double sumW = 0;
        for (const auto& frame : frames)
        {
            sumW += frame.begin <= *from && frame.end >= to ? frame.powerW : 0;
        }
        const Time on = sumW > thresholdW ? onTime(*from, to) : Time(0);
        if (on.IsZero())
        {
            continue;
        }
        disturbance.duration += on;
        for (const auto& frame : frames)
        {
            if (frame.begin <= *from && frame.end >= to)
            {
                charged[frame.sender] += on * (frame.powerW / sumW);
            }
        }
    }
    disturbance.charged.assign(charged.begin(), charged.end());
    return disturbance;
}

} // namespace ns3::marl
