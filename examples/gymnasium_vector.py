# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Gymnasium's own vectors of environments on echo: random actions that keep to the masks.

    python examples/gymnasium_vector.py

The ids need no import of ns3marl. ``masked_choices="refuse"`` proves that no masked choice is played.
"""

from __future__ import annotations

import argparse

import gymnasium
import numpy as np

ID = "ns3marl.env:ns3marl/echo-v0"  # Gymnasium imports what stands before the colon, which registers the id


def main() -> None:
    """Plays one episode in one environment, then some in a vector of environments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=1000, help="ticks of the vector")
    parser.add_argument("--agents", type=int, default=5)
    parser.add_argument("--episode", type=int, default=100, help="ticks in an episode")
    parser.add_argument("--envs", type=int, default=2)
    options = parser.parse_args()
    settings = {
        "arguments": [f"--agents={options.agents}", "--masked=true", f"--ticks={options.episode}"],
        "masked_choices": "refuse",
    }

    with gymnasium.make(ID, **settings) as environment:
        _, info = environment.reset(seed=1)
        total, over = 0.0, False
        while not over:
            action = environment.action_space.sample(mask=info["action_mask"])
            _, reward, terminated, truncated, info = environment.step(action)
            total, over = total + float(reward), terminated or truncated
        print(f"make: reward per tick {total / options.episode:.2f}")

    numbers = np.random.default_rng(1)
    for mode in ("sync", "async"):
        environments = gymnasium.make_vec(ID, num_envs=options.envs, vectorization_mode=mode, **settings)
        observations, infos = environments.reset(seed=1)
        different = len({row.tobytes() for row in observations})
        total = 0.0
        for _ in range(options.ticks // options.envs):
            # The heads of all agents: an allowed choice by chance, and a level in the middle.
            masks = infos["action_mask"]["choice"]
            choices = np.argmax(numbers.random(masks.shape) * masks, axis=-1)
            levels = np.zeros(choices.shape, np.float32)
            _, rewards, _, _, infos = environments.step({"choice": choices, "level": levels})
            total += float(rewards.mean())
        environments.close()
        print(
            f"make_vec, {mode}: {different} different episodes, "
            f"reward per tick {total / (options.ticks // options.envs):.2f}"
        )


if __name__ == "__main__":
    main()
