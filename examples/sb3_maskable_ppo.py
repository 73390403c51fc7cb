# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""MaskablePPO of sb3-contrib on aiot-mec, through SuperSuit: one policy that all devices of all simulators share.

    pip install -r examples/requirements-sb3.txt
    python examples/sb3_maskable_ppo.py

Each device's heads become one MultiDiscrete. MaskablePPO finds the masks, so no masked choice is ever played, which
``masked_choices="refuse"`` proves.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.utils import get_action_masks

from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.wrappers import multi_discrete_actions, scaled_observations
from ns3marl.libraries.stable_baselines3 import agents


def main() -> None:
    """Trains, then plays one episode."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=20_000, help="ticks of training, over all simulators")
    parser.add_argument("--devices", type=int, default=5)
    parser.add_argument("--episode", type=int, default=100, help="ticks in an episode")
    parser.add_argument("--envs", type=int, default=2, help="simulators")
    options = parser.parse_args()
    torch.set_num_threads(1)  # the simulators need the other cores
    arguments = [f"--devices={options.devices}", "--servers=2", f"--ticks={options.episode}"]
    parallel = Ns3ParallelEnv("aiot-mec", arguments, masked_choices="refuse")
    parallel = multi_discrete_actions(scaled_observations(parallel), levels=5)

    rows = agents(parallel, copies=options.envs)
    steps = min(options.episode, options.ticks // options.envs)
    learner = MaskablePPO(
        "MlpPolicy", rows, n_steps=steps, batch_size=steps * options.devices, gamma=0.9, verbose=1, seed=1
    )
    learner.learn(options.ticks * options.devices)  # SB3 counts each device's action as a step
    rows.close()

    rows = agents(parallel)
    rows.seed(1000)
    observations = rows.reset()
    total = 0.0
    for _ in range(options.episode):
        actions, _ = learner.predict(observations, action_masks=get_action_masks(rows), deterministic=True)
        observations, rewards, _, _ = rows.step(actions)
        total += float(np.mean(rewards))
    rows.close()
    parallel.close()
    print(f"reward per device and tick: {total / options.episode:.1f}")


if __name__ == "__main__":
    main()
