# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""IMAPPO solves cooperative games whose optimum is known, in seconds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
from toy_game import ToyPool, crowded, mean_reward
from trials import Scores, reach, train

from ns3marl.algorithms import registry
from ns3marl.algorithms.imappo import ImappoOptions
from ns3marl.games.cooperative import ChannelGame
from ns3marl.games.team import TeamPool
from ns3marl.rl.policy import action_generators
from ns3marl.rl.team import Team
from ns3marl.types import Actions, Batch

OPTIONS = ImappoOptions(
    discount=0.9, gae_lambda=0.95, rollout_ticks=32, epochs=5, actor_lr=3e-3, critic_lr=3e-3, target_kl=0.03
)
TICKS_PER_UPDATE = 32 * 8


def trained(options: ImappoOptions, seed: int, updates: int, pool: ToyPool | None = None) -> Team:
    """A learner after some updates on the toy game."""
    pool = pool or ToyPool(seed=seed)
    learner = registry.make("imappo", pool.spec, options, seed)
    train(learner, pool, seed, updates * TICKS_PER_UPDATE)
    return learner


def on_the_toy_game(options: ImappoOptions, seed: int, updates: int) -> Scores:
    learner = trained(options, seed, updates)
    return {
        "likeliest": mean_reward(learner, greedy=True),
        "drawn": mean_reward(learner, greedy=False),
        "crowded": crowded(learner),
    }


@pytest.mark.learning
def test_the_optimum_is_found() -> None:
    """Optimum 1; with lanes drawn at random 0.92."""
    untrained = [
        mean_reward(registry.make("imappo", ToyPool().spec, OPTIONS, seed), greedy=False)
        for seed in (1, 2, 3)
    ]
    assert max(untrained) < 0.5
    reach(
        lambda seed: on_the_toy_game(OPTIONS, seed, updates=50),
        times=3,
        of=6,
        at_least={"likeliest": 0.94, "drawn": 0.9},
        at_most={"crowded": 0.1},
    )


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
    ids=["coma", "gae", "attention", "tanh-normal", "clipped-gaussian", "raw-values", "bfloat16"],
)
def test_other_modes_learn_as_well(change: dict[str, Any]) -> None:
    options = dataclasses.replace(OPTIONS, **change)
    reach(
        lambda seed: on_the_toy_game(options, seed, updates=25),
        times=1,
        of=4,
        at_least={"likeliest": 0.85},
    )


class RivalPool(ToyPool):
    """The same agents, but each is paid for itself: the even ones for sending, the odd ones for staying."""

    def step(self, actions: Sequence[Actions]) -> Batch:
        sends = actions[0].discrete[..., 0] == 1
        outcome = super().step(actions)
        outcome.groups[0].rewards[:] = sends == [True, False, True, False]
        return outcome


def least_reward(options: ImappoOptions, seed: int) -> Scores:
    """Among rivals: the mean of asked agents' own rewards, at the worst of 20 ticks."""
    learner = trained(options, seed, updates=12, pool=RivalPool(seed=seed))
    learner.greedy = True
    pool = RivalPool(seed=777)
    batch = pool.reset()
    means = []
    for _ in range(20):
        asked = batch.groups[0].active
        batch = pool.step(learner.act(batch, action_generators(batch)))
        means.append(batch.groups[0].rewards[asked].mean())
    return {"least": float(min(means))}


@pytest.mark.learning
@pytest.mark.parametrize("actors", ["shared", "per-agent"])
def test_agents_that_are_paid_for_themselves_learn_what_pays_them(actors: Any) -> None:
    options = dataclasses.replace(OPTIONS, reward="agent", actors=actors)
    reach(lambda seed: least_reward(options, seed), times=2, of=6, at_least={"least": 0.95})


def on_the_channel_game(seed: int) -> Scores:
    """Reward of the first and the last of 25 rollouts, as shares of the optimum."""
    game = ChannelGame([6.0, 8.0, 4.0], channels=2)
    options = dataclasses.replace(OPTIONS, discount=0.5, rollout_ticks=16)
    pool = TeamPool(game, seed=seed)
    learner = registry.make("imappo", pool.spec, options, seed)
    before = mean_reward(learner, TeamPool(game, seed=777), 8, greedy=False)
    train(learner, pool, seed, 25 * 16 * pool.num_envs)
    after = mean_reward(learner, TeamPool(game, seed=777), 16, greedy=False)
    best, _ = game.optimum()
    return {"before": before / best, "after": after / best}


@pytest.mark.learning
def test_agents_share_channels() -> None:
    """Two of three agents send, each on a channel of its own."""
    reach(on_the_channel_game, times=1, of=4, at_least={"after": 0.8}, at_most={"before": 0.5})


@pytest.mark.learning
def test_training_is_reproducible() -> None:
    one, other = (
        trained(OPTIONS, 4, updates=3).state_dict()["groups"]["players"]["learned"]["actor"] for _ in range(2)
    )
    assert all(tensor.equal(other[name]) for name, tensor in one.items())
