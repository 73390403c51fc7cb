# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A cooperative game that a critic of state and joint action solves within a budget and independent learners do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from trials import Scores, reach, train

from ns3marl.algorithms import registry
from ns3marl.config import ImappoOptions, IppoOptions, IqlOptions
from ns3marl.games.cooperative import SignalGame
from ns3marl.games.team import TeamPool
from ns3marl.rl.policy import ActionGenerators

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


def share_right(name: str, options: Any, seed: int) -> Scores:
    """Of the likeliest answers after training; the optimum is 1, by chance it is 1/3."""
    game = SignalGame(agents=24, signals=3, luck=8.0)
    learner = registry.make(name, game.spec, options, seed)
    train(learner, TeamPool(game, seed=seed), seed, TICKS)
    learner.greedy = True
    pool, right = TeamPool(game, seed=777), []
    batch, noise = pool.reset(), ActionGenerators(777, pool.num_envs)
    for _ in range(40):
        actions = learner.act(batch, noise.generators(batch))
        right.append(actions[0].discrete[..., 0] == batch.groups[0].observations[..., 1:].argmax(-1))
        batch = pool.step(actions)
    return {"right": float(np.mean(right))}


@pytest.mark.learning
def test_the_luck_of_others_cancels_against_the_counterfactual_baseline() -> None:
    """The others' luck moves the reward by 1.6 a tick, one right answer by 0.04."""
    options = ImappoOptions(**ONCE)
    reach(lambda seed: share_right("imappo", options, seed), times=4, of=5, at_least={"right": 0.98})


@pytest.mark.learning
@pytest.mark.parametrize(
    ("name", "options", "most"), [("ippo", IppoOptions(**ONCE), 0.85), ("iql", IQL, 0.7)], ids=["ippo", "iql"]
)
def test_the_luck_of_others_hides_the_signals_from_independent_learners(
    name: str, options: Any, most: float
) -> None:
    reach(lambda seed: share_right(name, options, seed), times=2, of=3, at_most={"right": most})
