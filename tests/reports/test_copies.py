# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Copies in a vector: without a seed they play different episodes, with one the same, and their files never collide."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from support import default_actions

import ns3marl.env  # noqa: F401 - registers the ids
from ns3marl.env.pool import Pool

ARGUMENTS = ("--devices=3", "--servers=1", "--channels=1", "--ticks=2")


@pytest.mark.report("P1")
@pytest.mark.usefixtures("built_scenarios")
def test_copies_differ_without_a_seed_and_repeat_with_one(tmp_path: Path) -> None:
    arguments = (
        *ARGUMENTS,
        f"--pcap={tmp_path}/frames",
        f"--tracePrefix={tmp_path}/look",
        "--trace=/NodeList/*/$ns3::marl::EdgeServer/Waiting",
    )
    made: Any = gymnasium.make_vec(
        "ns3marl/aiot-mec-v0", num_envs=3, vectorization_mode="sync", arguments=arguments
    )
    with contextlib.closing(made) as copies:
        rows, _ = copies.reset()
        assert len({row.tobytes() for row in rows}) == 3
        for _ in range(2):
            copies.step(copies.action_space.sample())
        files = [path.name for path in tmp_path.glob("frames-seed*-run1-*.pcap")]
        assert len({name.partition("-run")[0] for name in files}) == 3
        np.testing.assert_array_equal(copies.reset(seed=[5, 6, 7])[0], copies.reset(seed=[5, 6, 7])[0])


@pytest.mark.report("P1")
def test_files_of_two_environments_of_one_seed_have_names_of_their_own(
    tmp_path: Path, scenario_path: Callable[[str], Path]
) -> None:
    arguments = (*ARGUMENTS, f"--flowMonitor={tmp_path}/flows.xml")
    with Pool(scenario_path("aiot-mec"), num_envs=2, arguments=arguments, spares=0) as pool:
        batch = pool.reset(seed=9)
        while batch.final[0] is None:
            batch = pool.step(default_actions(pool.spec, 2))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "flows-seed9-run1.xml",
        "flows-seed9-run2.xml",
    ]
