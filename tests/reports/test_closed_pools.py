# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A pool that was closed, and one whose ``reset`` was refused: a typed error, no process left, and everything as it was."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import children, right_actions

from ns3marl.env.gymnasium import Ns3Env
from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError, OutOfStep

A = ("--agents=3", "--ticks=5")


@pytest.mark.report("P5")
@pytest.mark.report("M13")
def test_closed_pool_launches_nothing(scenario_path: Callable[[str], Path]) -> None:
    before = set(children(os.getpid()))
    pool = Pool(scenario_path("echo"), arguments=A, resumable=True)
    batch = pool.reset()
    state = pool.state_dict()
    pool.close()
    uses: list[Callable[[], Any]] = [
        pool.reset,
        pool.recv,
        lambda: pool.step(right_actions(batch)),
        lambda: pool.send(batch.env_id, right_actions(batch)),
        lambda: pool.load_state_dict(state),
    ]
    for use in uses:
        with pytest.raises(
            OutOfStep, match="the pool is closed and its simulators have ended; make a new one"
        ):
            use()
    pool.close()
    assert set(children(os.getpid())) <= before


@pytest.mark.report("P5")
@pytest.mark.parametrize("kind", [Ns3Env, Ns3ParallelEnv])
def test_closed_environment_launches_nothing(scenario_path: Callable[[str], Path], kind: type) -> None:
    before = set(children(os.getpid()))
    environment = kind(scenario_path("echo"), A)
    environment.close()
    with pytest.raises(OutOfStep, match="the pool is closed"):
        environment.reset()
    assert set(children(os.getpid())) <= before


@pytest.mark.report("M29")
def test_refused_reset_changes_nothing(scenario_path: Callable[[str], Path]) -> None:
    with Pool(scenario_path("echo"), arguments=A, seed=7, resumable=True) as pool:
        batch = pool.reset()
        state = pool.state_dict()
        for seed in (1.5, 0, "3"):
            with pytest.raises(ConfigError, match="seed is"):
                pool.reset(seed=seed)  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match="seed is 0"):
            pool.load_state_dict(state | {"seed": 0})
        batch = pool.step(right_actions(batch))
        assert batch.tick.tolist() == [1]
        assert pool.reset().seed.tolist() == [7]
