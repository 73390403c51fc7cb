// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// The fading of a tick and the round of broadcasts that devices hear then, in one pass over memory: AiotMec._fade and
// Knowledge.hear for processors.

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace
{

constexpr float MAX_POWER_DBM = 30;
constexpr float SNR_LOW_DB = -20;
constexpr float SNR_HIGH_DB = 80;
constexpr float AGE_HIGH_TICKS = 100;
constexpr int64_t SERVER_FEATURES = 5; // SNR, rate, utilisation, wait, age
constexpr int64_t CHANNEL_FEATURES = 2; // busy share, age
constexpr int64_t OWN = 22;
constexpr int64_t SERVER_SLOTS = 18;

} // namespace

extern "C"
{

    /// Moves the links of B environments and lets devices hear the broadcasts; kernel.py has the same fields in the same order.
    struct Hear
    {
        int64_t environments, devices, servers, channels, features, isGenie;
        double detection;          ///< SNR from which a broadcast is heard, dB
        const float *path, *fading; ///< [B, N, K] dB: SNR at 0 dBm without fading; the fading
        float* gain;               ///< [B, N + K, N + K] dB: links between devices and servers are set
        float* snr;                ///< [B, N, K] dB: set, at 30 dBm
        float* believed;           ///< [B, N, K] dB: set where a server was heard
        const bool* missed;        ///< [B, C, K]: broadcasts that did not get through; null: none
        const int64_t* tuned;      ///< [B, N]
        const float* news;         ///< rate Hz, utilisation, wait s of each server, [B, K, 3]
        const float* busy;         ///< [B, K, C]
        float* known;              ///< what devices know of servers above 18 servers, [B, N, K, 5], changed
        const int64_t* slotServer; ///< [B, N, 18] above 18 servers, else null
        float* observations;       ///< [B, N, features]: the slots of servers and channels are changed
        float* heard;              ///< out: how many servers each device heard, [B, N]
    };

    void HearStatus(const Hear* hear)
    {
        const int64_t B = hear->environments;
        const int64_t N = hear->devices;
        const int64_t K = hear->servers;
        const int64_t C = hear->channels;
        const int64_t E = N + K;
        const int64_t F = hear->features;
        const int64_t slots = std::min(K, SERVER_SLOTS);
        const auto least = static_cast<float>(hear->detection);
        const bool isGenie = hear->isGenie != 0;
        for (int64_t b = 0; b < B; b++)
        {
            for (int64_t k = 0; k < K; k++)
            {
                float* const ways = hear->gain + (b * E + N + k) * E;
                for (int64_t i = 0; i < N; i++)
                {
                    const int64_t link = (b * N + i) * K + k;
                    ways[i] = hear->path[link] + hear->fading[link];
                }
            }
            for (int64_t i = 0; i < N; i++)
            {
                const int64_t agent = b * N + i;
                const bool* const missing = hear->missed == nullptr ? nullptr : hear->missed + (b * C + hear->tuned[agent]) * K;
                float* const out = hear->observations + agent * F + OWN;
                // Where slot j is server j, the observation is what the device knows.
                float* const row = hear->slotServer == nullptr ? out : hear->known + agent * K * SERVER_FEATURES;
                float* const ways = hear->gain + (b * E + i) * E + N;
                float sums[8] = {};
                float count = 0;
                for (int64_t k = 0; k < K; k++)
                {
                    const int64_t link = agent * K + k;
                    const float level = hear->path[link] + hear->fading[link];
                    ways[k] = level;
                    const float db = level + MAX_POWER_DBM;
                    hear->snr[link] = db;
                    float* const entry = row + k * SERVER_FEATURES;
                    if (isGenie || (db >= least && (missing == nullptr || !missing[k])))
                    {
                        hear->believed[link] = db;
                        entry[0] = std::clamp(db, SNR_LOW_DB, SNR_HIGH_DB);
                        std::memcpy(entry + 1, hear->news + (b * K + k) * 3, 3 * sizeof(float));
                        entry[4] = 0;
                        count++;
                        for (int64_t c = 0; c < C; c++)
                        {
                            sums[c] += hear->busy[(b * K + k) * C + c];
                        }
                    }
                    else
                    {
                        entry[4] = std::min(entry[4] + 1, AGE_HIGH_TICKS);
                    }
                }
                hear->heard[agent] = count;
                float* const heardChannels = out + SERVER_SLOTS * SERVER_FEATURES;
                for (int64_t c = 0; c < C; c++)
                {
                    float* const entry = heardChannels + c * CHANNEL_FEATURES;
                    entry[0] = count > 0 ? std::clamp(sums[c] / count, 0.0F, 1.0F) : entry[0];
                    entry[1] = count > 0 ? 0 : std::min(entry[1] + 1, AGE_HIGH_TICKS);
                }
                for (int64_t slot = 0; hear->slotServer != nullptr && slot < slots; slot++)
                {
                    const int64_t k = hear->slotServer[agent * slots + slot];
                    std::memcpy(out + slot * SERVER_FEATURES, row + k * SERVER_FEATURES, SERVER_FEATURES * sizeof(float));
                }
            }
        }
    }
}
