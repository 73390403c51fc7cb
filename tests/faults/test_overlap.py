# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What happens to simulators while the learner updates in a thread of its own: they are killed, or the training is stopped."""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from support import children

from ns3marl.algorithms.ippo import Ippo
from ns3marl.config import Config, load
from ns3marl.env.pool import Pool
from ns3marl.errors import Crashed
from ns3marl.launch.environments import open_pool
from ns3marl.training import checkpoint, metrics
from ns3marl.training.run import train

#: Called once, in the thread of the first update.
Event = Callable[[Pool], None]


_SETTINGS = (
    "pool.num_envs=4",
    "training.algorithm=ippo",
    "training.ticks=320",
    "training.tensorboard=false",
    "ippo.rollout_ticks=20",
)


@pytest.fixture
def options(scenario_path: Callable[[str], Path]) -> Config:
    return load(None, [f"scenario.name={scenario_path('echo')}", *_SETTINGS])


@pytest.fixture
def during_the_first_update(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Event], Any]]:
    """Makes something happen while the first update runs, which goes on for 20 more steps of the pool."""

    def prepare(event: Event) -> Any:
        pools: list[Pool] = []
        received, later = [0], threading.Event()
        update, receive = Ippo.update, Pool.recv_part

        def make(config: Config, seed: int, num_envs: int, first_run: int) -> Any:
            pools.append(open_pool(config, seed, num_envs, first_run))  # type: ignore[arg-type]
            return pools[-1]

        def slow(*arguments: Any) -> dict[str, float]:
            if not later.is_set():
                event(pools[-1])
                later.wait(10)
            return update(*arguments)

        def recv_part(pool: Pool, parts: Any) -> Any:
            received[0] += 1
            if received[0] == 60:
                later.set()
            return receive(pool, parts)

        monkeypatch.setattr(Ippo, "update", slow)
        monkeypatch.setattr(Pool, "recv_part", recv_part)
        return make

    yield prepare
    assert not children(os.getpid()), "processes were left"


def weights(folder: Path) -> torch.Tensor:
    (group,) = checkpoint.load(folder).team["groups"].values()
    return torch.cat([tensor.flatten() for tensor in group["learned"]["actor"].values()])


def run(options: Config, folder: Path, make: Any = open_pool, *, resume: bool = False) -> torch.Tensor:
    train(options, folder, resume=resume, console=Console(file=io.StringIO()), make_pool=make)
    return weights(folder)


def kill(pool: Pool) -> None:
    os.kill(pool.pids[1], signal.SIGKILL)


def test_a_simulator_that_is_killed_during_an_update_is_replaced(
    tmp_path: Path, options: Config, during_the_first_update: Callable[[Event], Any]
) -> None:
    whole = run(options, tmp_path / "whole")
    assert run(options, tmp_path / "killed", during_the_first_update(kill)).equal(whole)
    assert sum(row["simulators_lost"] for row in metrics.read(tmp_path / "killed")) == 1


def test_one_that_may_not_be_replaced_ends_the_training(
    tmp_path: Path, options: Config, during_the_first_update: Callable[[Event], Any]
) -> None:
    strict = load(None, [f"scenario.name={options.scenario.name}", *_SETTINGS, "pool.restarts=0"])
    with pytest.raises(Crashed, match="SIGKILL"):
        run(strict, tmp_path, during_the_first_update(kill))
    assert checkpoint.load(tmp_path).progress.ticks == 0


def test_a_training_that_is_stopped_during_an_update_leaves_no_process(
    tmp_path: Path, options: Config, during_the_first_update: Callable[[Event], Any]
) -> None:
    whole = run(options, tmp_path / "whole")

    def interrupt(pool: Pool) -> None:
        del pool
        os.kill(os.getpid(), signal.SIGINT)

    folder = tmp_path / "stopped"
    run(options, folder, during_the_first_update(interrupt))
    assert 80 <= checkpoint.load(folder).progress.ticks < 160
    assert not children(os.getpid())
    assert run(options, folder, resume=True).equal(whole)
