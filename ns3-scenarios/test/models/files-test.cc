// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/mobility.h"
#include "models/placement.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace ns3::marl
{
namespace
{

/// A file that is gone with its object.
class File
{
  public:
    explicit File(const std::string& text)
        : path((std::filesystem::path(testing::TempDir()) / ("ns3marl-file-" + std::to_string(getpid()) + ".csv"))
                   .string())
    {
        std::ofstream(path) << text;
    }

    ~File()
    {
        std::filesystem::remove(path);
    }

    std::string path;
};

std::string
GetRefusal(const std::function<void()>& read)
{
    try
    {
        read();
    }
    catch (const std::invalid_argument& error)
    {
        return error.what();
    }
    return "";
}

std::string
GetPlacementRefusal(const std::string& text)
{
    const File file(text);
    Placement placement;
    return GetRefusal([&] { placement.ReadFile(file.path); });
}

std::string
GetTraceRefusal(const std::string& text)
{
    const File file(text);
    Mobility mobility;
    return GetRefusal([&] { mobility.ReadTrace(file.path, 3, 120, 1.5); });
}

bool
Ends(const std::string& text, const std::string& end)
{
    return text.ends_with(end);
}

TEST(PositionsFile, PlacesDevicesAndServers)
{
    const File file("# a hall\nkind,x,y\nserver, 60, 60\n\ndevice,1.5,2e1\r\ndevice,120,0\n");
    Placement placement;
    placement.ReadFile(file.path);
    const auto devices = placement.GetDevices(2, 100, 16);
    const auto servers = placement.GetServers(1);
    ASSERT_EQ(devices.size(), 2U);
    ASSERT_EQ(servers.size(), 1U);
    EXPECT_EQ(devices[0], Vector(1.5, 20, placement.deviceHeightM));
    EXPECT_EQ(devices[1], Vector(120, 0, placement.deviceHeightM));
    EXPECT_EQ(servers[0], Vector(60, 60, placement.serverHeightM));
}

TEST(PositionsFile, RefusalsNameFileLineAndWhatWasExpected)
{
    const auto wrong = GetPlacementRefusal("kind,x,y\n\nserver,60,here\n");
    EXPECT_NE(wrong.find(".csv', line 3"), std::string::npos);
    EXPECT_TRUE(Ends(wrong, "expected y between 0 and 120, found 'server,60,here'")) << wrong;
    EXPECT_TRUE(
        Ends(GetPlacementRefusal("x,y\n1,2\n"), "line 1: expected the names of the columns, kind,x,y, found 'x,y'"));
    EXPECT_TRUE(
        Ends(GetPlacementRefusal("kind,x,y\nserver,60\n"), "line 2: expected 3 fields, kind,x,y, found 'server,60'"));
    EXPECT_TRUE(
        Ends(GetPlacementRefusal("kind,x,y\nrobot,60,1\n"), "line 2: expected device or server, found 'robot,60,1'"));
    EXPECT_TRUE(
        Ends(GetPlacementRefusal("kind,x,y\ndevice,130,1\n"), "expected x between 0 and 120, found 'device,130,1'"));
    EXPECT_TRUE(
        Ends(GetPlacementRefusal("kind,x,y\ndevice,nan,1\n"), "expected x between 0 and 120, found 'device,nan,1'"));
    EXPECT_NE(GetPlacementRefusal("kind,x,y\n").find("has no rows"), std::string::npos);
    Placement placement;
    EXPECT_NE(GetRefusal([&] { placement.ReadFile("no-such.csv"); }).find("'no-such.csv' cannot be read"),
              std::string::npos);
}

TEST(MobilityFile, RefusalsNameFileLineAndWhatWasExpected)
{
    EXPECT_EQ(GetTraceRefusal("device,time,x,y\n2,0,1,1\n2,1,2,1\n"), "");
    EXPECT_TRUE(Ends(GetTraceRefusal("device,time,x,y\n3,0,1,1\n"),
                     "line 2: expected device between 0 and 2, found '3,0,1,1'"));
    EXPECT_TRUE(
        Ends(GetTraceRefusal("device,time,x,y\n0.5,0,1,1\n"), "expected device as a whole number, found '0.5,0,1,1'"));
    EXPECT_TRUE(Ends(GetTraceRefusal("device,time,x,y\n0,1,1,1\n1,0,1,1\n0,1,2,1\n"),
                     "line 4: expected a time after that of the device's row before, found '0,1,2,1'"));
}

} // namespace
} // namespace ns3::marl
