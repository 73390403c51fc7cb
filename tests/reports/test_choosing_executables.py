# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A name runs another scenario than its user means, or one that is older than its sources, without a word."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import NoReturn

import pytest

from ns3marl import cli, executables, toolchain
from ns3marl.errors import LaunchError, StaleScenario


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with no scenario in it or elsewhere."""
    monkeypatch.setattr(executables, "REPOSITORY", tmp_path / "checkout")
    monkeypatch.delenv(executables.SCENARIO_PATH_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(folder: Path, name: str = "net") -> Path:
    """A scenario as `ns3marl build FOLDER` leaves it."""
    folder.mkdir()
    (folder / f"{name}.cc").touch()
    program = folder / "build" / "bin" / name
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    executables.remember_source(folder / "build", folder)
    return program


def age(path: Path, seconds: float) -> None:
    now = path.stat().st_mtime
    os.utime(path, (now, now - seconds))


@pytest.mark.report("T4")
def test_two_scenarios_of_one_name_are_refused_by_both_paths(here: Path) -> None:
    programs = [made(here / "first"), made(here / "second")]
    with pytest.raises(LaunchError, match="'net' is ambiguous") as caught:
        executables.find_scenario("net")
    assert all(str(program) in str(caught.value) for program in programs)
    for program in programs:
        assert executables.find_scenario(program) == program


@pytest.mark.report("T4")
def test_a_scenario_named_like_a_bundled_one_is_refused_too(here: Path) -> None:
    bundled = here / "checkout" / "build" / "scenarios" / "bin" / "net"
    bundled.parent.mkdir(parents=True)
    bundled.touch(mode=0o755)
    made(here / "mine")
    with pytest.raises(LaunchError, match=r"ambiguous, .*checkout/build/.* and in .*mine/build"):
        executables.find_scenario("net")


@pytest.mark.report("T4")
def test_folders_that_the_user_names_come_first(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(here / "first")
    second = made(here / "second")
    monkeypatch.setenv(executables.SCENARIO_PATH_VARIABLE, str(second.parent))
    assert executables.find_scenario("net") == second


@pytest.mark.report("T4")
def test_a_folder_that_is_reached_twice_is_one(here: Path) -> None:
    program = made(here / "net")
    (here / "link").symlink_to(here / "net")
    assert executables.find_scenario("net") == program


@pytest.mark.report("T4")
def test_the_list_of_scenarios_shows_both(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("first", "second"):
        made(here / name)
    assert cli.main(["scenarios"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == [
        str(here / f"{n}/build/bin/net") for n in ("first", "second")
    ]
    assert all("ambiguous" in line for line in lines)


@pytest.mark.report("T4")
@pytest.mark.parametrize("name", ["net.cc", "net/part.h", "CMakeLists.txt"])
def test_a_changed_source_is_named_with_the_command_that_builds_it(here: Path, name: str) -> None:
    program = made(here / "mine")
    changed = here / "mine" / name
    changed.parent.mkdir(exist_ok=True)
    changed.touch()
    age(program, 60)
    age(program.parents[1] / "ns3marl-source", 30)
    with pytest.warns(StaleScenario) as caught:
        assert toolchain.provide("net") == program
    message = str(caught[0].message)
    assert f"built before {changed} changed" in message
    assert f"`ns3marl build {here / 'mine'}`" in message


@pytest.mark.report("T4")
def test_the_demo_compiles_a_bundled_scenario_that_has_changed(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = here / "checkout" / "ns3-scenarios" / "scenarios" / "net.cc"
    source.parent.mkdir(parents=True)
    source.touch()
    program = executables.bundled_build_dir() / "bin" / "net"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    executables.remember_source(executables.bundled_build_dir(), here / "checkout" / "ns3-scenarios")
    built: list[str] = []
    monkeypatch.setattr(toolchain, "build", lambda only, **_: built.extend(only))
    assert toolchain.provide("net", up_to_date=True) == program
    assert built == []
    for path in (program, program.parents[1] / "ns3marl-source"):
        age(path, 60)
    with pytest.warns(StaleScenario, match="build it with `ns3marl build`"):  # this build does nothing
        toolchain.provide("net", up_to_date=True)
    assert built == ["net"]


@pytest.mark.report("T4")
def test_what_is_up_to_date_does_not_warn(here: Path) -> None:
    program = made(here / "mine")
    # An edit that this executable did not depend on: it is older, but was found up to date by the last build.
    age(program, 60)
    for name in ("net.cc", "test_net.py", "build/generated.cc"):
        (here / "mine" / name).touch()
    age(here / "mine" / "net.cc", 30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        toolchain.provide("net")


@pytest.mark.report("T4")
def test_the_command_line_warns_in_a_sentence(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = made(here / "mine")
    program.write_text("#!/bin/sh\nexit 3\n")
    age(program, 60)
    age(program.parents[1] / "ns3marl-source", 60)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert cli.main(["run", "net"]) == 2
    assert capsys.readouterr().err.startswith(f"ns3marl: warning: scenario {program} was built before")


@pytest.mark.report("T10")
@pytest.mark.parametrize("has_debug_build", [True, False])
def test_a_run_in_the_debugger_takes_the_debug_build(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], has_debug_build: bool
) -> None:
    program = made(here / "mine")
    wanted = program
    if has_debug_build:
        wanted = program.parents[1] / "debug" / "bin" / "net"
        wanted.parent.mkdir(parents=True)
        wanted.touch(mode=0o755)
    gdb = here / "tools" / "gdb"
    gdb.parent.mkdir()
    gdb.touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{gdb.parent}{os.pathsep}{os.environ['PATH']}")

    def becomes(path: str, words: list[str]) -> NoReturn:
        print(path, *words)
        raise SystemExit(0)

    monkeypatch.setattr(os, "execv", becomes)
    with pytest.raises(SystemExit):
        cli.main(["run", "net", "--gdb", "--seed", "7", "--", "--ticks=3"])
    said = capsys.readouterr()
    command = [str(gdb), str(gdb), "--args", str(wanted), "--standalone", "--seed=7", "--ticks=3"]
    assert said.out.split() == command
    assert ("built without symbols: `ns3marl build" in said.err) == (not has_debug_build)


@pytest.mark.report("T10")
def test_the_debugger_runs_no_other_policy(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(here / "mine")
    assert cli.main(["run", "net", "--gdb", "--policy", "random"]) == 2
    assert "attach gdb to its simulator" in capsys.readouterr().err
