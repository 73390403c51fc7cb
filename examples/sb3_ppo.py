# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Stable-Baselines3's PPO as one central controller of all devices of aiot-mec.

    pip install -r examples/requirements-sb3.txt
    python examples/sb3_ppo.py

SB3 takes neither Dict actions nor matrices, so all heads of all devices become one MultiDiscrete and the observation one
vector in [-1, 1].
"""

from __future__ import annotations

import argparse

import gymnasium
import numpy as np
import torch
from gymnasium.wrappers import FlattenObservation, RescaleObservation
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

import ns3marl.env  # noqa: F401 - registers the ids
from ns3marl.env.wrappers import multi_discrete_actions


def make(arguments: list[str], seed: int) -> gymnasium.Env:
    """One simulator; each episode is another network."""
    environment = gymnasium.make("ns3marl/aiot-mec-v0", arguments=arguments, seed=seed)
    environment = FlattenObservation(RescaleObservation(environment, np.float32(-1), np.float32(1)))
    return Monitor(multi_discrete_actions(environment, levels=5))


def main() -> None:
    """Trains, then plays one episode."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=20_000, help="ticks of training, over all environments")
    parser.add_argument("--devices", type=int, default=5)
    parser.add_argument("--episode", type=int, default=100, help="ticks in an episode")
    parser.add_argument("--envs", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(1)  # the simulators need the other cores
    arguments = [f"--devices={options.devices}", "--servers=2", f"--ticks={options.episode}"]

    environments = DummyVecEnv(
        [lambda seed=seed: make(arguments, seed) for seed in range(1, options.envs + 1)]
    )
    steps = min(options.episode, options.ticks // options.envs)
    learner = PPO("MlpPolicy", environments, n_steps=steps, batch_size=steps, gamma=0.9, verbose=1, seed=1)
    learner.learn(options.ticks)
    environments.close()

    environment = make(arguments, seed=1000)
    observation, _ = environment.reset()
    total, over = 0.0, False
    while not over:
        action, _ = learner.predict(observation, deterministic=True)
        observation, reward, terminated, truncated, info = environment.step(action)
        total, over = total + reward, terminated or truncated
    environment.close()
    print(
        f"reward per tick: {total / options.episode:.1f}, completion: {info['metrics']['completion_ratio']:.3f}"
    )


if __name__ == "__main__":
    main()
