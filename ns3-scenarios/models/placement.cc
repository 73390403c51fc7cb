// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/placement.h"

#include "models/csv-file.h"

#include "ns3/random-variable-stream.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ns3::marl
{

void
Placement::ReadFile(const std::string& path)
{
    const CsvFile file(path, {"kind", "x", "y"});
    devices.clear();
    servers.clear();
    for (uint32_t row = 0; row < file.GetRows(); row++)
    {
        const auto& kind = file.GetText(row, 0);
        const double x = file.GetNumber(row, 1, 0, areaM);
        const double y = file.GetNumber(row, 2, 0, areaM);
        if (kind == "device")
        {
            devices.emplace_back(x, y, deviceHeightM);
        }
        else if (kind == "server")
        {
            servers.emplace_back(x, y, serverHeightM);
        }
        else
        {
            file.Refuse(row, "device or server");
        }
    }
}

std::vector<Vector>
Placement::GetServers(uint32_t count) const
{
    if (!servers.empty())
    {
        return servers;
    }
    const auto columns = static_cast<uint32_t>(std::ceil(std::sqrt(count)));
    const uint32_t rows = columns == 0 ? 0 : (count + columns - 1) / columns;
    std::vector<Vector> positions;
    for (uint32_t row = 0; row < rows; row++)
    {
        const uint32_t inRow = (count - positions.size()) / (rows - row);
        for (uint32_t column = 0; column < inRow; column++)
        {
            positions.emplace_back(areaM * (column + 0.5) / inRow, areaM * (row + 0.5) / rows, serverHeightM);
        }
    }
    return positions;
}

std::vector<Vector>
Placement::GetDevices(uint32_t count, int64_t stream, int64_t stride) const
{
    if (!devices.empty())
    {
        return devices;
    }
    static constexpr std::array<std::array<double, 2>, 2> CENTRES{{{0.3, 0.35}, {0.75, 0.7}}};
    std::vector<Vector> positions;
    for (uint32_t device = 0; device < count; device++)
    {
        const auto uniform = CreateObject<UniformRandomVariable>();
        const auto normal = CreateObject<NormalRandomVariable>();
        uniform->SetStream(stream + device * stride);
        normal->SetStream(stream + device * stride + 1);
        std::array<double, 2> place{};
        for (std::size_t axis = 0; axis < place.size(); axis++)
        {
            place[axis] = device < hotspotShare * count
                              ? CENTRES[device % CENTRES.size()][axis] * areaM + hotspotSigmaM * normal->GetValue()
                              : uniform->GetValue(0, areaM);
            place[axis] = std::clamp(place[axis], 0.0, areaM);
        }
        positions.emplace_back(place[0], place[1], deviceHeightM);
    }
    return positions;
}

} // namespace ns3::marl
