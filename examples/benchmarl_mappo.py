# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""BenchMARL's MAPPO on aiot-mec as a task, with masks and the global state; its other algorithms work the same way.

pip install -r examples/requirements-benchmarl.txt
python examples/benchmarl_mappo.py
"""

from __future__ import annotations

import argparse
import tempfile

import torch
from benchmarl.algorithms import MappoConfig
from benchmarl.experiment import Experiment, ExperimentConfig
from benchmarl.models import MlpConfig

from ns3marl.libraries.benchmarl import task


def main() -> None:
    """Trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=20_000, help="ticks of training, over all environments")
    parser.add_argument("--devices", type=int, default=5)
    parser.add_argument("--episode", type=int, default=100, help="ticks in an episode")
    parser.add_argument("--envs", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(1)  # the simulators need the other cores
    arguments = [f"--devices={options.devices}", "--servers=2", f"--ticks={options.episode}"]

    config = ExperimentConfig.get_from_yaml()
    update = options.envs * options.episode
    config.max_n_iters, config.max_n_frames = max(1, options.ticks // update), None
    config.on_policy_n_envs_per_worker = options.envs
    config.on_policy_collected_frames_per_batch = config.on_policy_minibatch_size = update
    config.on_policy_n_minibatch_iters = 4
    config.prefer_continuous_actions = False
    config.gamma = 0.9
    config.evaluation, config.render = False, False
    config.loggers, config.create_json = [], False
    with tempfile.TemporaryDirectory() as folder:
        config.save_folder = folder
        experiment = Experiment(
            task=task("aiot-mec", arguments, masked_choices="refuse"),
            algorithm_config=MappoConfig.get_from_yaml(),
            model_config=MlpConfig.get_from_yaml(),
            seed=1,
            config=config,
        )
        experiment.run()
    print(f"reward per device and tick: {experiment.mean_return / options.episode:.1f}")


if __name__ == "__main__":
    main()
