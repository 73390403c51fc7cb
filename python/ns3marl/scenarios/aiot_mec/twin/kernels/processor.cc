// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// The twin on a processor: loops over what gpu.cu gives a thread each.

#include <algorithm>
#include <vector>

#include "contention.h"
#include "draws.h"
#include "knowledge.h"
#include "status.h"

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
        std::vector<contention::Broadcast> broadcasts(run->channels * run->servers);
        std::vector<int32_t> listeners(run->entities + run->channels * run->servers);
        for (int64_t b = 0; b < run->environments; b++)
        {
            contention::Environment(*run, b, tasks.data(), arrivals.data(), broadcasts.data(), listeners.data())
                .Play();
        }
        return nullptr;
    }

    const char* HearStatus(const knowledge::Hear* hear)
    {
        for (int64_t agent = 0; agent < hear->environments * hear->devices; agent++)
        {
            knowledge::HearAgent(*hear, agent);
        }
        return nullptr;
    }

    const char* CloseIntervals(const status::Status* of)
    {
        for (int64_t server = 0; server < of->environments * of->servers; server++)
        {
            status::CloseInterval(*of, server);
        }
        return nullptr;
    }

    const char* DrawNumbers(const draws::Draw* draw)
    {
        for (int64_t block = 0; block < draw->environments * draws::CountBlocks(*draw); block++)
        {
            draws::DrawBlock(*draw, block);
        }
        return nullptr;
    }

    const char* AdvanceFading(const draws::Fading* fading)
    {
        for (int64_t pair = 0; pair < fading->environments * ((fading->links + 1) / 2); pair++)
        {
            draws::Fade(*fading, pair);
        }
        return nullptr;
    }
}
