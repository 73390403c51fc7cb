# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Each example, at toy size, in a virtual environment of its own: what it installs on top changes nothing here."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from virtual_environments import EXAMPLES, HAS_TIANSHOU, python_with, run


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
            "sb3_maskable_ppo",
            "sb3",
            ["--ticks=40"],
            r"n_updates *\| *10 (.|\n)*\nreward per device and tick: [\d.]+\n$",
        ),
        ("benchmarl_mappo", "benchmarl", ["--ticks=40"], r"reward per device and tick: [\d.]+\n$"),
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


@pytest.mark.learning
@pytest.mark.report("P16")
@pytest.mark.report("P17")
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("built_scenarios")
def test_rllib_trains_with_several_runners_and_episodes_longer_than_an_update(tmp_path: Path) -> None:
    python = python_with(EXAMPLES / "requirements-rllib.txt")
    sizes = ["--devices=3", "--episode=30", "--update=20", "--ticks=60", "--runners=2"]
    done = run([python, EXAMPLES / "rllib_ppo.py", *sizes], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(
        r"update 0: no episode ended\nupdate 1: no episode ended\nupdate 2: reward per device and tick [\d.]+\n",
        done.stdout,
    )


@pytest.mark.learning
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("built_scenarios")
@pytest.mark.skipif(not HAS_TIANSHOU, reason="Tianshou needs Python 3.11")
def test_tianshou_trains(tmp_path: Path) -> None:
    python = python_with(EXAMPLES / "requirements-tianshou.txt")
    sizes = ["--pairs=2", "--episode=10", "--ticks=40"]
    done = run([python, EXAMPLES / "tianshou_dqn.py", *sizes], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"reward per pair and tick: -?[\d.]+\n$", done.stdout)


@pytest.mark.usefixtures("built_scenarios")
def test_gymnasium_makes_environments_and_vectors_without_an_import(tmp_path: Path) -> None:
    sizes = ["--agents=3", "--episode=5", "--ticks=24"]
    done = run([sys.executable, EXAMPLES / "gymnasium_vector.py", *sizes], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(
        r"^make: reward .*\nmake_vec, sync: 2 different episodes, .*\nmake_vec, async: 2 different episodes, .*\n$",
        done.stdout,
    )
