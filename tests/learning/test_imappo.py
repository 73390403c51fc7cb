# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""IMAPPO solves a cooperative game whose optimum is known, in seconds and for several seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from toy_game import ToyPool, crowded, mean_reward

from ns3marl.algorithms import registry
from ns3marl.algorithms.imappo import ImappoOptions
from ns3marl.rl.policy import action_generators
from ns3marl.rl.team import Team
from ns3marl.types import Actions, Batch

OPTIONS = ImappoOptions(discount=0.9, actor_lr=3e-3, critic_lr=3e-3, target_kl=0.03, rollout_ticks=32)


def train(options: ImappoOptions, seed: int, updates: int, pool: ToyPool | None = None) -> Team:
    pool = pool or ToyPool(seed=seed)
    learner = registry.make("imappo", pool.spec, options, seed)
    batch = pool.reset()
    while updates:
        batch = pool.step(learner.explore(batch, action_generators(batch)))
        updates -= learner.learn(batch) is not None
    return learner


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.learning
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_optimum_is_found(seed: int) -> None:
    untrained = mean_reward(registry.make("imappo", ToyPool().spec, OPTIONS, seed), greedy=False)
    assert untrained < 0.5
    learner = train(OPTIONS, seed, updates=60)
    assert mean_reward(learner, greedy=True) > 0.94  # optimum 1; with lanes drawn at random 0.92
    assert crowded(learner) < 0.1
    assert mean_reward(learner, greedy=False) > 0.9


@pytest.mark.learning
@pytest.mark.parametrize(
    "change",
    [
        {"advantage": "coma"},
        {"advantage": "gae"},
        {"pooling": "attention"},
        {"real_valued": "tanh-normal"},
        {"real_valued": "clipped-gaussian"},
        {"normalise_values": False},
        {"bfloat16": True},
    ],
)
def test_other_modes_learn_as_well(change: dict[str, Any]) -> None:
    learner = train(dataclasses.replace(OPTIONS, **change), 1, updates=60)
    assert mean_reward(learner, greedy=True) > 0.94
    assert crowded(learner) < 0.1


class RivalPool(ToyPool):
    """The same agents, but each is paid for itself: the even ones for sending, the odd ones for staying."""

    def step(self, actions: Sequence[Actions]) -> Batch:
        sends = actions[0].discrete[..., 0] == 1
        outcome = super().step(actions)
        outcome.groups[0].rewards[:] = sends == [True, False, True, False]
        return outcome


@pytest.mark.learning
@pytest.mark.parametrize(("actors", "seed"), [("shared", 1), ("per-agent", 2)])
def test_agents_that_are_paid_for_themselves_learn_what_pays_them(actors: Any, seed: int) -> None:
    options = dataclasses.replace(OPTIONS, reward="agent", actors=actors)
    learner = train(options, seed, updates=12, pool=RivalPool(seed=seed))
    learner.greedy = True
    pool = RivalPool(seed=777)
    batch = pool.reset()
    for _ in range(20):
        asked = batch.groups[0].active
        batch = pool.step(learner.act(batch, action_generators(batch)))
        assert batch.groups[0].rewards[asked].mean() > 0.95


@pytest.mark.learning
def test_training_is_reproducible() -> None:
    one, other = (
        train(OPTIONS, 4, updates=3).state_dict()["groups"]["players"]["learned"]["actor"] for _ in range(2)
    )
    assert all(tensor.equal(other[name]) for name, tensor in one.items())
