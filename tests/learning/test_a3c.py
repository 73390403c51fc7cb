# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Asynchronous workers learn together, keep to the budget, stop when asked and leave no process behind."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from gymnasium_pool import CARTPOLE, GymnasiumPool
from poles import balance, peer_balance
from rich.console import Console
from stable_baselines3 import A2C
from toy_game import ToyPool, mean_reward
from trials import Scores, reach
from worker_pools import cartpole, crashing, dying, toy

from ns3marl.config import Config, load
from ns3marl.errors import Crashed, Ns3MarlError
from ns3marl.launch.environments import PoolFactory
from ns3marl.training import checkpoint, metrics
from ns3marl.training.run import train


def config(*settings: str) -> Config:
    common = ["training.algorithm=a3c", "training.tensorboard=false", "pool.num_envs=2", "a3c.log_ticks=200"]
    return load(None, [*common, "training.ticks=1000", *settings])


def run(options: Config, folder: Path, make_pool: PoolFactory = toy, *, resume: bool = False) -> Any:
    quiet = Console(file=io.StringIO())
    train(options, folder, resume=resume, console=quiet, make_pool=make_pool)
    return checkpoint.load(folder)


def test_the_budget_is_shared_logged_and_resumed(tmp_path: Path) -> None:
    saved = run(config(), tmp_path)
    assert saved.progress.ticks == 1000
    rows = metrics.read(tmp_path)
    assert [row["update"] for row in rows] == list(range(1, len(rows) + 1))
    assert sum(row["worker_updates"] for row in rows) <= 50
    assert rows[-1].keys() >= {"reward_per_tick", "episode/score", "entropy/mode", "time/learner_s", "wall_s"}
    next_runs = saved.position["next_runs"]
    assert sum(run % 1_000_000 - 1 for run in next_runs) >= 50  # 1000 ticks are 50 episodes
    more = run(config("training.ticks=1500"), tmp_path, resume=True)
    assert more.progress.ticks == 1500
    assert all(b > a for a, b in zip(next_runs, more.position["next_runs"], strict=True))
    assert multiprocessing.active_children() == []


def test_a_worker_that_fails_ends_the_training_with_its_error(tmp_path: Path) -> None:
    with pytest.raises(Crashed, match=r"worker \d: the simulator is gone"):
        run(config(), tmp_path, crashing)
    assert multiprocessing.active_children() == []


def test_a_worker_that_dies_ends_the_training_with_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(Ns3MarlError, match=r"worker 1 \(process \d+\) was ended by SIGKILL"):
        run(config("training.ticks=0", "training.minutes=5"), tmp_path, dying)
    assert multiprocessing.active_children() == []


def test_an_interrupt_leaves_a_checkpoint_and_no_process(tmp_path: Path) -> None:
    def interrupt() -> None:
        while not metrics.read(tmp_path):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=interrupt)
    thread.start()
    saved = run(config("training.ticks=0", "training.minutes=5"), tmp_path)
    thread.join()
    assert signal.getsignal(signal.SIGINT) is before
    assert saved.progress.ticks >= 200
    assert multiprocessing.active_children() == []


def living() -> dict[int, int]:
    """Parent of every process that has not ended."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended while we looked
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(stat.parent.name)] = int(parent)
    return found


def test_workers_do_not_outlive_a_training_that_is_killed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    options = config("training.ticks=0", "training.minutes=5")
    training = context.Process(target=train, args=(options, tmp_path), kwargs={"make_pool": toy})
    training.start()
    assert training.pid is not None
    while not metrics.read(tmp_path):
        assert training.is_alive()
        time.sleep(0.05)
    workers = {pid for pid, parent in living().items() if parent == training.pid}
    assert len(workers) >= 2
    training.kill()
    training.join()
    while workers & living().keys():  # the test's timeout says that they stayed
        time.sleep(0.05)


@pytest.mark.learning
def test_the_optimum_of_a_cooperative_game_is_approached(tmp_path: Path) -> None:
    """Optimum 1; who always stays gets 0.4."""

    def score(seed: int) -> Scores:
        options = config(
            "training.ticks=20000", "a3c.log_ticks=2000", "a3c.learning_rate=2e-3", f"training.seed={seed}"
        )
        return {"likeliest": mean_reward(run(options, tmp_path / str(seed)).policy(ToyPool().spec))}

    reach(score, times=1, of=4, at_least={"likeliest": 0.8})


@pytest.mark.learning
def test_a_pole_is_balanced_beside_another_implementation(tmp_path: Path) -> None:
    """500 at best, about 22 by chance. Stable-Baselines3's A2C, the synchronous form, with its own defaults and the same budget."""

    def beside_a_peer(seed: int) -> Scores:
        options = config(
            "training.ticks=24576", "a3c.log_ticks=4000", "a3c.discount=0.99", f"training.seed={seed}"
        )
        with GymnasiumPool("CartPole-v1", CARTPOLE, seed=99) as pool:
            ours = balance(run(options, tmp_path / str(seed), cartpole).policy(pool.spec))
        theirs = peer_balance(A2C, seed, 24_576)
        return {"ours": ours, "theirs": theirs, "ours over theirs": ours / theirs}

    reach(beside_a_peer, times=1, of=4, at_least={"ours": 100, "ours over theirs": 0.4})
