# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Each example, at toy size, in a virtual environment of its own: what it installs on top changes nothing here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from virtual_environments import EXAMPLES, python_with, run


@pytest.mark.learning
@pytest.mark.timeout(900)  # the first run installs
@pytest.mark.usefixtures("built_scenarios")
@pytest.mark.parametrize(
    ("name", "requirements", "arguments", "printed"),
    [
        (
            "sb3_ppo",
            "sb3",
            ["--ticks=40"],
            r"n_updates *\| *10 (.|\n)*\nreward per tick: [\d.]+, completion: [01]\.\d{3}\n$",
        ),
        (
            "torchrl_mappo",
            "torchrl",
            ["--ticks=20"],
            r"^update 0: .*\nupdate 1: reward per tick [\d.]+, loss -?[\d.]+\n$",
        ),
        (
            "rllib_ppo",
            "rllib",
            ["--ticks=40", "--update=20"],
            r"update 0: .*\nupdate 1: reward per device and tick [\d.]+\n",
        ),
    ],
)
def test_an_example_trains(
    tmp_path: Path,
    name: str,
    requirements: str,
    arguments: list[str],
    printed: str,
) -> None:
    python = python_with(EXAMPLES / f"requirements-{requirements}.txt")
    done = run([python, EXAMPLES / f"{name}.py", "--devices=3", "--episode=10", *arguments], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(printed, done.stdout)
