// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "fuzz/decoder.h"

using namespace ns3::marl;

namespace
{

std::vector<std::string>
ReadCorpus()
{
    std::vector<std::string> frames;
    for (const char* folder : {"/tests/conformance", "/tests/conformance/version-1", "/tests/fuzz/corpus"})
    {
        for (const auto& entry : std::filesystem::directory_iterator(std::string(NS3MARL_REPOSITORY) + folder))
        {
            if (!entry.is_regular_file())
            {
                continue;
            }
            std::ifstream file(entry.path(), std::ios::binary);
            std::ostringstream bytes;
            bytes << file.rdbuf();
            frames.push_back(bytes.str());
        }
    }
    return frames;
}

} // namespace

TEST(Fuzz, WhatOnceFoundSomethingIsAMessageOrATypedError)
{
    for (const auto& frame : ReadCorpus())
    {
        const auto refused = DecodeAnything(frame);
        EXPECT_TRUE(!refused || *refused == FaultKind::OUT_OF_STEP || *refused == FaultKind::SPEC_VIOLATION ||
                    *refused == FaultKind::VERSION);
    }
}

TEST(Fuzz, ChangedFramesAreAMessageOrATypedError)
{
    const auto frames = ReadCorpus();
    std::mt19937 random(1);
    std::size_t refused = 0;
    constexpr std::size_t ROUNDS = 20000;
    for (std::size_t round = 0; round < ROUNDS; ++round)
    {
        auto frame = frames[random() % frames.size()];
        for (auto changes = random() % 4; changes-- > 0 && !frame.empty();)
        {
            const auto at = random() % frame.size();
            switch (random() % 3)
            {
            case 0:
                frame[at] = static_cast<char>(random());
                break;
            case 1:
                frame.resize(at);
                break;
            default:
                frame.insert(at, frame.substr(0, random() % 16));
            }
        }
        refused += DecodeAnything(frame).has_value() ? 1 : 0;
    }
    EXPECT_GT(refused, ROUNDS / 10);
    EXPECT_LT(refused, ROUNDS);
}
