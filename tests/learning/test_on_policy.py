# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Central PPO and independent PPO solve a cooperative game whose optimum is known, and CartPole."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium_pool import CARTPOLE, GymnasiumPool
from poles import ENVS, balance, peer_balance
from stable_baselines3 import PPO
from toy_game import ToyPool, crowded, mean_reward

from ns3marl.algorithms import registry
from ns3marl.algorithms.ippo import IppoOptions
from ns3marl.algorithms.ppo import PpoOptions
from ns3marl.rl.policy import action_generators
from ns3marl.rl.team import Team
from ns3marl.types import Spec

TOY: dict[str, Any] = {
    "rollout_ticks": 32,
    "actor_lr": 3e-3,
    "critic_lr": 3e-3,
    "target_kl": 0.03,
    "entropy_discrete": 0.003,
}
BALANCE: dict[str, Any] = {"rollout_ticks": 128, "discount": 0.99, "gae_lambda": 0.95, "actor_lr": 1e-3}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def train(learner: Team, pool: ToyPool | GymnasiumPool, updates: int) -> None:
    batch = pool.reset()
    while updates:
        batch = pool.step(learner.explore(batch, action_generators(batch)))
        updates -= learner.learn(batch) is not None


def central(spec: Spec, seed: int) -> Team:
    return registry.make("ppo", spec, PpoOptions(**TOY), seed)


def central_joint(spec: Spec, seed: int) -> Team:
    return registry.make("ppo", spec, PpoOptions(**TOY, ratio="joint"), seed)


def independent(spec: Spec, seed: int) -> Team:
    return registry.make("ippo", spec, IppoOptions(**TOY), seed)


@pytest.mark.learning
@pytest.mark.parametrize(("learner", "seed"), [(central, 1), (central_joint, 3), (independent, 1)])
def test_a_cooperative_game_is_learned_lanes_and_all(learner: Any, seed: int) -> None:
    pool = ToyPool(seed=seed)
    made = learner(pool.spec, seed)
    train(made, pool, updates=60)
    assert mean_reward(made) > 0.93  # optimum 1; with lanes drawn at random 0.92
    assert crowded(made) < 0.2


def balanced(make: Callable[[Spec], Team], seed: int, updates: int = 24) -> float:
    """Ticks that a learner balances the pole after 24 576 of training."""
    with GymnasiumPool("CartPole-v1", CARTPOLE, num_envs=ENVS, seed=seed) as pool:
        made = make(pool.spec)
        train(made, pool, updates)
    return balance(made)


@pytest.mark.learning
@pytest.mark.timeout(300)
def test_ppo_balances_a_pole_as_long_as_another_implementation() -> None:
    """Stable-Baselines3's PPO with the same budget, rollouts and minibatches of a quarter of them."""
    options = PpoOptions(**BALANCE)
    ours = [balanced(partial(registry.make, "ppo", options=options, seed=seed), seed) for seed in (1, 2)]
    theirs = [
        peer_balance(PPO, seed, 24_576, n_steps=128, batch_size=256, n_epochs=8, learning_rate=1e-3)
        for seed in (1, 2)
    ]
    assert np.mean(ours) > 0.9 * np.mean(theirs), (ours, theirs)
    assert np.mean(ours) > 300, ours  # 500 at best, about 22 by chance


@pytest.mark.learning
def test_ippo_balances_a_pole() -> None:
    assert balanced(lambda spec: registry.make("ippo", spec, IppoOptions(**BALANCE), 1), 1) > 200
