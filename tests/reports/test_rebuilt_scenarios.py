# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A scenario that is built anew while a training runs, or before it is resumed."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scripted_peer import SPEC
from support import default_actions, scripted_executable
from toy_runs import SETTINGS, run

from ns3marl.config import load
from ns3marl.env.pool import Pool
from ns3marl.simulator import Program
from ns3marl.training.run import train

EPISODES = 3


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.report("M27")
@pytest.mark.parametrize("what", ["gone", "not executable", "another", "replaced by rename"])
def test_a_pool_plays_on_with_the_executable_that_it_began_with(tmp_path: Path, what: str) -> None:
    executable = scripted_executable(tmp_path, "right")
    with Pool(executable, spares=0) as pool:
        pool.reset()
        other = tmp_path / "other"
        other.write_text("#!/bin/false\n")
        other.chmod(0o755)
        if what == "replaced by rename":
            other.replace(executable)
        else:
            executable.unlink()
        if what in {"not executable", "another"}:
            executable.write_text("#!/bin/false\n" if what == "another" else "half written")
            executable.chmod(0o755 if what == "another" else 0o644)
        ended = 0
        for _ in range(EPISODES * SPEC.ticks):
            batch = pool.step(default_actions(SPEC, 1))
            ended += batch.final[0] is not None
        assert ended == EPISODES
        assert np.isfinite(batch.groups[0].observations).all()


@pytest.mark.report("M27")
def test_a_program_knows_whether_it_was_replaced(tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_text("#!/bin/true\n")
    program = Program(path)
    open_before = open_files()
    assert not program.replaced
    path.unlink()
    assert isinstance(program.fd, int)
    program.close()
    program.close()
    assert not program.replaced
    assert open_files() == open_before - 1
    assert Program(path).fd is None  # there is none: launching it says so


@pytest.mark.report("M27")
def test_a_run_knows_the_executable_that_it_was_trained_on(tmp_path: Path) -> None:
    executable = scripted_executable(tmp_path, "right")
    folder, console = tmp_path / "run", Console(file=io.StringIO(), width=500)

    def settings(ticks: int) -> list[str]:
        return [*SETTINGS, f"scenario.name={executable}", "pool.spares=0", f"training.ticks={ticks}"]

    def sha256() -> str:
        return hashlib.sha256(executable.read_bytes()).hexdigest()

    train(load(None, settings(20)), folder, console=console)
    first = sha256()
    assert json.loads((folder / "manifest.json").read_text())["executable"] == first
    train(load(None, settings(40)), folder, resume=True, console=console)
    assert "executable" not in console.file.getvalue()  # type: ignore[attr-defined] # of a StringIO
    with executable.open("a") as script:
        script.write("# another reward\n")
    train(load(None, settings(60)), folder, resume=True, console=console)
    said = console.file.getvalue()  # type: ignore[attr-defined] # of a StringIO
    assert (
        f"the scenario's executable is not the one that this run was begun on (SHA-256 {first[:12]}, now {sha256()[:12]}): "
        "rewards before and after may differ"
    ) in said
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["executable"] == first
    assert [sitting["executable"] for sitting in manifest["resumed"]] == [first, sha256()]


@pytest.mark.report("M27")
def test_what_no_simulator_plays_has_no_executable(tmp_path: Path) -> None:
    run(tmp_path, "scenario.backend=toy_runs:make", "scenario.name=toy")
    assert json.loads((tmp_path / "manifest.json").read_text())["executable"] == ""
