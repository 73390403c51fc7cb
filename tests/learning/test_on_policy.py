# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Central PPO and independent PPO solve a cooperative game whose optimum is known, and CartPole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium_pool import CARTPOLE, GymnasiumPool
from toy_game import ToyPool

from ns3marl.algorithms.ippo import Ippo
from ns3marl.algorithms.ppo import Ppo
from ns3marl.config import IppoOptions, PpoOptions
from ns3marl.rl.learner import Learner
from ns3marl.rl.policy import ActionNoise
from ns3marl.types import Spec

TOY: dict[str, Any] = {"rollout_ticks": 32, "actor_lr": 3e-3, "critic_lr": 3e-3, "target_kl": 0.03}
BALANCE: dict[str, Any] = {"rollout_ticks": 128, "discount": 0.99, "trace_decay": 0.95, "actor_lr": 1e-3}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def train(learner: Learner, pool: ToyPool | GymnasiumPool, updates: int) -> None:
    noise = ActionNoise(pool.seed, pool.num_envs)
    batch = pool.reset()
    while updates:
        batch = pool.step(learner.explore(batch, noise.generators(batch)))
        updates -= learner.learn(batch) is not None


def mean_reward(learner: Learner) -> float:
    """Reward per tick of the greedy policy on episodes that were not trained on."""
    pool = ToyPool(seed=777)
    noise = ActionNoise(777, pool.num_envs)
    learner.greedy = True
    batch = pool.reset()
    rewards = []
    for _ in range(50):
        batch = pool.step(learner.act(batch, noise.generators(batch)))
        rewards.append(batch.groups[0].rewards.mean())
    return float(np.mean(rewards))


def central(spec: Spec, seed: int) -> Ppo:
    return Ppo(spec, PpoOptions(**TOY), seed)


def central_joint(spec: Spec, seed: int) -> Ppo:
    return Ppo(spec, PpoOptions(**TOY, ratio="joint"), seed)


def independent(spec: Spec, seed: int) -> Ippo:
    return Ippo(spec, IppoOptions(**TOY), seed)


@pytest.mark.learning
@pytest.mark.parametrize(
    ("learner", "seed"), [(central, 1), (central, 2), (central_joint, 3), (independent, 1), (independent, 2)]
)
def test_the_optimum_is_found(learner: Any, seed: int) -> None:
    pool = ToyPool(seed=seed)
    made = learner(pool.spec, seed)
    train(made, pool, updates=60)
    assert mean_reward(made) > 0.92  # optimum 1; with lanes drawn at random 0.91


@pytest.mark.learning
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    "learner",
    [
        pytest.param(lambda spec, seed: Ppo(spec, PpoOptions(**BALANCE), seed), id="ppo"),
        pytest.param(lambda spec, seed: Ippo(spec, IppoOptions(**BALANCE), seed), id="ippo"),
    ],
)
def test_a_pole_is_balanced(learner: Any, seed: int) -> None:
    pool = GymnasiumPool("CartPole-v1", CARTPOLE, seed=seed)
    made = learner(pool.spec, seed)
    train(made, pool, updates=24)  # 24 576 ticks
    test = GymnasiumPool("CartPole-v1", CARTPOLE, seed=99)
    noise = ActionNoise(99, test.num_envs)
    made.greedy = True
    batch = test.reset()
    returns = []
    for _ in range(500):
        batch = test.step(made.act(batch, noise.generators(batch)))
        returns += [float(final.metrics[0]) for final in batch.final if final is not None]
    assert np.mean(returns) > 200  # 500 at best, about 22 by chance
