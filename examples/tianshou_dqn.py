# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Tianshou's DQN on cognitive-v2x: each vehicle pair learns for itself which channel and power to take.

    pip install -r examples/requirements-tianshou.txt
    python examples/tianshou_dqn.py

Each pair's heads become one Discrete, whose mask Tianshou reads from the observation: no masked choice is ever played, which
``masked_choices="refuse"`` proves.
"""

from __future__ import annotations

import argparse

import torch
from pettingzoo.utils import parallel_to_aec
from tianshou.algorithm import DQN
from tianshou.algorithm.modelfree.dqn import DiscreteQLearningPolicy
from tianshou.algorithm.multiagent.marl import MultiAgentOffPolicyAlgorithm
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv, PettingZooEnv
from tianshou.trainer import OffPolicyTrainerParams
from tianshou.utils.net.common import Net

from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.wrappers import discrete_actions, masked_observations, scaled_observations


def make(arguments: list[str], seed: int) -> PettingZooEnv:
    """One simulator; each episode is another network."""
    parallel = Ns3ParallelEnv("cognitive-v2x", arguments, seed=seed, masked_choices="refuse")
    parallel = masked_observations(discrete_actions(scaled_observations(parallel), levels=3))
    return PettingZooEnv(parallel_to_aec(parallel))


def main() -> None:
    """Trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=5_000, help="ticks of training, over all environments")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--episode", type=int, default=100, help="ticks in an episode")
    parser.add_argument("--envs", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(1)  # the simulators need the other cores
    torch.manual_seed(1)
    arguments = [f"--pairs={options.pairs}", f"--ticks={options.episode}"]

    environments = DummyVectorEnv(
        [lambda seed=seed: make(arguments, seed) for seed in range(1, options.envs + 1)]
    )
    one = make(arguments, seed=1000)  # tells the spaces and the agents
    features = one.observation_space["observation"].shape
    learners = [
        DQN(
            policy=DiscreteQLearningPolicy(
                model=Net(state_shape=features, action_shape=one.action_space.n, hidden_sizes=(64, 64)),
                action_space=one.action_space,
                observation_space=one.observation_space,
                eps_training=0.1,
            ),
            optim=AdamOptimizerFactory(lr=1e-3),
            gamma=0.9,
            target_update_freq=100,
        )
        for _ in one.agents
    ]
    learner = MultiAgentOffPolicyAlgorithm(algorithms=learners, env=one)
    collector = Collector(
        learner, environments, VectorReplayBuffer(100_000, options.envs), exploration_noise=True
    )
    turns = options.pairs * options.episode  # of an episode; Tianshou counts each as a step
    learner.run_training(
        OffPolicyTrainerParams(
            training_collector=collector,
            max_epochs=max(1, options.ticks // (options.envs * options.episode)),
            epoch_num_steps=options.envs * turns,
            collection_step_num_env_steps=options.envs * turns,
            update_step_num_gradient_steps_per_sample=0.1,
            multi_agent_return_reduction=lambda returns: returns.mean(axis=1),
            show_progress=False,
        )
    )
    environments.close()
    played = Collector(learner, DummyVectorEnv([lambda: one])).collect(n_episode=1, reset_before_collect=True)
    one.close()
    print(f"reward per pair and tick: {played.returns.mean() / options.episode:.1f}")


if __name__ == "__main__":
    main()
