# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: GPL-2.0-only
#
# cmake -DNS3MARL_PYTHON=... -P print-ns3.cmake: prints kind, version, profile and folder of the ns-3 that a build
# would take, one a line; fails with the remedy where there is none.

cmake_minimum_required(VERSION 3.25...3.31)
list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
find_package(Ns3 3.43 REQUIRED QUIET)
execute_process(COMMAND "${CMAKE_COMMAND}" -E echo "${NS3_KIND}\n${NS3_VERSION}\n${NS3_BUILD_PROFILE}\n${NS3_PREFIX}")
