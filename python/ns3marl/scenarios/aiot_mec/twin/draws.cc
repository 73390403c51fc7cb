// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// Draws, on a processor.

#include "draws.h"

extern "C"
{

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
