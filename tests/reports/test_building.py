# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Builds hide the first error, die after the checkout has moved, and break what runs meanwhile."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import venv
from pathlib import Path

import pytest

from ns3marl import cli, executables, toolchain
from ns3marl.errors import BuildError

LONG_ERROR = "\n".join(
    [
        "[1/9] Building CXX object net.cc.o",
        "FAILED: net.cc.o",
        "c++ -Iwhere-headers-are -c net.cc",
        "net.cc: In member function 'void Net::Describe()':",
        "net.cc:57:21: error: no match for 'operator<='",
        *(f"time.h:{line}:1: note: candidate {line}" for line in range(200)),
        "net.cc:80:2: error: the second one",
        "ninja: build stopped: subcommand failed.",
    ]
)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose C++ side is one text file that becomes a scenario; it is built by real CMake and Ninja."""
    root = tmp_path / "checkout"
    sources = root / "ns3-scenarios"
    sources.mkdir(parents=True)
    (sources / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\n"
        "project(toy LANGUAGES NONE)\n"
        "file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/bin)\n"
        "add_custom_command(OUTPUT bin/toy COMMAND cp ${CMAKE_SOURCE_DIR}/toy.cc bin/toy COMMAND chmod +x bin/toy\n"
        "  DEPENDS ${CMAKE_SOURCE_DIR}/toy.cc)\n"
        "add_custom_target(scenarios DEPENDS bin/toy)\n"
        'file(WRITE ${CMAKE_BINARY_DIR}/build-type.txt "${CMAKE_BUILD_TYPE}")\n'
    )
    (sources / "toy.cc").write_text("#!/bin/sh\n")
    monkeypatch.setattr(executables, "REPOSITORY", root)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(executables.SCENARIO_PATH_VARIABLE, raising=False)
    return root


def put_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    """Programs of these names that are found before those of the system."""
    folder.mkdir(exist_ok=True)
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.report("T3")
@pytest.mark.usefixtures("checkout")
def test_the_first_error_is_shown_however_long_the_output_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "output").write_text(LONG_ERROR)
    put_on_path(tmp_path / "fake", monkeypatch, cmake="exit 0", ninja=f"cat {tmp_path}/output; exit 1")
    assert cli.main(["build"]) == 2
    said = capsys.readouterr().err
    assert (
        "  FAILED: net.cc.o\n  net.cc: In member function 'void Net::Describe()':\n  net.cc:57:21: error: no match"
        in said
    )
    assert "ns3marl build --verbose" in said
    assert re.search(r"\.\.\. \d+ more lines", said)
    assert len(said.splitlines()) < 60


@pytest.mark.report("T3")
@pytest.mark.usefixtures("checkout")
def test_an_error_of_an_unknown_form_is_in_the_last_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(tmp_path / "fake", monkeypatch, cmake="exit 0", ninja="seq 100; echo what happened; exit 1")
    with pytest.raises(BuildError, match="what happened"):
        toolchain.build()


@pytest.mark.report("M14")
def test_a_checkout_that_was_moved_is_built_anew(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(toolchain.build().scenarios) == ["toy"]
    moved = checkout.rename(checkout.with_name("moved"))
    monkeypatch.setattr(executables, "REPOSITORY", moved)
    (moved / "ns3-scenarios" / "toy.cc").write_text("#!/bin/sh\nexit 3\n")
    built = toolchain.build().scenarios["toy"]
    assert built == moved / "build" / "scenarios" / "bin" / "toy"
    assert "exit 3" in built.read_text()


@pytest.mark.report("M14")
def test_a_checkout_that_was_copied_is_built_from_its_own_sources(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolchain.build()
    copied = checkout.with_name("copied")
    shutil.copytree(checkout, copied)
    (copied / "ns3-scenarios" / "toy.cc").write_text("#!/bin/sh\nexit 3\n")
    monkeypatch.setattr(executables, "REPOSITORY", copied)
    assert "exit 3" in toolchain.build().scenarios["toy"].read_text()
    assert "exit 3" not in (checkout / "build" / "scenarios" / "bin" / "toy").read_text()


@pytest.mark.report("M14")
def test_make_makes_the_virtual_environment_of_a_moved_checkout_anew(tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    root.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(Path(__file__).parents[2] / name, root)
    venv.create(root / ".venv")
    (root / ".venv" / "stamps").mkdir()
    for stamp in ("system", "python", "ns3"):
        (root / ".venv" / "stamps" / stamp).touch()

    def commands(folder: Path) -> str:
        make = ["make", "-n", "setup"]
        return subprocess.run(make, cwd=folder, capture_output=True, text=True, check=True).stdout

    assert "rm -rf .venv" not in commands(root)
    assert "rm -rf .venv" in commands(root.rename(tmp_path / "moved"))


def test_a_folder_that_cannot_be_written_is_named(checkout: Path) -> None:
    (checkout / "build").write_text("a file where the folder shall be")
    with pytest.raises(BuildError, match=r"build/scenarios cannot be written: .*--build-dir"):
        toolchain.build()


@pytest.mark.report("T10")
def test_a_debug_build_stands_beside_the_other(checkout: Path) -> None:
    assert cli.main(["build"]) == 0
    assert cli.main(["build", "--debug"]) == 0
    release = executables.find_scenario("toy")
    debug = executables.debug_build_of(release)
    assert debug == checkout / "build" / "scenarios" / "debug" / "bin" / "toy"
    assert (debug.parents[1] / "build-type.txt").read_text() == "Debug"
    assert (release.parents[1] / "build-type.txt").read_text() != "Debug"


@pytest.mark.report("M27")
@pytest.mark.usefixtures("built_scenarios")
def test_an_executable_can_be_started_at_every_moment_of_a_rebuild(tmp_path: Path) -> None:
    source = tmp_path / "still.cc"
    source.write_text("int main() { return 0; }\n")
    program = toolchain.build(tmp_path).scenarios["still"]
    first = program.stat().st_ino
    missed, finished = [], threading.Event()

    def watch() -> None:
        while not finished.is_set():
            if not os.access(program, os.X_OK):
                missed.append(program.exists())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        for status in (1, 2, 3):
            source.write_text(f"int main() {{ return {status}; }}\n")
            toolchain.build(tmp_path)
    finally:
        finished.set()
        watching.join()
    assert program.stat().st_ino != first  # what runs keeps the file that it began with
    assert missed == []
