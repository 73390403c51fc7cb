# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Central PPO and independent PPO solve a cooperative game whose optimum is known, and CartPole."""

from __future__ import annotations

from typing import Any

import pytest
from gymnasium_pool import CARTPOLE, GymnasiumPool
from poles import ENVS, balance, peer_balance
from stable_baselines3 import PPO
from toy_game import ToyPool, crowded, mean_reward
from trials import Scores, reach, train

from ns3marl.algorithms import registry
from ns3marl.algorithms.ippo import IppoOptions
from ns3marl.algorithms.ppo import PpoOptions

TOY: dict[str, Any] = {
    "rollout_ticks": 32,
    "actor_lr": 3e-3,
    "critic_lr": 3e-3,
    "target_kl": 0.03,
    "entropy_discrete": 0.003,
}
UPDATES = 40
BALANCE: dict[str, Any] = {"rollout_ticks": 128, "discount": 0.99, "gae_lambda": 0.95, "actor_lr": 1e-3}
POLE_TICKS = 24 * 128 * ENVS


def on_the_toy_game(name: str, options: Any, seed: int) -> Scores:
    pool = ToyPool(seed=seed)
    learner = registry.make(name, pool.spec, options, seed)
    train(learner, pool, seed, UPDATES * TOY["rollout_ticks"] * pool.num_envs)
    return {"likeliest": mean_reward(learner), "crowded": crowded(learner)}


@pytest.mark.learning
@pytest.mark.parametrize(
    ("name", "options", "least", "most"),
    [
        ("ppo", PpoOptions(**TOY), 0.9, 0.25),
        ("ppo", PpoOptions(**TOY, ratio="joint"), 0.9, 0.25),
        ("ippo", IppoOptions(**TOY), 0.94, 0.1),
    ],
    ids=["ppo", "ppo-joint", "ippo"],
)
def test_a_cooperative_game_is_learned_lanes_and_all(
    name: str, options: Any, least: float, most: float
) -> None:
    """Optimum 1; with lanes drawn at random 0.92 if all else is right, and 0.31 crowded.

    A central controller sees all agents and learns a map from what all feel to lanes, which takes it longer.
    """
    reach(
        lambda seed: on_the_toy_game(name, options, seed),
        times=2,
        of=5,
        at_least={"likeliest": least},
        at_most={"crowded": most},
    )


def on_a_pole(name: str, options: Any, seed: int) -> float:
    """Balance of one of our learners."""
    with GymnasiumPool("CartPole-v1", CARTPOLE, num_envs=ENVS, seed=seed) as pool:
        learner = registry.make(name, pool.spec, options, seed)
        train(learner, pool, seed, POLE_TICKS)
    return balance(learner)


def beside_a_peer(seed: int) -> Scores:
    """Balance of PPO, and of Stable-Baselines3's with the same budget, rollouts and minibatches of a quarter of them."""
    peer: dict[str, Any] = {"n_steps": 128, "batch_size": 256, "n_epochs": 8, "learning_rate": 1e-3}
    ours = on_a_pole("ppo", PpoOptions(**BALANCE), seed)
    theirs = peer_balance(PPO, seed, POLE_TICKS, **peer)
    return {"ours": ours, "theirs": theirs, "ours over theirs": ours / theirs}


@pytest.mark.learning
def test_ppo_balances_a_pole_as_long_as_another_implementation() -> None:
    """500 at best, about 22 by chance."""
    reach(beside_a_peer, times=1, of=4, at_least={"ours": 300, "ours over theirs": 0.8})


@pytest.mark.learning
def test_ippo_balances_a_pole() -> None:
    options = IppoOptions(**BALANCE)
    reach(
        lambda seed: {"balance": on_a_pole("ippo", options, seed)}, times=2, of=6, at_least={"balance": 150}
    )
