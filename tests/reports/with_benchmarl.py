# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""BenchMARL on simulators; ``test_other_libraries.py`` runs this file where it is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from benchmarl.algorithms import IppoConfig, QmixConfig
from benchmarl.experiment import Experiment, ExperimentConfig
from benchmarl.models import MlpConfig

from ns3marl.libraries.benchmarl import task

ECHO = ("--agents=3", "--choices=3", "--ticks=5", "--masked=true")


@pytest.mark.parametrize("algorithm", [IppoConfig, QmixConfig])
@pytest.mark.parametrize("continuous", [False, True])
def test_algorithms_take_the_task(tmp_path: Path, algorithm: Any, continuous: bool) -> None:
    config = ExperimentConfig.get_from_yaml()
    config.save_folder, config.loggers, config.create_json = str(tmp_path), [], False
    config.max_n_iters, config.max_n_frames = 1, None
    config.on_policy_n_envs_per_worker = config.off_policy_n_envs_per_worker = 2
    config.on_policy_collected_frames_per_batch = config.off_policy_collected_frames_per_batch = 10
    config.on_policy_minibatch_size = config.off_policy_train_batch_size = 10
    config.on_policy_n_minibatch_iters = config.off_policy_n_optimizer_steps = 1
    config.off_policy_memory_size = 100
    config.evaluation, config.evaluation_interval, config.evaluation_episodes = True, 10, 1
    config.render, config.prefer_continuous_actions = False, continuous
    refuse = not continuous or algorithm is QmixConfig  # QMIX has discrete actions alone
    experiment = Experiment(
        task=task("echo", ECHO, masked_choices="refuse" if refuse else "remap"),
        algorithm_config=algorithm.get_from_yaml(),
        model_config=MlpConfig.get_from_yaml(),
        seed=1,
        config=config,
    )
    experiment.run()
    assert experiment.total_frames == 10


def test_each_environment_has_a_seed_of_its_own() -> None:
    def first(seed: int) -> list[list[float]]:
        make = task("echo", ECHO).get_env_fun(2, False, seed, "cpu")
        copies = [make(), make()]
        rows = [copy.reset()["agents", "observation"].flatten().tolist() for copy in copies]
        for copy in copies:
            copy.close()
        return rows

    assert first(5) == first(5)
    assert first(5)[0] != first(5)[1] == first(6)[0]
