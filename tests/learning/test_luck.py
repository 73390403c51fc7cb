# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A cooperative game in which luck moves the reward far more than any answer: what of it reaches an agent's advantage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from trials import Scores, reach, train

from ns3marl.algorithms import registry
from ns3marl.algorithms.imappo import ImappoOptions
from ns3marl.algorithms.iql import IqlOptions
from ns3marl.games.cooperative import SignalGame
from ns3marl.games.team import TeamPool
from ns3marl.rl.policy import action_generators
from ns3marl.rl.team import Team

GAME = SignalGame(agents=24, signals=3, luck=4.0)
TICKS = 2048
ONCE: dict[str, Any] = {
    "discount": 0.0,  # no tick has to do with the next
    "rollout_ticks": 16,
    "epochs": 24,
    "actor_lr": 1e-3,
    "critic_lr": 3e-3,
    "target_kl": 0.03,
}


def share_right(learner: Team) -> float:
    """Of the likeliest answers; the optimum is 1, by chance it is 1/3."""
    learner.greedy = True
    pool, right = TeamPool(GAME, seed=777), []
    batch = pool.reset()
    for _ in range(20):
        actions = learner.act(batch, action_generators(batch))
        right.append(actions[0].discrete[..., 0] == batch.groups[0].observations[..., 1:].argmax(-1))
        batch = pool.step(actions)
    return float(np.mean(right))


def luck_left(advantage: Any, seed: int) -> Scores:
    """Standard deviation of the advantages as a share of that of the returns, in the last four updates; and what was learned."""
    learner = registry.make("imappo", GAME.spec, ImappoOptions(advantage=advantage, **ONCE), seed)
    updates = train(learner, TeamPool(GAME, seed=seed), seed, TICKS)[-4:]
    left = float(np.mean([update["advantage_std"] / update["return_std"] for update in updates]))
    return {"left": left, "right": share_right(learner)}


@pytest.mark.learning
def test_the_luck_of_others_cancels_against_the_counterfactual_baseline() -> None:
    """The others' luck moves the reward by 0.8 a tick, one right answer by 0.04."""
    reach(
        lambda seed: luck_left("literal", seed),
        times=2,
        of=5,
        at_least={"right": 0.9},
        at_most={"left": 0.5},
    )


@pytest.mark.learning
def test_the_luck_of_others_stays_beside_the_value_of_the_state() -> None:
    """As V(s) does not know what others do, it cannot know whose luck counts."""
    reach(lambda seed: luck_left("gae", seed), times=2, of=5, at_least={"left": 0.6})


@pytest.mark.learning
def test_the_luck_of_others_hides_the_signals_from_independent_learners() -> None:
    options = IqlOptions(
        discount=0.0, warmup_ticks=500, epsilon_ticks=1024, ticks_per_step=8, target_steps=50
    )

    def score(seed: int) -> Scores:
        learner = registry.make("iql", GAME.spec, options, seed)
        train(learner, TeamPool(GAME, seed=seed), seed, TICKS)
        return {"right": share_right(learner)}

    reach(score, times=2, of=6, at_most={"right": 0.7})
