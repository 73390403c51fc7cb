# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Episodes that lose their simulator are begun anew and give the same bytes, up to a limit."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support import children, default_actions, right_actions, run_episode, scripted_executable, transcript

from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError, Crashed, Hung, LaunchError, OutOfStep, SimulatorError

ARGUMENTS = ("--ticks=12", "--masked=true")


@pytest.fixture
def echo(scenario_path: Callable[[str], Path]) -> Path:
    return scenario_path("echo")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_simulators_change_nothing(echo: Path, seed: int) -> None:
    undisturbed = transcript(echo, ARGUMENTS, range(1, 9), num_envs=2, seed=seed)
    rng = np.random.default_rng(seed)

    def kill(_: int) -> None:
        if rng.random() < 0.2:  # a simulator at work, a spare, or one that is starting
            victims = children(os.getpid())
            os.kill(victims[rng.integers(len(victims))], signal.SIGKILL)

    losses: list[int] = []
    disturbed = transcript(
        echo, ARGUMENTS, range(1, 9), num_envs=2, seed=seed, restarts=9, each_tick=kill, losses=losses
    )
    assert disturbed == undisturbed
    assert losses[0] >= 2


def test_a_stopped_simulator_is_replaced(echo: Path) -> None:
    with Pool(echo, arguments=ARGUMENTS, tick_timeout_s=0.5, restarts=1) as pool:
        batch = pool.step(right_actions(pool.reset()))
        batch = pool.step(right_actions(batch))
        os.kill(pool.pids[0], signal.SIGSTOP)
        batch = pool.step(right_actions(batch))
        assert batch.tick.tolist() == [3]
        assert pool.timing.losses == 1


@pytest.mark.parametrize("restarts", [0, 2])
def test_what_crashes_every_time_ends_clearly(echo: Path, restarts: int) -> None:
    with Pool(echo, arguments=["--failure=crash", "--ticks=9"], restarts=restarts) as pool:
        started_s = time.monotonic()
        with pytest.raises(Crashed, match="environment 0, RngRun 1 ended with signal SIGSEGV"):
            run_episode(pool)
        assert pool.timing.losses == restarts
        assert time.monotonic() - started_s >= sum(0.1 * 2**n for n in range(restarts))  # pauses grow
        pool.reset()


@pytest.mark.parametrize("restarts", [0, 2])
def test_what_never_starts_is_tried_again_for_a_while(tmp_path: Path, restarts: int) -> None:
    starts = tmp_path / "starts"
    broken = tmp_path / "broken"
    broken.write_text(f"#!/bin/sh\necho again >> {starts}\nkill -KILL $$\n")
    broken.chmod(0o755)
    with pytest.raises(LaunchError, match="ended with signal SIGKILL before it said Hello"):
        Pool(broken, spares=0, restarts=restarts)
    assert starts.read_text().count("again") == 1 + restarts


@pytest.mark.parametrize(("failure", "error"), [("throw", SimulatorError), ("what", ConfigError)])
def test_what_a_scenario_says_itself_is_not_tried_again(
    echo: Path, failure: str, error: type[Exception]
) -> None:
    with Pool(echo, arguments=[f"--failure={failure}"], restarts=5) as pool:
        with pytest.raises(error):
            run_episode(pool)
        assert pool.timing.losses == 0


def test_a_simulator_that_hangs_every_time(echo: Path) -> None:
    with Pool(echo, arguments=["--failure=hang"], tick_timeout_s=0.3, restarts=1) as pool:
        with pytest.raises(Hung):
            run_episode(pool)
        assert pool.timing.losses == 1


def test_a_different_simulator_is_noticed(tmp_path: Path) -> None:
    # It tells the time in its observations, so an episode that is begun anew is not the same.
    with Pool(scripted_executable(tmp_path, "clock"), spares=0, restarts=1) as pool:
        batch = pool.reset()
        os.kill(pool.pids[0], signal.SIGKILL)
        with pytest.raises(
            OutOfStep, match="begun anew, and its tick 0 differs from what the lost simulator sent"
        ):
            pool.step(default_actions(pool.spec, 1))
        assert batch.tick.tolist() == [0]


def test_frames_are_told_once(echo: Path) -> None:
    told: list[tuple[int, int]] = []
    with Pool(
        echo, arguments=ARGUMENTS, restarts=1, on_frame=lambda env, run, _: told.append((env, run))
    ) as pool:
        batch = pool.reset()
        for tick in range(6):
            if tick == 4:
                os.kill(pool.pids[0], signal.SIGKILL)
            batch = pool.step(right_actions(batch))
        assert pool.timing.losses == 1
    assert told == [(0, 1)] * 7
