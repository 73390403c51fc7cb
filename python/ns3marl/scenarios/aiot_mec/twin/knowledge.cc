// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// What the devices of all environments hear, on a processor.

#include "knowledge.h"

extern "C"
{

    const char* HearStatus(const knowledge::Hear* hear)
    {
        for (int64_t agent = 0; agent < hear->environments * hear->devices; agent++)
        {
            knowledge::HearAgent(*hear, agent);
        }
        return nullptr;
    }
}
