// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#include "models/npy-file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace ns3::marl
{
namespace
{

/// A name of a file that is gone with its object.
class File
{
  public:
    ~File()
    {
        std::filesystem::remove(path);
    }

    void Fill(const std::string& bytes) const
    {
        std::ofstream(path, std::ios::binary) << bytes;
    }

    std::string GetBytes() const
    {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    std::string path{
        (std::filesystem::path(testing::TempDir()) / ("ns3marl-array-" + std::to_string(getpid()) + ".npy")).string()};
};

/// As numpy writes it, with a header of a multiple of 64 bytes.
std::string
MakeHeader(const std::string& dictionary)
{
    std::string header = dictionary;
    header.append(63 - (10 + header.size()) % 64, ' ');
    const std::string length{static_cast<char>(header.size() + 1), '\0'};
    return std::string("\x93NUMPY\x01\0", 8) + length + header + "\n";
}

template <typename T>
std::string
GetRefusal(const std::string& path, const NpyShape& shape)
{
    try
    {
        ReadNpy<T>(path, shape);
    }
    catch (const std::invalid_argument& error)
    {
        return error.what();
    }
    return "";
}

bool
Contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

template <typename T>
void
ExpectToComeBack(const NpyShape& shape, const std::vector<T>& values)
{
    const File file;
    WriteNpy(file.path, shape, values);
    EXPECT_EQ(ReadNpy<T>(file.path, shape), values);
}

TEST(NpyFile, WhatIsWrittenComesBack)
{
    ExpectToComeBack<double>({2, 3}, {0.1, -0.0, 1e300, 5e-324, -7, std::numeric_limits<double>::infinity()});
    ExpectToComeBack<int32_t>({3}, {-2147483647 - 1, 0, 2147483647});
    ExpectToComeBack<int64_t>({1, 2, 1}, {INT64_MIN, INT64_MAX});
    ExpectToComeBack<uint8_t>({4}, {0, 1, 1, 0});
    ExpectToComeBack<double>({0, 3}, {});
}

TEST(NpyFile, StandsAsNumpyWritesIt)
{
    const File file;
    WriteNpy<uint8_t>(file.path, {3}, {1, 0, 1});
    EXPECT_EQ(file.GetBytes(),
              MakeHeader("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }") + std::string("\x01\0\x01", 3));
    WriteNpy<int32_t>(file.path, {1, 2}, {1, -1});
    EXPECT_EQ(file.GetBytes(),
              MakeHeader("{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2), }") +
                  std::string("\x01\0\0\0\xff\xff\xff\xff", 8));
}

TEST(NpyFile, TakesAnyLengthWhereAsked)
{
    const File file;
    WriteNpy<double>(file.path, {2, 3}, {1, 2, 3, 4, 5, 6});
    EXPECT_EQ(ReadNpy<double>(file.path, {NPY_ANY, 3}).size(), 6U);
    EXPECT_TRUE(Contains(GetRefusal<double>(file.path, {NPY_ANY, 2}), "expected <f8 (any, 2)"));
}

TEST(NpyFile, RefusalsTellWhatWasExpectedAndFound)
{
    const File file;
    EXPECT_TRUE(Contains(GetRefusal<double>(file.path, {2}), "expected <f8 (2,) in the file"));
    EXPECT_TRUE(Contains(GetRefusal<double>(file.path, {2}), "found no file"));
    WriteNpy<double>(file.path, {2, 3}, {1, 2, 3, 4, 5, 6});
    EXPECT_TRUE(Contains(GetRefusal<double>(file.path, {3, 2}), "found <f8 (2, 3)"));
    EXPECT_TRUE(Contains(GetRefusal<double>(file.path, {6}), "found <f8 (2, 3)"));
    EXPECT_TRUE(Contains(GetRefusal<int64_t>(file.path, {2, 3}), "expected <i8 (2, 3)"));
    const auto bytes = file.GetBytes();
    file.Fill(bytes.substr(0, bytes.size() - 1));
    EXPECT_TRUE(Contains(GetRefusal<double>(file.path, {2, 3}), "found 47 bytes of values: it was cut off"));
    file.Fill(bytes.substr(0, 40));
    EXPECT_TRUE(Contains(GetRefusal<double>(file.path, {2, 3}), "found no array in numpy's format"));
    file.Fill("x,y\n1,2\n");
    EXPECT_TRUE(Contains(GetRefusal<double>(file.path, {2, 3}), "found no array in numpy's format"));
    file.Fill(MakeHeader("{'descr': '<f8', 'fortran_order': True, 'shape': (1, 1), }") + std::string(8, '\0'));
    EXPECT_TRUE(Contains(GetRefusal<double>(file.path, {1, 1}), "found Fortran's order of axes"));
    file.Fill(MakeHeader("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }") + std::string(8, '\0'));
    EXPECT_TRUE(Contains(GetRefusal<double>(file.path, {1}), "found no array in numpy's format"));
}

TEST(NpyFile, RefusesToWriteWhatIsNoArray)
{
    const File file;
    EXPECT_THROW(WriteNpy<double>(file.path, {2, 2}, {1, 2, 3}), std::runtime_error);
    EXPECT_THROW(WriteNpy<double>("/no-such-folder/a.npy", {1}, {1}), std::runtime_error);
}

} // namespace
} // namespace ns3::marl
