// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/shadowing.h"

#include "ns3/abort.h"

#include <cmath>

namespace ns3::marl
{

NS_OBJECT_ENSURE_REGISTERED(Shadowing);

TypeId
Shadowing::GetTypeId()
{
    static TypeId tid = TypeId("ns3::marl::Shadowing")
                            .SetParent<PropagationLossModel>()
                            .SetGroupName("Propagation")
                            .AddConstructor<Shadowing>();
    return tid;
}

void
Shadowing::SetEndpoints(const std::vector<Ptr<MobilityModel>>& devices,
                        const std::vector<Ptr<MobilityModel>>& servers,
                        double sigmaDb,
                        double distanceM)
{
    NS_ABORT_MSG_IF(sigmaDb < 0, "The standard deviation of shadowing is at least 0 dB, not " << sigmaDb);
    NS_ABORT_MSG_IF(distanceM <= 0, "The decorrelation distance is above 0 m, not " << distanceM);
    m_sigmaDb = sigmaDb;
    m_distanceM = distanceM;
    m_links = Links(devices, servers);
    m_devices = devices;
    m_places.resize(devices.size());
    m_gainsDb.assign(devices.size(), std::vector<double>(servers.size(), 0.0));
    m_draws.clear();
    for (std::size_t device = 0; device < devices.size(); device++)
    {
        m_draws.push_back(CreateObject<NormalRandomVariable>());
    }
}

int64_t
Shadowing::DoAssignStreams(int64_t stream)
{
    int64_t assigned = 0;
    for (const auto& draw : m_draws)
    {
        draw->SetStream(stream + assigned++);
    }
    return assigned;
}

void
Shadowing::Start()
{
    for (std::size_t device = 0; device < m_devices.size(); device++)
    {
        m_places[device] = m_devices[device]->GetPosition();
        for (double& gainDb : m_gainsDb[device])
        {
            gainDb = m_sigmaDb * m_draws[device]->GetValue();
        }
    }
}

void
Shadowing::Advance()
{
    for (std::size_t device = 0; device < m_devices.size(); device++)
    {
        const Vector place = m_devices[device]->GetPosition();
        const double movedM = CalculateDistance(place, m_places[device]);
        if (movedM == 0)
        {
            continue;
        }
        m_places[device] = place;
        const double correlation = std::exp(-movedM / m_distanceM);
        const double innovationDb = m_sigmaDb * std::sqrt(1 - correlation * correlation);
        for (double& gainDb : m_gainsDb[device])
        {
            gainDb = correlation * gainDb + innovationDb * m_draws[device]->GetValue();
        }
    }
}

void
Shadowing::SetGainDb(uint32_t device, uint32_t server, double gainDb)
{
    m_gainsDb.at(device).at(server) = gainDb;
}

double
Shadowing::GetGainDb(uint32_t device, uint32_t server) const
{
    return m_gainsDb.at(device).at(server);
}

double
Shadowing::DoCalcRxPower(double txPowerDbm, Ptr<MobilityModel> a, Ptr<MobilityModel> b) const
{
    const auto link = m_links.Find(a, b);
    return link ? txPowerDbm + m_gainsDb[link->device][link->server] : txPowerDbm;
}

} // namespace ns3::marl
