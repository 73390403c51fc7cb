# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simulators on a Ray cluster give what launched ones give, also when a simulator or its worker is killed.

``test_ray.py`` runs this file where Ray is installed.
"""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.tune.registry import register_env
from rich.console import Console
from support import is_running, parent, right_actions

from ns3marl import config as configuration
from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.wrappers import multi_discrete_actions
from ns3marl.errors import ConfigError
from ns3marl.launch.environments import open_pool
from ns3marl.scenarios.aiot_mec.published.publication import PUBLICATION
from ns3marl.scenarios.aiot_mec.published.tables import HOME
from ns3marl.studies.cells import Cell, finished
from ns3marl.studies.runner import run_missing
from ns3marl.types import Batch

pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::ResourceWarning", "ignore::DeprecationWarning"
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A cluster of this host."""
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield
    ray.shutdown()


def config(scenario: Path, runner: str, envs: int = 2) -> configuration.Config:
    return configuration.load(
        None,
        [
            f"scenario.name={scenario}",
            'scenario.arguments=["--ticks=8", "--masked=true"]',
            f"pool.runner={runner}",
            f"pool.num_envs={envs}",
            "pool.start_timeout_s=90",
        ],
    )


def rewards(batches: list[Batch]) -> list[list[list[float]]]:
    return [batch.groups[0].rewards.tolist() + batch.groups[0].observations.tolist() for batch in batches]


def play(settings: configuration.Config, kill_at: int = -1, *, worker: bool = False) -> list[Batch]:
    with open_pool(settings, 3, settings.pool.num_envs, 1) as pool:
        batches = [pool.reset()]
        for tick in range(20):
            if tick == kill_at:
                (pid, *_) = pool.pids  # type: ignore[attr-defined] # it is a Pool
                victim = parent(pid) if worker else pid
                assert victim > 0  # else it would be everybody
                os.kill(victim, signal.SIGKILL)
                while is_running(pid):  # it ends with its worker
                    time.sleep(0.01)
            batches.append(pool.step(right_actions(batches[-1])))
        assert (pool.timing.losses > 0) == (kill_at >= 0)
    return batches


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("cluster")
def test_the_same_as_here(scenario_path: Callable[[str], Path]) -> None:
    echo = scenario_path("echo")
    here = rewards(play(config(echo, "local")))
    assert rewards(play(config(echo, "ray"))) == here
    assert rewards(play(config(echo, "ray"), kill_at=5)) == here
    assert rewards(play(config(echo, "ray"), kill_at=5, worker=True)) == here  # Ray starts another


@pytest.mark.usefixtures("cluster")
def test_too_few_cores(scenario_path: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigError, match="whose cluster has 3 cores for 4 environments"):
        open_pool(config(scenario_path("echo"), "ray", 4), 3, 4, 1)


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("cluster")
def test_rllibs_runners_play_different_episodes(scenario_path: Callable[[str], Path]) -> None:
    echo = str(scenario_path("echo"))

    def make(_: dict[str, Any]) -> ParallelPettingZooEnv:
        return ParallelPettingZooEnv(multi_discrete_actions(Ns3ParallelEnv(echo, ("--ticks=3",), spares=0)))

    register_env("echo", make)
    learner = (
        PPOConfig()
        .environment("echo", disable_env_checking=True)
        .env_runners(num_env_runners=2)
        .multi_agent(policies={"all"}, policy_mapping_fn=lambda *_, **__: "all")
        .training(train_batch_size_per_learner=12, minibatch_size=12, num_epochs=1)
        .debugging(seed=1)
        .build_algo()
    )
    learner.train()
    seeds = learner.env_runner_group.foreach_env_runner(
        lambda runner: [e.unwrapped.par_env.unwrapped._batch.seed[0] for e in runner.env.envs],
        local_env_runner=False,
    )
    learner.stop()
    assert len({int(number) for (number,) in seeds}) == 2


@pytest.mark.usefixtures("cluster")
def test_cells_of_a_study_run_on_the_cluster(tmp_path: Path) -> None:
    study = PUBLICATION.study(tmp_path / "cells", tmp_path / "trainings", True)
    rules = [Cell("best-snr", HOME, 0), Cell("local-only", HOME, 0)]
    assert run_missing(rules, study, 1, Console(file=io.StringIO()), runner="ray")
    best, local = (finished(cell, study) for cell in rules)
    assert best is not None
    assert local is not None
    assert best["values"]["completion_ratio"][0] > local["values"]["completion_ratio"][0]
    assert not (tmp_path / "trainings").exists()  # it was elsewhere
