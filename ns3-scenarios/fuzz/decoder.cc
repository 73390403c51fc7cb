// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only
//
// libFuzzer's way into the simulator's side of the wire; see CMakeLists.txt.

#include "fuzz/decoder.h"

#include <cstddef>
#include <cstdint>

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    ns3::marl::DecodeAnything({reinterpret_cast<const char*>(data), size});
    return 0;
}
