// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "bridge/episode-file.h"

#include "ns3/rng-seed-manager.h"

#include <filesystem>

namespace ns3::marl
{

std::string
GetEpisodeFileName(const std::string& name)
{
    const std::filesystem::path path(name);
    const auto episode =
        "-seed" + std::to_string(RngSeedManager::GetSeed()) + "-run" + std::to_string(RngSeedManager::GetRun());
    return (path.parent_path() / (path.stem().string() + episode + path.extension().string())).string();
}

} // namespace ns3::marl
