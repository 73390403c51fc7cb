// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include "scenarios/aiot-mec/exogenous-header.h"

namespace ns3::marl::aiot_mec
{
namespace
{

class ExogenousHeaderTest : public testing::Test
{
  protected:
    ~ExogenousHeaderTest() override
    {
        std::filesystem::remove(m_path);
    }

    /// \return what is said about a file with one text instead of another
    std::string GetRefusal(const std::string& from, const std::string& to) const
    {
        WriteHeader(m_path, {});
        std::ifstream file(m_path);
        std::string text(std::istreambuf_iterator<char>(file), {});
        text.replace(text.find(from), from.size(), to);
        std::ofstream(m_path) << text;
        try
        {
            ReadHeader(m_path);
        }
        catch (const std::invalid_argument& error)
        {
            const std::string words = error.what();
            return words.starts_with("expected ") ? words : "not what was expected: " + words;
        }
        return "";
    }

    void ExpectRefusal(const std::string& from, const std::string& to, const std::string& words) const
    {
        const auto refusal = GetRefusal(from, to);
        EXPECT_NE(refusal.find(words), std::string::npos) << refusal;
    }

    std::string m_path{
        (std::filesystem::path(testing::TempDir()) / ("ns3marl-exogenous-" + std::to_string(getpid()) + ".json"))
            .string()};
};

TEST_F(ExogenousHeaderTest, WhatIsWrittenComesBack)
{
    ExogenousHeader header;
    header.mobility = "random-waypoint";
    header.seed = 4294967295;
    header.run = UINT64_MAX;
    header.devices = 50;
    header.servers = 9;
    header.channels = 4;
    header.ticks = 1000;
    header.tickNs = 25'000'000;
    header.pathLossExponent = 2.1 + 0.2; // 2.3000000000000003
    header.referenceLossDb = 1.0 / 3;
    header.pauseS = 2;
    WriteHeader(m_path, header);
    const auto back = ReadHeader(m_path);
    EXPECT_EQ(back.scenario, "aiot-mec");
    EXPECT_EQ(back.mobility, header.mobility);
    EXPECT_EQ(back.seed, header.seed);
    EXPECT_EQ(back.run, header.run);
    EXPECT_EQ(back.devices, header.devices);
    EXPECT_EQ(back.servers, header.servers);
    EXPECT_EQ(back.channels, header.channels);
    EXPECT_EQ(back.ticks, header.ticks);
    EXPECT_EQ(back.tickNs, header.tickNs);
    EXPECT_EQ(back.pathLossExponent, header.pathLossExponent);
    EXPECT_EQ(back.referenceLossDb, header.referenceLossDb);
    EXPECT_EQ(back.pauseS, header.pauseS);
}

TEST_F(ExogenousHeaderTest, TakesWhatOtherWritersOfJsonWrite)
{
    EXPECT_EQ(GetRefusal("\"pause_s\": 0", "\"pause_s\": 1.5e0"), "");
    EXPECT_EQ(GetRefusal("{\n", "{\n\n\t\"comment\" : \"{a: b, c}\" ,"), "");
    EXPECT_EQ(GetRefusal("\n}\n", "}"), "");
}

TEST_F(ExogenousHeaderTest, RefusalsNameTheEntry)
{
    ExpectRefusal("ns3marl-exogenous", "csv", "expected \"format\": \"ns3marl-exogenous\"");
    ExpectRefusal("\"version\": 1", "\"version\": 2", "expected \"version\": 1");
    ExpectRefusal("\"version\": 1", "\"version\": 2", "found 2");
    ExpectRefusal("\"devices\": 0", "\"devices\": 1.5", "a whole number for \"devices\"");
    ExpectRefusal("\"devices\": 0", "\"devices\": -1", "a whole number for \"devices\"");
    ExpectRefusal("\"pause_s\": 0", "\"pause_s\": NaN", "a number for \"pause_s\"");
    ExpectRefusal("\"pause_s\": 0", "\"pause_s\": \"0\"", "a number for \"pause_s\"");
    ExpectRefusal("\"static\"", "7", "a string for \"mobility\"");
    ExpectRefusal("\"ticks\": 0,", "", "expected \"ticks\"");
    ExpectRefusal("\n}\n", "", "found the end of the file");
    ExpectRefusal("\"static\"", "\"sta\\\"tic\"", "a string without escapes");
    ExpectRefusal(",", "", "',' of one flat JSON object");
}

TEST_F(ExogenousHeaderTest, RefusesAFileThatIsNotThere)
{
    EXPECT_THROW(ReadHeader("no-such.json"), std::invalid_argument);
    EXPECT_THROW(WriteHeader("/no-such-folder/exogenous.json", {}), std::runtime_error);
}

} // namespace
} // namespace ns3::marl::aiot_mec
