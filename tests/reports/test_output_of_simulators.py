# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simulators that print without end: the last lines are kept, and neither a disk nor memory fills up."""

from __future__ import annotations

from pathlib import Path

import pytest

from ns3marl.simulator import Process


def shell(command: str) -> Process:
    return Process(["/bin/sh", "-c", command], "build it")


@pytest.mark.report("M31")
def test_last_lines_of_much_output_are_kept_and_nothing_else() -> None:
    before = {path.readlink().name for path in Path("/proc/self/fd").iterdir() if path.is_symlink()}
    process = shell("head -c 50000000 /dev/zero | tr '\\0' '\\n'; echo first; seq 100; echo last >&2")
    process._process.wait(60)  # nobody looks meanwhile, and it ends all the same
    lines = process.stderr_tail().splitlines()
    assert lines == [*[str(number) for number in range(77, 101)], "last"]
    assert len(process._output._kept) <= 16 * 1024
    files = {path.readlink().name for path in Path("/proc/self/fd").iterdir() if path.is_symlink()} - before
    assert not [name for name in files if "deleted" in name]
    process.stop()
    assert process.stderr_tail().endswith("last")


@pytest.mark.report("M31")
def test_process_that_prints_without_end_can_be_stopped() -> None:
    process = shell("yes")
    while "y" not in process.stderr_tail():
        pass
    process.stop()
    assert process.stderr_tail().splitlines()[1:-1] == ["y"] * 23


@pytest.mark.report("M31")
def test_process_that_prints_nothing() -> None:
    process = shell("true")
    process.stop(grace_s=10)
    assert process.stderr_tail() == "(nothing)"
