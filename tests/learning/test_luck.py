# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A cooperative game that a critic of state and joint action solves within a budget and independent learners do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ns3marl.algorithms import registry
from ns3marl.algorithms.imappo import ImappoOptions
from ns3marl.algorithms.ippo import IppoOptions
from ns3marl.algorithms.iql import IqlOptions
from ns3marl.games.cooperative import SignalGame
from ns3marl.games.team import TeamPool
from ns3marl.rl.policy import action_generators

TICKS = 2048
ONCE: dict[str, Any] = {
    "discount": 0.0,  # no tick has to do with the next
    "rollout_ticks": 16,
    "epochs": 24,
    "actor_lr": 1e-3,
    "critic_lr": 3e-3,
    "target_kl": 0.03,
}
IQL = IqlOptions(discount=0.0, warmup_ticks=500, epsilon_ticks=1024, ticks_per_step=8, target_steps=50)


def share_right(name: str, options: Any, seed: int) -> float:
    """Of the likeliest answers after training; the optimum is 1, by chance it is 1/3."""
    torch.set_num_threads(1)
    game = SignalGame(agents=24, signals=3, luck=8.0)
    learner = registry.make(name, game.spec, options, seed)
    pool = TeamPool(game, seed=seed)
    batch = pool.reset()
    for _ in range(TICKS // pool.num_envs):
        batch = pool.step(learner.explore(batch, action_generators(batch)))
        learner.learn(batch)
    learner.greedy = True
    pool, right = TeamPool(game, seed=777), []
    batch = pool.reset()
    for _ in range(40):
        actions = learner.act(batch, action_generators(batch))
        right.append(actions[0].discrete[..., 0] == batch.groups[0].observations[..., 1:].argmax(-1))
        batch = pool.step(actions)
    return float(np.mean(right))


@pytest.mark.learning
@pytest.mark.timeout(600)
def test_the_luck_of_others_cancels_against_the_counterfactual_baseline() -> None:
    """The others' luck moves the reward by 1.6 a tick, one right answer by 0.04."""
    seeds = (1, 2, 3, 4, 5)
    central = [share_right("imappo", ImappoOptions(**ONCE), seed) for seed in seeds]
    assert min(central) > 0.98, central
    independent = [share_right("ippo", IppoOptions(**ONCE), seed) for seed in seeds]
    assert max(independent) < 0.98, independent
    assert np.mean(independent) < 0.85, independent
    values = [share_right("iql", IQL, seed) for seed in seeds[:2]]
    assert max(values) < 0.7, values
