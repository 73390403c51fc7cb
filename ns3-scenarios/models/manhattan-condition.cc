// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/manhattan-condition.h"

#include "ns3/mobility-model.h"

#include <cmath>

namespace ns3::marl
{

NS_OBJECT_ENSURE_REGISTERED(ManhattanConditionModel);

bool
ManhattanGrid::IsOnOneStreet(const Vector& a, const Vector& b) const
{
    const auto share = [this](double p, double q, double blockM) {
        const double centreM = std::round(p / blockM) * blockM;
        return std::abs(p - centreM) <= widthM / 2 && std::abs(q - centreM) <= widthM / 2;
    };
    return share(a.x, b.x, blockXM) || share(a.y, b.y, blockYM);
}

TypeId
ManhattanConditionModel::GetTypeId()
{
    static TypeId tid = TypeId("ns3::marl::ManhattanConditionModel")
                            .SetParent<ChannelConditionModel>()
                            .SetGroupName("Propagation")
                            .AddConstructor<ManhattanConditionModel>();
    return tid;
}

void
ManhattanConditionModel::SetGrid(const ManhattanGrid& grid)
{
    m_grid = grid;
}

Ptr<ChannelCondition>
ManhattanConditionModel::GetChannelCondition(Ptr<const MobilityModel> a, Ptr<const MobilityModel> b) const
{
    return CreateObject<ChannelCondition>(
        m_grid.IsOnOneStreet(a->GetPosition(), b->GetPosition()) ? ChannelCondition::LOS : ChannelCondition::NLOS);
}

int64_t
ManhattanConditionModel::AssignStreams(int64_t /* stream */)
{
    return 0;
}

} // namespace ns3::marl
