// SPDX-FileCopyrightText: The ns3marl authors
// SPDX-License-Identifier: GPL-2.0-only

#ifndef NS3MARL_MODELS_NPY_FILE_H
#define NS3MARL_MODELS_NPY_FILE_H

#include <cstdint>
#include <string>
#include <vector>

namespace ns3::marl
{

/// Length of each axis.
using NpyShape = std::vector<std::size_t>;

/// Takes any length where a shape is expected.
constexpr std::size_t NPY_ANY = SIZE_MAX;

/// Writes an array in numpy's format .npy 1.0: little-endian, the last axis runs fastest. \tparam T double, int32_t, int64_t,
/// or uint8_t for booleans \throws std::runtime_error when the file cannot be written
template <typename T>
void WriteNpy(const std::string& path, const NpyShape& shape, const std::vector<T>& values);

/// Reads an array of one of the types above. \param shape that the file must have; NPY_ANY: any length of that axis
/// \throws std::invalid_argument about what is wrong with the file: what was expected, what was found
template <typename T>
std::vector<T> ReadNpy(const std::string& path, const NpyShape& shape);

} // namespace ns3::marl

#endif // NS3MARL_MODELS_NPY_FILE_H
