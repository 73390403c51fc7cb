# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Tianshou on simulators; ``test_other_libraries.py`` runs this file where it is installed."""

from __future__ import annotations

import pytest
from pettingzoo.utils import parallel_to_aec
from tianshou.algorithm.modelfree.dqn import DiscreteQLearningPolicy
from tianshou.algorithm.multiagent.marl import MultiAgentPolicy
from tianshou.data import Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv, PettingZooEnv
from tianshou.utils.net.common import Net

from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.wrappers import discrete_actions, masked_observations

ECHO = ("--agents=3", "--choices=3", "--ticks=5", "--masked=true")


@pytest.mark.parametrize("epsilon", [0.0, 0.5])
def test_greedy_and_random_choices_keep_to_the_masks(epsilon: float) -> None:
    def make() -> PettingZooEnv:
        parallel = Ns3ParallelEnv("echo", ECHO, masked_choices="refuse")  # it would raise
        return PettingZooEnv(parallel_to_aec(masked_observations(discrete_actions(parallel, levels=2))))

    copies = DummyVectorEnv([make, make])
    one = copies.workers[0].env
    policies = {
        agent: DiscreteQLearningPolicy(
            model=Net(
                state_shape=one.observation_space["observation"].shape, action_shape=6, hidden_sizes=(8,)
            ),
            action_space=one.action_space,
            observation_space=one.observation_space,
            eps_inference=epsilon,
        )
        for agent in one.agents
    }
    buffer = VectorReplayBuffer(200, 2)
    collector = Collector(MultiAgentPolicy(policies), copies, buffer, exploration_noise=True)
    played = collector.collect(n_episode=4, reset_before_collect=True)
    assert played.n_collected_steps == 4 * 15  # each agent's turn counts
    assert played.returns.shape == (4, 3)
    masks = buffer.obs.mask[: len(buffer) // 2]
    assert masks.shape[1] == 6
    assert masks.any(axis=1).all()
    assert not masks.all()
    copies.close()
