# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Compiling own scenarios: users edit, and mistakes do not compile."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from ns3marl import toolchain

ROOT = Path(__file__).resolve().parents[2]
BRIDGE = ROOT / "ns3-scenarios" / "bridge"
CMAKE = ROOT / "ns3-scenarios" / "cmake"


@pytest.mark.report("T5")
@pytest.mark.parametrize(("flag", "compiles"), [("true", True), ('"text"', False), ("1", False)])
def test_a_feature_takes_no_text_for_its_flag(tmp_path: Path, flag: str, compiles: bool) -> None:
    source = tmp_path / "feature.cc"
    source.write_text(f'#include "bridge/spec.h"\nns3::marl::Feature feature{{"x", "1", 0, 1, {flag}}};\n')
    ns3 = toolchain.find_ns3().root / "include"
    command = f"c++ -std=c++20 -fsyntax-only -I{BRIDGE.parent} -isystem {ns3} {source}"
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode == 0) is compiles, done.stderr


@pytest.mark.report("T14")
def test_what_scenarios_of_a_folder_share_is_precompiled() -> None:
    assert "NS3MARL_PRECOMPILE ON" in (CMAKE / "user" / "CMakeLists.txt").read_text()
    shared = (CMAKE / "ns3marl.cmake").read_text()
    assert "target_precompile_headers(${target} REUSE_FROM ${first})" in shared
    assert "<bridge/scenario.h>" in shared


@pytest.mark.report("T13")
def test_models_have_the_hooks_that_an_own_topology_needs() -> None:
    models = ROOT / "ns3-scenarios" / "models"
    assert "sizeBytes" in (models / "edge-server.h").read_text()
    assert "SetRate" in (models / "edge-server.h").read_text()
    assert "place" in (models / "edge-gateway.h").read_text()


@pytest.mark.report("C11")
def test_names_that_newer_protobufs_lack_stand_behind_a_version() -> None:
    wire = (BRIDGE / "wire.cc").read_text()
    guarded = re.search(r"#if GOOGLE_PROTOBUF_VERSION >= 5026000\n.*?#else\n(.*?)#endif", wire, re.DOTALL)
    assert guarded is not None
    assert (
        wire.count("always_print_primitive_fields") == guarded[1].count("always_print_primitive_fields") == 1
    )
    for path in BRIDGE.glob("*.cc"):  # a string_view from protobuf 30 on
        for line in path.read_text().splitlines():
            assert "full_name()" not in line or "std::string(" in line, f"{path.name}: {line}"
    assert "find_package(Protobuf CONFIG" in (CMAKE / "ns3marl.cmake").read_text()
