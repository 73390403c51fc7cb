// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_MANHATTAN_CONDITION_H
#define NS3MARL_MODELS_MANHATTAN_CONDITION_H

#include "ns3/channel-condition-model.h"

namespace ns3::marl
{

/// Streets of a Manhattan grid: their centre lines are at x = i blockX and y = j blockY for whole i and j.
struct ManhattanGrid
{
    double blockXM{250}; ///< between streets along y (3GPP TR 36.885, annex A.1.2: blocks of 433 m x 250 m)
    double blockYM{433};
    double widthM{20}; ///< of a street

    /// \return whether the two points are on one street, so that no building is between them
    bool IsOnOneStreet(const Vector& a, const Vector& b) const;
};

/// Line of sight on a grid of streets: LOS between points on one street, NLOS otherwise. With it ns-3's
/// ThreeGppV2vUrbanPropagationLossModel gives the path loss of 3GPP TR 37.885, table 6.2.1-1:
///
///   LOS   38.77 + 16.7 log10(d) + 18.2 log10(f),   NLOS  36.85 + 30 log10(d) + 18.9 log10(f)   [dB; d in m, f in GHz]
class ManhattanConditionModel : public ChannelConditionModel
{
  public:
    static TypeId GetTypeId();

    void SetGrid(const ManhattanGrid& grid);

    Ptr<ChannelCondition> GetChannelCondition(Ptr<const MobilityModel> a, Ptr<const MobilityModel> b) const override;
    int64_t AssignStreams(int64_t stream) override; ///< none: nothing is drawn

  private:
    ManhattanGrid m_grid;
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_MANHATTAN_CONDITION_H
