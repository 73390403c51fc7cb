# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: GPL-2.0-only
#
# Finds ns-3, 3.43 or later. This is the one file that knows how ns-3 is installed. It looks, in this order, at
#
#   1. NS3_ROOT (CMake or environment variable): an install prefix, a source tree built in place, or its build folder.
#      Nothing else is tried then.
#   2. The PyPI wheel `ns3` of the Python interpreter NS3MARL_PYTHON. Only its headers and libraries are used: the
#      CMake export in the wheel records the folders of the machine that built it.
#   3. An ns-3 installed on the system, like Debian's libns3-dev.
#
# Defines
#   ns3::<module>       imported targets, one for each requested component
#   NS3_VERSION         like 3.44 ("dev" for a development tree)
#   NS3_BUILD_PROFILE   like release+log+assert: the profile, then what was compiled into the libraries
#   NS3_KIND            root, wheel or system
#   NS3_PREFIX          the folder it was found in

set(_ns3_wanted "${Ns3_FIND_VERSION}")
if(NOT _ns3_wanted)
  set(_ns3_wanted 3.43)
endif()
string(CONCAT _ns3_remedy
  "Remedy: install the wheel into the virtual environment (`pip install 'ns3marl[ns3]'`, or, without what only ns-3's own "
  "Python bindings need, `pip install --no-deps ns3==3.44.post0`, for CPython 3.10 to 3.13 on x86-64), "
  "or install ns-3 ${_ns3_wanted} or later from the distribution (libns3-dev), "
  "or set NS3_ROOT to a built ns-3 tree or install prefix.")

# Sets OUT to "library;version;profile" for the ns-3 core library under PREFIX, or to an empty string.
function(_ns3_core_library out prefix)
  set(${out} "" PARENT_SCOPE)
  file(GLOB found "${prefix}/lib64/libns3*-core*.so" "${prefix}/lib/libns3*-core*.so" "${prefix}/lib/*/libns3*-core*.so")
  foreach(library IN LISTS found)
    if(library MATCHES "/libns(3[.0-9]*|3-dev)-core-?(debug|default|release|optimized|minsizerel|relwithdebinfo)?\\.so$")
      set(version "${CMAKE_MATCH_1}")
      set(profile "${CMAKE_MATCH_2}")
      # Debian's libraries are libns3-<module>.so, links to .so.43 and so on.
      get_filename_component(target "${library}" REALPATH)
      if(version STREQUAL "3" AND target MATCHES "\\.so\\.([0-9.]+)$")
        set(version "3.${CMAKE_MATCH_1}")
      endif()
      string(REPLACE "3-dev" "dev" version "${version}")
      if(NOT profile)
        set(profile release)
      endif()
      set(${out} "${library};${version};${profile}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# Tries one prefix. Sets _ns3_core, _ns3_include and the result variables when both headers and libraries are there.
macro(_ns3_try kind prefix)
  if(NOT _ns3_core AND EXISTS "${prefix}/include/ns3/core-module.h")
    _ns3_core_library(_ns3_found "${prefix}")
    if(_ns3_found)
      list(POP_FRONT _ns3_found _ns3_core NS3_VERSION NS3_BUILD_PROFILE)
      set(_ns3_include "${prefix}/include")
      set(NS3_KIND "${kind}")
      set(NS3_PREFIX "${prefix}")
    endif()
  endif()
endmacro()

unset(_ns3_core)
unset(_ns3_looked)

if(NOT NS3_ROOT AND DEFINED ENV{NS3_ROOT})
  set(NS3_ROOT "$ENV{NS3_ROOT}")
endif()

if(NS3_ROOT)
  get_filename_component(_ns3_root "${NS3_ROOT}" ABSOLUTE BASE_DIR "${CMAKE_BINARY_DIR}")
  _ns3_try(root "${_ns3_root}")
  _ns3_try(root "${_ns3_root}/build")
  list(APPEND _ns3_looked "NS3_ROOT, ${NS3_ROOT}: neither it nor its folder build has include/ns3 and libns3*-core")
else()
  # The interpreter: the one asked for, the active virtual environment, the checkout's .venv, python3 on the path.
  if(NOT NS3MARL_PYTHON)
    find_program(NS3MARL_PYTHON NAMES python python3 NO_DEFAULT_PATH
      PATHS "$ENV{VIRTUAL_ENV}/bin" "${CMAKE_CURRENT_LIST_DIR}/../../.venv/bin" DOC "The Python whose ns3 wheel is used")
    find_program(NS3MARL_PYTHON NAMES python3 python)
  endif()
  if(NS3MARL_PYTHON)
    execute_process(
      COMMAND "${NS3MARL_PYTHON}" -c "import importlib.metadata as m; print(m.distribution('ns3').locate_file('ns3'))"
      OUTPUT_VARIABLE _ns3_wheel OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(_ns3_wheel)
      _ns3_try(wheel "${_ns3_wheel}")
      list(APPEND _ns3_looked "the wheel in ${_ns3_wheel}: it has no usable include/ns3 and libns3*-core")
    else()
      list(APPEND _ns3_looked "${NS3MARL_PYTHON}: it has no package ns3")
    endif()
  else()
    list(APPEND _ns3_looked "no Python interpreter was found that could have the package ns3")
  endif()
  foreach(_ns3_prefix IN LISTS CMAKE_PREFIX_PATH ITEMS /usr/local /usr)
    _ns3_try(system "${_ns3_prefix}")
  endforeach()
  list(APPEND _ns3_looked "the system's prefixes: none has include/ns3 and libns3*-core")
endif()

if(NOT _ns3_core)
  list(JOIN _ns3_looked "\n  - " _ns3_looked)
  message(FATAL_ERROR "ns-3 was not found. Looked at\n  - ${_ns3_looked}\n${_ns3_remedy}")
endif()
if(NOT NS3_VERSION STREQUAL "dev" AND NS3_VERSION VERSION_LESS _ns3_wanted)
  message(FATAL_ERROR "ns-3 ${NS3_VERSION} was found in ${NS3_PREFIX}, but ${_ns3_wanted} or later is needed.\n${_ns3_remedy}")
endif()

# What was compiled in leaves its strings in the core library: logs, the name of a function that logs its calls (names
# of log components are always there). Headers are compiled the same way, so that inline assertions and a scenario's own
# NS_LOG behave as in the libraries.
file(STRINGS "${_ns3_core}" _ns3_traces REGEX "^BreakpointFallback$|NS_ASSERT failed")
set(_ns3_definitions "")
if("BreakpointFallback" IN_LIST _ns3_traces)
  string(APPEND NS3_BUILD_PROFILE "+log")
  list(APPEND _ns3_definitions NS3_LOG_ENABLE)
endif()
if(_ns3_traces MATCHES "NS_ASSERT failed")
  string(APPEND NS3_BUILD_PROFILE "+assert")
  list(APPEND _ns3_definitions NS3_ASSERT_ENABLE)
endif()
if(NS3_BUILD_PROFILE MATCHES "^(debug|default|relwithdebinfo)")
  list(APPEND _ns3_definitions NS3_BUILD_PROFILE_DEBUG)
elseif(NS3_BUILD_PROFILE MATCHES "^optimized")
  list(APPEND _ns3_definitions NS3_BUILD_PROFILE_OPTIMIZED)
else()
  list(APPEND _ns3_definitions NS3_BUILD_PROFILE_RELEASE)
endif()

foreach(_ns3_module IN LISTS Ns3_FIND_COMPONENTS)
  string(REGEX REPLACE "-core(-?[a-z]*\\.so)$" "-${_ns3_module}\\1" _ns3_library "${_ns3_core}")
  set(Ns3_${_ns3_module}_FOUND FALSE)
  if(EXISTS "${_ns3_library}")
    set(Ns3_${_ns3_module}_FOUND TRUE)
    if(NOT TARGET ns3::${_ns3_module})
      add_library(ns3::${_ns3_module} SHARED IMPORTED)
      # Libraries register their TypeIds when they are loaded, so they stay linked even where no symbol is used. The
      # wheel's libraries come with private copies of what they need, found by their own rpath.
      set_target_properties(ns3::${_ns3_module} PROPERTIES
        IMPORTED_LOCATION "${_ns3_library}"
        INTERFACE_INCLUDE_DIRECTORIES "${_ns3_include}"
        INTERFACE_COMPILE_DEFINITIONS "${_ns3_definitions}"
        INTERFACE_COMPILE_FEATURES cxx_std_20
        INTERFACE_LINK_OPTIONS "LINKER:--no-as-needed;LINKER:--allow-shlib-undefined")
    endif()
  endif()
endforeach()

set(_ns3_detail "${NS3_KIND} ${NS3_PREFIX}, ${NS3_BUILD_PROFILE}")
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Ns3
  REQUIRED_VARS _ns3_detail
  HANDLE_COMPONENTS
  REASON_FAILURE_MESSAGE "ns-3 ${NS3_VERSION} in ${NS3_PREFIX} lacks a module. ${_ns3_remedy}")
