// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// The numbers of a draw, on a processor.

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
}
