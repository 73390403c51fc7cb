// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// The channels of all environments on a processor, one environment after the other.

#include "contention.h"

#include <algorithm>
#include <vector>

extern "C"
{

    const char* RunChannels(const contention::Run* run)
    {
        int64_t most = 0;
        for (int64_t b = 0; b < run->environments; b++)
        {
            most = std::max(most, run->first[b + 1] - run->first[b]);
        }
        std::vector<contention::Task> tasks(most);
        std::vector<float> arrivals(run->servers);
        for (int64_t b = 0; b < run->environments; b++)
        {
            contention::Environment(*run, b, tasks.data(), arrivals.data()).Play();
            contention::AddHeard(*run, b, 0, static_cast<int>(run->entities));
        }
        return nullptr;
    }
}
