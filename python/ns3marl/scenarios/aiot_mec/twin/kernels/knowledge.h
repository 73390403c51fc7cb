// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// The fading of a tick and the round of broadcasts that one device hears then, in one pass over memory, on a processor or in a
// thread of a GPU.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "both.h"

namespace knowledge
{

constexpr float MAX_POWER_DBM = 30;
constexpr float SNR_LOW_DB = -20;
constexpr float SNR_HIGH_DB = 80;
constexpr float AGE_HIGH_TICKS = 100;
constexpr int MAX_CHANNELS = 8;
constexpr int SERVER_FEATURES = 5;  // SNR, rate, utilisation, wait, age
constexpr int CHANNEL_FEATURES = 2; // busy share, and whether the device is tuned to it

/// Moves the links of B environments and lets devices hear the broadcasts; kernel.py has the same fields in the same order.
struct Hear
{
    int64_t environments, devices, servers, channels, features;
    int64_t slots, serverAt, channelAt; ///< slots of servers; where theirs and those of channels begin among the features
    int64_t isGenie;
    const float *path, *fading; ///< [B, N, K] dB: SNR at 0 dBm without fading; the fading
    float* gain;                ///< [B, N + K, N + K] dB: links between devices and servers are set
    float* snr;                 ///< [B, N, K] dB: set, at 30 dBm
    float* believed;            ///< [B, N, K] dB: set where a server was heard
    const float* disturbance;   ///< [B, N, K]: interference over noise as each broadcast ends, infinite: missed; null: none
    const float* news;          ///< rate Hz, utilisation, wait s of each server, [B, K, 3]
    const float* busy;          ///< [B, K, C]
    float* known;               ///< [B, N, K, 5] where there are more servers than slots, changed; else null
    const int64_t* slotServer;  ///< [B, N, slots] where there are more servers than slots, else null
    float* observations;        ///< [B, N, features]: the slots of servers and channels are changed
    float detection;            ///< SNR from which a broadcast is heard, dB
    void* stream;               ///< of a GPU
};

BOTH inline float
Clamp(float value, float low, float high)
{
    return std::min(std::max(value, low), high);
}

/// \param agent number of the device among those of all environments
BOTH inline void
HearAgent(const Hear& hear, int64_t agent)
{
    const auto devices = static_cast<int>(hear.devices);
    const auto servers = static_cast<int>(hear.servers);
    const auto channels = static_cast<int>(hear.channels);
    const int entities = devices + servers;
    const int64_t b = agent / devices;
    const auto i = static_cast<int>(agent - b * devices);
    const float* const disturbance =
        hear.disturbance == nullptr ? nullptr : hear.disturbance + agent * servers;
    float* const out = hear.observations + agent * hear.features + hear.serverAt;
    // Where slot j is server j, the observation is what the device knows.
    float* const row = hear.slotServer == nullptr ? out : hear.known + agent * servers * SERVER_FEATURES;
    float* const gain = hear.gain + b * entities * entities;
    float* const up = gain + static_cast<int64_t>(i) * entities + devices;
    float* const down = gain + static_cast<int64_t>(devices) * entities + i;
    float sums[MAX_CHANNELS] = {};
    float count = 0;
    for (int k = 0; k < servers; k++)
    {
        const int64_t link = agent * servers + k;
        const float level = hear.path[link] + hear.fading[link];
        up[k] = level;
        down[static_cast<int64_t>(k) * entities] = level;
        const float db = level + MAX_POWER_DBM;
        hear.snr[link] = db;
        float* const entry = row + k * SERVER_FEATURES;
        const float interference = disturbance == nullptr ? 0 : disturbance[k];
        if (hear.isGenie || (db >= hear.detection && interference < std::numeric_limits<float>::infinity()))
        {
            const float* const told = hear.news + (b * servers + k) * 3;
            const float* const busy = hear.busy + (b * servers + k) * channels;
            const float heard = hear.isGenie ? db : db - 10 * std::log10(1 + interference);
            hear.believed[link] = heard;
            entry[0] = Clamp(heard, SNR_LOW_DB, SNR_HIGH_DB);
            entry[1] = told[0];
            entry[2] = told[1];
            entry[3] = told[2];
            entry[4] = 0;
            count++;
            for (int c = 0; c < channels; c++)
            {
                sums[c] += busy[c];
            }
        }
        else
        {
            entry[4] = Clamp(entry[4] + 1, 0, AGE_HIGH_TICKS);
        }
    }
    float* const air = hear.observations + agent * hear.features + hear.channelAt;
    for (int c = 0; c < channels; c++)
    {
        float* const entry = air + c * CHANNEL_FEATURES;
        entry[0] = count > 0 ? Clamp(sums[c] / count, 0, 1) : entry[0];
    }
    for (int slot = 0; hear.slotServer != nullptr && slot < hear.slots; slot++)
    {
        const auto k = hear.slotServer[agent * hear.slots + slot];
        for (int feature = 0; feature < SERVER_FEATURES; feature++)
        {
            out[slot * SERVER_FEATURES + feature] = row[k * SERVER_FEATURES + feature];
        }
    }
}

} // namespace knowledge
