# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""RLlib's PPO on aiot-mec: one policy that all devices share.

    pip install -r examples/requirements-rllib.txt
    python examples/rllib_ppo.py

Each device's heads become one MultiDiscrete. RLlib's own module for masks finds them in the observation, so no masked choice is ever
played, which ``masked_choices="refuse"`` proves. Every runner plays other episodes.
"""

from __future__ import annotations

import argparse
import math
from typing import Any

from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module import MultiRLModuleSpec, RLModuleSpec
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.rllib.examples.rl_modules.classes.action_masking_rlm import ActionMaskingTorchRLModule
from ray.tune.registry import register_env

from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.wrappers import masked_observations, multi_discrete_actions, scaled_observations


def make(config: dict[str, Any]) -> ParallelPettingZooEnv:
    """One simulator; each episode is another network, and each copy of the environment plays others."""
    parallel = Ns3ParallelEnv("aiot-mec", config["arguments"], masked_choices="refuse")
    parallel = multi_discrete_actions(scaled_observations(parallel), levels=5)
    return ParallelPettingZooEnv(masked_observations(parallel, "observations"))


def main() -> None:
    """Trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=20_000)
    parser.add_argument("--devices", type=int, default=5)
    parser.add_argument("--episode", type=int, default=100, help="ticks in an episode")
    parser.add_argument("--update", type=int, default=500, help="ticks in an update")
    parser.add_argument(
        "--runners", type=int, default=2, help="processes with a simulator each; 0: in this one"
    )
    options = parser.parse_args()
    arguments = [f"--devices={options.devices}", "--servers=2", f"--ticks={options.episode}"]

    register_env("aiot-mec", make)
    learner = (
        PPOConfig()
        .environment("aiot-mec", env_config={"arguments": arguments}, disable_env_checking=True)
        .env_runners(num_env_runners=options.runners, rollout_fragment_length="auto")
        .multi_agent(policies={"device"}, policy_mapping_fn=lambda _agent, _episode, **_: "device")
        .rl_module(
            rl_module_spec=MultiRLModuleSpec(
                rl_module_specs={
                    "device": RLModuleSpec(
                        module_class=ActionMaskingTorchRLModule,
                        model_config=DefaultModelConfig(fcnet_hiddens=[64, 64]),
                    )
                }
            )
        )
        .training(
            train_batch_size_per_learner=options.update,
            minibatch_size=options.update,
            num_epochs=4,
            lr=1e-3,
            gamma=0.9,
            vf_clip_param=1e6,  # rewards are about 80 per tick
        )
        .debugging(seed=1)
        .build_algo()
    )
    for update in range(max(1, options.ticks // options.update)):
        result = learner.train()["env_runners"]
        mean = result.get("episode_return_mean", math.nan) / (options.devices * options.episode)
        what = "no episode ended" if math.isnan(mean) else f"reward per device and tick {mean:.1f}"
        print(f"update {update}: {what}", flush=True)
    learner.stop()


if __name__ == "__main__":
    main()
