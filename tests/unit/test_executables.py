# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest

from ns3marl import executables
from ns3marl.errors import LaunchError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder named in NS3MARL_SCENARIO_PATH with the executable `beacon` and a file that is none."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "beacon").write_text("#!/bin/sh\n")
    (folder / "beacon").chmod(0o755)
    (folder / "notes.txt").touch()
    monkeypatch.setenv("NS3MARL_SCENARIO_PATH", f"{tmp_path}/missing:{folder}")
    return folder


def test_scenarios_are_found_by_name_and_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert executables.find_scenario("beacon") == folder / "beacon"
    assert executables.find_scenario(folder / "beacon") == folder / "beacon"
    assert executables.scenarios()["beacon"] == folder / "beacon"
    assert "notes.txt" not in executables.scenarios()
    monkeypatch.chdir(folder)
    assert executables.find_scenario("./beacon") == folder / "beacon"


def test_the_current_folders_build_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "build" / "bin" / "only-here"
    mine.parent.mkdir(parents=True)
    mine.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    assert executables.find_scenario("only-here") == mine


def test_an_unknown_scenario_says_where_it_was_looked_for(folder: Path) -> None:
    with pytest.raises(LaunchError) as caught:
        executables.find_scenario("baecon")
    message = str(caught.value)
    assert message.startswith("scenario 'baecon' was not found in ")
    for looked in executables.search_folders():
        assert str(looked) in message
    assert str(folder) in message
    assert "near names: beacon" in message
    assert "build the bundled scenarios with `ns3marl build`" in message


def test_a_path_that_cannot_run_is_refused(folder: Path) -> None:
    with pytest.raises(LaunchError, match=r"notes\.txt is not an executable file; build it"):
        executables.find_scenario(folder / "notes.txt")
    with pytest.raises(LaunchError, match=r"gone does not exist; build it"):
        executables.find_scenario(folder / "gone")


def test_a_build_remembers_its_sources_and_the_folder_may_move(tmp_path: Path) -> None:
    build_dir = tmp_path / "net" / "build"
    (build_dir / "bin").mkdir(parents=True)
    program = build_dir / "bin" / "net"
    assert executables.source_of(program) is None
    executables.remember_source(build_dir, tmp_path / "net")
    assert executables.source_of(program) == tmp_path / "net"
    (tmp_path / "net").rename(tmp_path / "moved")
    assert executables.source_of(tmp_path / "moved" / "build" / "bin" / "net") == tmp_path / "moved"


def test_sources_that_are_gone_are_none(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "build").mkdir()
    executables.remember_source(tmp_path / "build", tmp_path / "net")
    (tmp_path / "net").rmdir()
    assert executables.source_of(tmp_path / "build" / "bin" / "net") is None
