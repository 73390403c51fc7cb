# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: GPL-2.0-only
#
# What the bundled scenarios and a user's own folder share: dependencies, compiler settings, ns3marl_add_scenario().

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF) # there are none, and clang-tidy does not know GCC's flags for them
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug or RelWithDebInfo" FORCE)
endif()
find_program(NS3MARL_CCACHE ccache DOC "Compiler cache; empty for none")
if(NS3MARL_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${NS3MARL_CCACHE}")
endif()

list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
include("${CMAKE_CURRENT_LIST_DIR}/ns3-modules.cmake")
find_package(Ns3 3.43 REQUIRED COMPONENTS ${NS3MARL_NS3_MODULES} ${NS3MARL_MORE_NS3_MODULES})
list(TRANSFORM NS3MARL_NS3_MODULES PREPEND ns3:: OUTPUT_VARIABLE NS3MARL_NS3_TARGETS)

find_package(Protobuf CONFIG QUIET) # from 22 on it links Abseil, which CMake's own module does not know
if(NOT Protobuf_FOUND)
  find_package(Protobuf REQUIRED)
endif()
find_package(PkgConfig REQUIRED)
pkg_check_modules(libzmq REQUIRED IMPORTED_TARGET libzmq cppzmq)

# An executable is linked beside its place and moved there, so that a simulator that starts meanwhile finds the old one or the
# new one, never a file that is not finished.
string(REPLACE " -o <TARGET>" " -o <OBJECT_DIR>/linked" CMAKE_CXX_LINK_EXECUTABLE "${CMAKE_CXX_LINK_EXECUTABLE}")
list(APPEND CMAKE_CXX_LINK_EXECUTABLE "\"${CMAKE_COMMAND}\" -E rename <OBJECT_DIR>/linked <TARGET>")

# Warnings for the project's own code and a user's scenarios. ns-3's headers count as system headers.
set(NS3MARL_WARNINGS -Wall -Wextra -Wpedantic)

option(NS3MARL_PRECOMPILE "Parse the headers that scenarios share once: edits compile in two thirds of the time" OFF)

# Precompiles what scenarios share, once for all targets of a build.
function(_ns3marl_precompile target)
  if(NOT NS3MARL_PRECOMPILE)
    return()
  endif()
  get_property(first GLOBAL PROPERTY _ns3marl_precompiled)
  if(first)
    target_precompile_headers(${target} REUSE_FROM ${first})
    return()
  endif()
  set_property(GLOBAL PROPERTY _ns3marl_precompiled ${target})
  target_precompile_headers(${target} PRIVATE <bridge/scenario.h> <ns3/internet-stack-helper.h> <ns3/mobility-helper.h>
    <ns3/simulator.h> <ns3/udp-socket-factory.h> <ns3/wifi-helper.h> <ns3/wifi-mac-helper.h> <ns3/wifi-net-device.h>
    <ns3/wifi-phy.h> <ns3/yans-wifi-helper.h>)
endfunction()

# ns3marl_add_scenario(NAME SOURCE...): the executable bin/NAME, linked against the bridge and the models.
function(ns3marl_add_scenario name)
  add_executable(${name} ${ARGN})
  target_compile_options(${name} PRIVATE ${NS3MARL_WARNINGS})
  target_link_libraries(${name} PRIVATE ns3marl-bridge ns3marl-models)
  _ns3marl_precompile(${name})
endfunction()

# ns3marl_link_ns3(NAME MODULE...): links NAME against modules of ns-3 beyond those every scenario has, like point-to-point.
function(ns3marl_link_ns3 name)
  find_package(Ns3 3.43 QUIET REQUIRED COMPONENTS ${ARGN})
  list(TRANSFORM ARGN PREPEND ns3:: OUTPUT_VARIABLE targets)
  target_link_libraries(${name} PRIVATE ${targets})
endfunction()

# ns3marl_add_folder(FOLDER): a scenario for each FOLDER/<name>.cc. A large one keeps its parts in FOLDER/<name>/*.cc;
# they form the library <name>-parts, which tests may link. Sets NS3MARL_SCENARIOS and NS3MARL_SCENARIO_PARTS.
function(ns3marl_add_folder folder)
  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.cc")
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM name)
    ns3marl_add_scenario(${name} "${source}")
    list(APPEND scenarios ${name})
    file(GLOB part_sources CONFIGURE_DEPENDS "${folder}/${name}/*.cc")
    if(part_sources)
      add_library(${name}-parts STATIC ${part_sources})
      target_compile_options(${name}-parts PRIVATE ${NS3MARL_WARNINGS})
      target_include_directories(${name}-parts PUBLIC "${folder}")
      target_link_libraries(${name}-parts PUBLIC ns3marl-bridge ns3marl-models)
      _ns3marl_precompile(${name}-parts)
      target_link_libraries(${name} PRIVATE ${name}-parts)
      list(APPEND parts ${name}-parts)
    endif()
  endforeach()
  set(NS3MARL_SCENARIOS "${scenarios}" PARENT_SCOPE)
  set(NS3MARL_SCENARIO_PARTS "${parts}" PARENT_SCOPE)
endfunction()
