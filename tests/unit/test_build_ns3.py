# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Compiling ns-3 itself, with a project in its place that has its options, its folders and its habit of writing into its sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from ns3marl import build_ns3, cli, executables, toolchain
from ns3marl.errors import BuildError

CMAKE_LISTS = """\
cmake_minimum_required(VERSION 3.13...3.31)
project(NS3 CXX C)
add_subdirectory(src)
add_subdirectory(examples)
add_subdirectory(scratch)
add_subdirectory(utils)
file(WRITE ${PROJECT_SOURCE_DIR}/.lock-ns3_linux_build "locked")
foreach(option CMAKE_BUILD_TYPE NS3_ASSERT NS3_LOG NS3_LINK_TIME_OPTIMIZATION NS3_TESTS NS3_ENABLED_MODULES)
  message(STATUS "${option} is ${${option}}")
endforeach()
"""
CORE = """\
add_library(core SHARED core.cc)
set_target_properties(core PROPERTIES OUTPUT_NAME ns${NS3_VERSION}-core LIBRARY_OUTPUT_DIRECTORY ${NS3_OUTPUT_DIRECTORY}/lib)
install(TARGETS core DESTINATION lib)
install(FILES core-module.h DESTINATION include/ns3)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder that looks like ns-3's sources, and compiles in a second."""
    return make_source(tmp_path / "ns-3.44")


def make_source(folder: Path, version: str = "3.44") -> Path:
    for name in ("build-support", "contrib", "examples", "scratch", "src/core", "src/olsr", "utils"):
        (folder / name).mkdir(parents=True)
    (folder / "VERSION").write_text(f"{version}\n")
    (folder / "CMakeLists.txt").write_text(CMAKE_LISTS)
    (folder / "scratch" / "CMakeLists.txt").write_text("message(FATAL_ERROR scratch)\n")
    (folder / "src" / "CMakeLists.txt").write_text("add_subdirectory(core)\n")
    (folder / "src" / "core" / "CMakeLists.txt").write_text(f"set(NS3_VERSION {version})\n{CORE}")
    (folder / "src" / "core" / "core.cc").write_text("int Core() { return 1; }\n")
    (folder / "src" / "core" / "core-module.h").touch()
    return folder


def contents(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_ns3_is_compiled_for_speed_and_found(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(source)
    lines: list[str] = []
    prefix = build_ns3.build(source, tmp_path / "fast", jobs=1, echo=lines.append, modules=["olsr"])
    assert contents(source) == before
    said = dict(
        line.removeprefix("-- ").split(" is ", 1) for line in lines if " is " in line and "NS3_" in line
    )
    said_modules = said.pop("NS3_ENABLED_MODULES").split(";")
    assert said == {
        "NS3_ASSERT": "OFF",
        "NS3_LOG": "OFF",
        "NS3_LINK_TIME_OPTIMIZATION": "ON",
        "NS3_TESTS": "OFF",
    }
    assert "-- CMAKE_BUILD_TYPE is release" in lines
    assert {"core", "wifi", "lte", "netanim", "olsr"} <= set(said_modules)

    monkeypatch.setenv("NS3_ROOT", str(prefix))
    assert toolchain.find_ns3() == toolchain.Ns3Installation("root", "3.44", "release", prefix)


def test_only_what_has_changed_is_compiled_again(source: Path, tmp_path: Path) -> None:
    prefix = build_ns3.build(source, tmp_path / "fast", jobs=1)
    lines: list[str] = []
    build_ns3.build(source, prefix, jobs=1, echo=lines.append)
    assert not [line for line in lines if "Building CXX" in line]
    (source / "src" / "core" / "core.cc").write_text("int Core() { return 2; }\n")
    build_ns3.build(source, prefix, jobs=1, echo=lines.append)
    assert [line for line in lines if "Building CXX" in line]


def test_other_sources_are_compiled_from_the_start(source: Path, tmp_path: Path) -> None:
    prefix = build_ns3.build(source, tmp_path / "fast", jobs=1)
    other = make_source(tmp_path / "patched")
    lines: list[str] = []
    build_ns3.build(other, prefix, jobs=1, echo=lines.append)
    assert [line for line in lines if "Building CXX" in line]


def test_what_is_no_source_of_ns3_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="not the sources of ns-3; give the folder that holds its VERSION"):
        build_ns3.build(tmp_path / "nowhere")
    make_source(tmp_path / "ns-allinone-3.44" / "ns-3.44")
    with pytest.raises(BuildError, match=r"did you mean .*/ns-allinone-3\.44/ns-3\.44\?"):
        build_ns3.build(tmp_path / "ns-allinone-3.44")


@pytest.mark.parametrize("version", ["3.42", "3.45", "3-dev"])
def test_other_versions_are_refused(tmp_path: Path, version: str) -> None:
    with pytest.raises(BuildError, match=rf"is ns-3 {version}, but only 3\.43 and 3\.44 .* NS3_ROOT"):
        build_ns3.build(make_source(tmp_path / "ns-3", version))


def test_unknown_modules_are_refused(source: Path) -> None:
    with pytest.raises(BuildError, match="has no module 'olsl'"):
        build_ns3.build(source, modules=["olsr", "olsl"])


@pytest.mark.parametrize(("variable", "package"), [(None, "g++"), ("absent-c++ -m64", "absent-c++")])
def test_a_missing_compiler_is_said(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, package: str
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "cc").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CC", raising=False)
    if variable is None:
        monkeypatch.delenv("CXX", raising=False)
    else:
        monkeypatch.setenv("CXX", variable)
    with pytest.raises(BuildError, match="is not on the path") as caught:
        build_ns3.build(source, tmp_path / "fast")
    assert f"apt-get install {package}" in str(caught.value)
    assert not (tmp_path / "fast").exists()


def test_errors_of_the_compiler_come_first(source: Path, tmp_path: Path) -> None:
    (source / "src" / "core" / "core.cc").write_text("int Core() { return none; }\n")
    with pytest.raises(BuildError, match=r"core\.cc:1.* error: .*none.*\n(.*\n)*remedy:"):
        build_ns3.build(source, tmp_path / "fast", jobs=1)


def test_the_command_prints_one_line_for_a_shell(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(executables, "bundled_build_dir", lambda: tmp_path / "my builds" / "scenarios")
    assert cli.main(["build-ns3", str(source), "--verbose"]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"export NS3_ROOT='{tmp_path}/my builds/ns3-3.44-fast'\n"
    assert "Building CXX" in captured.err
