// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// The fading of a tick and the round of broadcasts that devices hear then, in one pass over memory: AiotMec._fade and
// Knowledge.hear for processors.

#include "knowledge.h"

#include <algorithm>
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

torch::Tensor
HearStatus(const torch::Tensor& path,
           const torch::Tensor& fading,
           const torch::Tensor& gain,
           const torch::Tensor& snr,
           const torch::Tensor& believed,
           const torch::Tensor& missed,
           const torch::Tensor& tuned,
           const torch::Tensor& news,
           const torch::Tensor& busy,
           const torch::Tensor& servers,
           const torch::Tensor& air,
           const torch::Tensor& slotServer,
           const torch::Tensor& observations,
           double detection,
           bool isGenie)
{
    for (const auto& tensor : {path, fading, gain, snr, believed, missed, tuned, news, busy, servers, air, slotServer, observations})
    {
        TORCH_CHECK(tensor.is_contiguous() && tensor.device().is_cpu(), "expected contiguous tensors on the CPU");
    }
    const int64_t B = path.size(0);
    const int64_t N = path.size(1);
    const int64_t K = path.size(2);
    const int64_t C = air.size(2);
    const int64_t E = N + K;
    const int64_t F = observations.size(2);
    const int64_t slots = std::min(K, SERVER_SLOTS);
    const auto least = static_cast<float>(detection);
    auto heard = torch::empty({B, N});
    const auto* paths = path.data_ptr<float>();
    const auto* fadings = fading.data_ptr<float>();
    auto* gains = gain.data_ptr<float>();
    auto* snrs = snr.data_ptr<float>();
    auto* beliefs = believed.data_ptr<float>();
    const auto* misses = missed.numel() > 0 ? missed.data_ptr<bool>() : nullptr;
    const auto* tunings = tuned.data_ptr<int64_t>();
    const auto* told = news.data_ptr<float>();
    const auto* shares = busy.data_ptr<float>();
    auto* known = servers.data_ptr<float>();
    auto* channels = air.data_ptr<float>();
    const auto* ids = slotServer.numel() > 0 ? slotServer.data_ptr<int64_t>() : nullptr;
    auto* seen = observations.data_ptr<float>();
    auto* counts = heard.data_ptr<float>();
    at::parallel_for(0, B, 16, [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; b++)
        {
            for (int64_t i = 0; i < N; i++)
            {
                const int64_t agent = b * N + i;
                const bool* const missing = misses == nullptr ? nullptr : misses + (b * C + tunings[agent]) * K;
                float* const row = known + agent * K * SERVER_FEATURES;
                float* const ways = gains + (b * E + i) * E + N;
                float sums[8] = {};
                float count = 0;
                for (int64_t k = 0; k < K; k++)
                {
                    const int64_t link = agent * K + k;
                    const float level = paths[link] + fadings[link];
                    ways[k] = level;
                    gains[(b * E + N + k) * E + i] = level;
                    const float db = level + MAX_POWER_DBM;
                    snrs[link] = db;
                    float* const entry = row + k * SERVER_FEATURES;
                    if (isGenie || (db >= least && (missing == nullptr || !missing[k])))
                    {
                        beliefs[link] = db;
                        entry[0] = std::clamp(db, SNR_LOW_DB, SNR_HIGH_DB);
                        std::memcpy(entry + 1, told + (b * K + k) * 3, 3 * sizeof(float));
                        entry[4] = 0;
                        count++;
                        for (int64_t c = 0; c < C; c++)
                        {
                            sums[c] += shares[(b * K + k) * C + c];
                        }
                    }
                    else
                    {
                        entry[4] = std::min(entry[4] + 1, AGE_HIGH_TICKS);
                    }
                }
                counts[agent] = count;
                float* const heardChannels = channels + agent * C * CHANNEL_FEATURES;
                for (int64_t c = 0; c < C; c++)
                {
                    float* const entry = heardChannels + c * CHANNEL_FEATURES;
                    entry[0] = count > 0 ? std::clamp(sums[c] / count, 0.0F, 1.0F) : entry[0];
                    entry[1] = count > 0 ? 0 : std::min(entry[1] + 1, AGE_HIGH_TICKS);
                }
                float* const out = seen + agent * F + OWN;
                for (int64_t slot = 0; slot < slots; slot++)
                {
                    const int64_t k = ids == nullptr ? slot : ids[agent * slots + slot];
                    std::memcpy(out + slot * SERVER_FEATURES, row + k * SERVER_FEATURES, SERVER_FEATURES * sizeof(float));
                }
                std::memcpy(out + SERVER_SLOTS * SERVER_FEATURES, heardChannels, C * CHANNEL_FEATURES * sizeof(float));
            }
        }
    });
    return heard;
}
