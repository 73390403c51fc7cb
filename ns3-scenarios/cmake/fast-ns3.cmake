# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: GPL-2.0-only
#
# cmake -C fast-ns3.cmake -S NS3_SOURCE ...: configures ns-3 itself for speed. `ns3marl build-ns3` calls it with
#
#   NS3MARL_FURTHER_MODULES   modules of ns-3 beyond those that the bundled scenarios link

include("${CMAKE_CURRENT_LIST_DIR}/ns3-modules.cmake")
set(NS3_ENABLED_MODULES "${NS3MARL_NS3_MODULES};${NS3MARL_MORE_NS3_MODULES};${NS3MARL_FURTHER_MODULES}"
  CACHE STRING "ns-3 adds what these need" FORCE)

set(CMAKE_BUILD_TYPE release CACHE STRING "-O3 -DNDEBUG" FORCE)
set(NS3_LINK_TIME_OPTIMIZATION ON CACHE BOOL "" FORCE)
foreach(option
    NS3_ASSERT NS3_LOG
    NS3_EXAMPLES NS3_TESTS
    NS3_EIGEN NS3_GSL NS3_GTK3 NS3_SQLITE NS3_VISUALIZER NS3_EMU NS3_TAP # no bundled scenario needs these libraries
    NS3_CCACHE # it would change the settings of the user's cache; CMAKE_CXX_COMPILER_LAUNCHER serves
    NS3_FAST_LINKERS # LLD cannot read what GCC leaves for optimisation at link time
    NS3_NATIVE_OPTIMIZATIONS # fused multiplications and additions would make results depend on the processor
    NS3_WARNINGS)
  set(${option} OFF CACHE BOOL "" FORCE)
endforeach()
