// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/gauss-markov-fading.h"

#include "ns3/abort.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ns3::marl
{

NS_OBJECT_ENSURE_REGISTERED(GaussMarkovFading);

TypeId
GaussMarkovFading::GetTypeId()
{
    static TypeId tid = TypeId("ns3::marl::GaussMarkovFading")
                            .SetParent<PropagationLossModel>()
                            .SetGroupName("Propagation")
                            .AddConstructor<GaussMarkovFading>();
    return tid;
}

void
GaussMarkovFading::SetEndpoints(const std::vector<Ptr<MobilityModel>>& devices,
                                const std::vector<Ptr<MobilityModel>>& servers,
                                double rho)
{
    NS_ABORT_MSG_IF(rho < 0 || rho >= 1, "The correlation of fading lies in [0, 1), not at " << rho);
    m_rho = rho;
    m_links = Links(devices, servers);
    for (std::size_t device = 0; device < devices.size(); device++)
    {
        m_normals.push_back(CreateObject<NormalRandomVariable>());
    }
    m_gains.assign(devices.size(), std::vector<std::complex<double>>(servers.size(), 1.0));
    m_gainsDb.assign(devices.size(), std::vector<double>(servers.size(), 0.0));
}

int64_t
GaussMarkovFading::DoAssignStreams(int64_t stream)
{
    int64_t assigned = 0;
    for (const auto& normal : m_normals)
    {
        normal->SetStream(stream + assigned++);
    }
    return assigned;
}

std::complex<double>
GaussMarkovFading::Draw(uint32_t device)
{
    const double real = m_normals[device]->GetValue();
    const double imaginary = m_normals[device]->GetValue();
    return std::complex<double>(real, imaginary) / std::numbers::sqrt2;
}

void
GaussMarkovFading::Store(uint32_t device, uint32_t server)
{
    m_gainsDb[device][server] = 10 * std::log10(std::max(1e-9, std::norm(m_gains[device][server])));
}

void
GaussMarkovFading::Start()
{
    for (uint32_t device = 0; device < m_gains.size(); device++)
    {
        for (uint32_t server = 0; server < m_links.GetServers(); server++)
        {
            m_gains[device][server] = Draw(device);
            Store(device, server);
        }
    }
}

void
GaussMarkovFading::Advance()
{
    const double innovation = std::sqrt(1 - m_rho * m_rho);
    for (uint32_t device = 0; device < m_gains.size(); device++)
    {
        for (uint32_t server = 0; server < m_links.GetServers(); server++)
        {
            m_gains[device][server] = m_rho * m_gains[device][server] + innovation * Draw(device);
            Store(device, server);
        }
    }
}

void
GaussMarkovFading::SetGainDb(uint32_t device, uint32_t server, double gainDb)
{
    m_gains.at(device).at(server) = std::pow(10, gainDb / 20);
    m_gainsDb[device][server] = gainDb;
}

std::complex<double>
GaussMarkovFading::GetGain(uint32_t device, uint32_t server) const
{
    return m_gains.at(device).at(server);
}

double
GaussMarkovFading::GetGainDb(uint32_t device, uint32_t server) const
{
    return m_gainsDb.at(device).at(server);
}

double
GaussMarkovFading::DoCalcRxPower(double txPowerDbm, Ptr<MobilityModel> a, Ptr<MobilityModel> b) const
{
    const auto link = m_links.Find(a, b);
    return link ? txPowerDbm + m_gainsDb[link->device][link->server] : txPowerDbm;
}

} // namespace ns3::marl
