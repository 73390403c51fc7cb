// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_PLACEMENT_H
#define NS3MARL_MODELS_PLACEMENT_H

#include "ns3/vector.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ns3::marl
{

/// A square area with servers on a grid and devices partly gathered in two hotspots, or with both where a file has them.
struct Placement
{
    /// The file's columns are kind,x,y: kind is device or server, the places are in metres. \throws std::invalid_argument
    /// that names file and line
    void ReadFile(const std::string& path);

    double areaM{120}; ///< side of the square
    double hotspotShare{0.6};
    double hotspotSigmaM{12};
    double serverHeightM{6};
    double deviceHeightM{1.5};
    std::vector<Vector> devices; ///< of the file; empty: none was read
    std::vector<Vector> servers;

    /// \return positions in rows as even as possible, row by row
    std::vector<Vector> GetServers(uint32_t count) const;

    /// The first devices, by the hotspot share, stand around (0.3, 0.35) and (0.75, 0.7) of the side in turn, at normal
    /// distances, within the area; the others anywhere. Device i draws from the streams \p stream + i \p stride and the one
    /// after it.
    std::vector<Vector> GetDevices(uint32_t count, int64_t stream, int64_t stride) const;
};

} // namespace ns3::marl

#endif // NS3MARL_MODELS_PLACEMENT_H
