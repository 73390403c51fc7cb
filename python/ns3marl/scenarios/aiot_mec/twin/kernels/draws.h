// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// Random numbers that follow from where they stand: Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as
// easy as 1, 2, 3", SC 2011). Each thread draws its own, in any order.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "both.h"

namespace draws
{

constexpr int LANES = 4; // numbers of a block
constexpr float TURN = 6.283185307F;
constexpr float FADED = 1e-9F; // no power is taken for less

struct Block
{
    uint32_t word[LANES];
};

/// Numbers of a draw in B environments, which follow from (seed, run, draw); kernel.py has the same fields in the same order.
struct Draw
{
    int64_t environments, uniforms, normals; ///< B; how many of each an environment takes
    uint64_t seed;
    uint64_t draw;      ///< which one of an episode, below 2^32
    const int64_t* run; ///< [B]
    float* uniform;     ///< out: in [0, 1), [B, uniforms]
    float* normal;      ///< out: of zero mean and unit variance, [B, normals]
    void* stream;       ///< of a GPU
};

/// The fading of all links of B environments, which moves; kernel.py has the same fields in the same order.
struct Fading
{
    int64_t environments, links; ///< links of an environment
    uint64_t seed, draw;
    const int64_t* run; ///< [B]
    float* gain;        ///< real and imaginary parts of complex gains, [B, 2, links], changed
    float* decibels;    ///< out: 10 log10 |h|^2, [B, links]
    float stays, comes; ///< weights of the gain and of two normal numbers
    void* stream;       ///< of a GPU
};

/// Ten rounds over a counter.
BOTH inline Block
Philox(Block counter, uint64_t key)
{
    auto low = static_cast<uint32_t>(key);
    auto high = static_cast<uint32_t>(key >> 32);
    auto& [a, b, c, d] = counter.word;
    for (int round = 0; round < 10; round++)
    {
        const uint64_t first = uint64_t{0xD2511F53U} * a;
        const uint64_t second = uint64_t{0xCD9E8D57U} * c;
        a = static_cast<uint32_t>(second >> 32) ^ b ^ low;
        b = static_cast<uint32_t>(second);
        c = static_cast<uint32_t>(first >> 32) ^ d ^ high;
        d = static_cast<uint32_t>(first);
        low += 0x9E3779B9U;
        high += 0xBB67AE85U;
    }
    return counter;
}

/// Two normal numbers from two words (Box and Muller 1958).
BOTH inline void
GetNormals(uint32_t first, uint32_t second, float& one, float& other)
{
    const float radius = std::sqrt(-2 * std::log(static_cast<float>(first) * 0x1p-32F + 0x1p-33F));
    const float angle = static_cast<float>(second >> 8) * (0x1p-24F * TURN);
    one = radius * std::cos(angle);
    other = radius * std::sin(angle);
}

/// Block ``number`` of a draw.
BOTH inline Block
GetBlock(uint64_t seed, int64_t run, uint64_t draw, uint32_t number)
{
    const auto of = static_cast<uint64_t>(run);
    return Philox({{number, static_cast<uint32_t>(draw), static_cast<uint32_t>(of), static_cast<uint32_t>(of >> 32)}},
                  seed);
}

/// How many blocks an environment takes.
BOTH inline int64_t
CountBlocks(const Draw& draw)
{
    return (draw.uniforms + LANES - 1) / LANES + (draw.normals + LANES - 1) / LANES;
}

/// \param block number of the block among those of all environments
BOTH inline void
DrawBlock(const Draw& draw, int64_t block)
{
    const int64_t each = CountBlocks(draw);
    const int64_t b = block / each;
    const auto number = static_cast<uint32_t>(block - b * each);
    const int64_t normalsFrom = (draw.uniforms + LANES - 1) / LANES;
    const Block bits = GetBlock(draw.seed, draw.run[b], draw.draw, number);
    float values[LANES];
    const bool isNormal = number >= normalsFrom;
    if (isNormal)
    {
        GetNormals(bits.word[0], bits.word[1], values[0], values[1]);
        GetNormals(bits.word[2], bits.word[3], values[2], values[3]);
    }
    for (int lane = 0; lane < LANES && !isNormal; lane++)
    {
        values[lane] = static_cast<float>(bits.word[lane] >> 8) * 0x1p-24F;
    }
    const int64_t at = (isNormal ? number - normalsFrom : number) * LANES;
    const int64_t count = isNormal ? draw.normals : draw.uniforms;
    float* const out = (isNormal ? draw.normal : draw.uniform) + b * count;
    for (int lane = 0; lane < LANES && at + lane < count; lane++)
    {
        out[at + lane] = values[lane];
    }
}

/// Moves two links (radio.advance_fading, radio.fading_db). \param pair number of the two among those of all environments
BOTH inline void
Fade(const Fading& fading, int64_t pair)
{
    const int64_t each = (fading.links + 1) / 2;
    const int64_t b = pair / each;
    const int64_t number = pair - b * each;
    const Block bits = GetBlock(fading.seed, fading.run[b], fading.draw, static_cast<uint32_t>(number));
    for (int lane = 0; lane < 2 && 2 * number + lane < fading.links; lane++)
    {
        const int64_t link = 2 * number + lane;
        float& real = fading.gain[2 * b * fading.links + link];
        float& imaginary = fading.gain[(2 * b + 1) * fading.links + link];
        float first;
        float second;
        GetNormals(bits.word[2 * lane], bits.word[2 * lane + 1], first, second);
        real = fading.stays * real + fading.comes * first;
        imaginary = fading.stays * imaginary + fading.comes * second;
        const float power = real * real + imaginary * imaginary;
        fading.decibels[b * fading.links + link] = 10 * std::log10(power < FADED ? FADED : power);
    }
}

} // namespace draws
