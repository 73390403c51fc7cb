// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: MIT
//
// The intervals of all servers, on a processor.

#include "status.h"

extern "C"
{

    const char* CloseIntervals(const status::Status* of)
    {
        for (int64_t server = 0; server < of->environments * of->servers; server++)
        {
            status::CloseInterval(*of, server);
        }
        return nullptr;
    }
}
