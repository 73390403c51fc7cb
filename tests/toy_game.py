# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A cooperative game with a known optimum, behind the same contract as the pool of simulators.

Four agents. Where an agent feels an urge (+1) it should send, else stay. Senders should use the power that their level
asks for, and spread over two lanes: two to a lane are fine, more spoil each other's success. Agents do not see each
other; what tells them apart is their side. An agent scores 1 at best, and the team's reward is the mean score of the
agents that were asked, so the optimum is a reward of 1 per tick: any one-to-one map from sides to lanes reaches it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ns3marl.config import Config
from ns3marl.games.team import TeamPool
from ns3marl.rl.policy import action_generators
from ns3marl.rl.team import Team
from ns3marl.types import (
    Actions,
    Batch,
    Condition,
    ContinuousHead,
    DiscreteHead,
    Feature,
    Float32,
    Group,
    Metric,
    Spec,
    StateBlock,
)

AGENTS = ("a0", "a1", "a2", "a3")
SEND = 1
HIGH_DBM = 30.0


def toy_spec(ticks: int = 20) -> Spec:
    group = Group(
        "players",
        AGENTS,
        features=(
            Feature("urge", "1", -1, 1),
            Feature("side", "1", 0, 1),
            Feature("level", "1", 0, 1),
            Feature("noise", "1", -5, 5),
        ),
        discrete_heads=(
            DiscreteHead("mode", ("stay", "send", "forbidden")),
            DiscreteHead("lane", ("left", "right"), active_if=Condition(0, (SEND, 2))),
        ),
        continuous_heads=(
            ContinuousHead("power", "dBm", 0, HIGH_DBM, default_value=10, active_if=Condition(0, (SEND, 2))),
        ),
    )
    return Spec(
        scenario="toy",
        tick_ns=1_000_000,
        ticks=ticks,
        groups=(group,),
        state=(
            StateBlock("agent_state", AGENTS, (Feature("urge", "1", -1, 1),), agents_of=0),
            StateBlock("world", ("all",), (Feature("tick", "1", 0, ticks),)),
        ),
        metrics=(
            Metric("score", "1", "mean score of the agents that were asked"),
            Metric("sends", "1", "agents that sent, per tick", higher_is_better=False),
        ),
        hash="0123456789abcdef",
    )


@dataclass
class _World:
    rng: np.random.Generator
    tick: int = 0
    seen: Float32 = field(default_factory=lambda: np.zeros((4, 4), np.float32))
    asked: np.ndarray = field(default_factory=lambda: np.ones(4, bool))
    scores: list[float] = field(default_factory=list)
    sends: int = 0

    def draw(self) -> None:
        self.seen = np.stack(
            [
                np.where(self.rng.random(4) < 0.6, 1.0, -1.0),
                np.array([0.0, 1.0, 0.0, 1.0]),
                self.rng.random(4),
                self.rng.normal(size=4).clip(-5, 5),
            ],
            axis=-1,
        ).astype(np.float32)
        self.asked = self.rng.random(4) < 0.8

    @property
    def observations(self) -> tuple[Float32]:
        return (self.seen,)

    @property
    def present(self) -> tuple[np.ndarray]:
        return (np.ones(4, bool),)

    @property
    def active(self) -> tuple[np.ndarray]:
        return (self.asked,)

    @property
    def masks(self) -> tuple[np.ndarray]:
        return (np.broadcast_to(np.array([1, 1, 0, 1, 1], bool), (4, 5)),)

    @property
    def state(self) -> tuple[Float32, ...]:
        return self.seen[:, :1], np.full((1, 1), self.tick, np.float32)

    def play(self, actions: Sequence[Actions]) -> tuple[float]:
        discrete, power = actions[0].discrete, actions[0].continuous[:, 0]
        assert (discrete[~self.asked] == 0).all(), "not the default action"
        urge, level = self.seen[:, 0] > 0, self.seen[:, 2]
        sends = self.asked & (discrete[:, 0] == SEND)
        in_lane = np.array([(sends & (discrete[:, 1] == lane)).sum() for lane in range(2)])
        success = (1 - np.abs(power / HIGH_DBM - level)) * np.where(in_lane[discrete[:, 1]] > 2, 0.0, 1.0)
        score = np.where(urge, np.where(sends, success, 0.0), np.where(sends, 0.0, 1.0))
        reward = float(score[self.asked].mean()) if self.asked.any() else 1.0
        self.scores.append(reward)
        self.sends += int(sends.sum())
        self.tick += 1
        self.draw()
        return (reward,)

    @property
    def metrics(self) -> np.ndarray:
        if not self.scores:
            return np.full(2, np.nan)
        return np.array([np.mean(self.scores), self.sends / len(self.scores)])


@dataclass
class ToyGame:
    spec: Spec

    def begin(self, rng: np.random.Generator) -> _World:
        world = _World(rng)
        world.draw()
        return world


class ToyPool(TeamPool):
    """The game in ``num_envs`` copies; arguments as in ``ns3marl.env.pool.Pool``."""

    def __init__(self, *, num_envs: int = 8, seed: int = 1, first_run: int = 1, ticks: int = 20) -> None:
        game = ToyGame(toy_spec(ticks))
        super().__init__(game, num_envs=num_envs, seed=seed, first_run=first_run, resumable=True)


def toy_environments(config: Config, seed: int, num_envs: int, first_run: int) -> ToyPool:
    """Opens environments as ``train`` and ``evaluate`` ask for them; processes of an experiment import it."""
    del config
    return ToyPool(num_envs=num_envs, seed=seed, first_run=first_run, ticks=10)


class _SlowPool(ToyPool):
    def step(self, actions: Sequence[Actions]) -> Batch:
        time.sleep(0.02)
        return super().step(actions)


def slow_environments(config: Config, seed: int, num_envs: int, first_run: int) -> ToyPool:
    """The same at 50 ticks a second, for who wants to interrupt."""
    del config
    return _SlowPool(num_envs=num_envs, seed=seed, first_run=first_run, ticks=10)


def mean_reward(
    learner: Team, pool: TeamPool | None = None, ticks: int = 50, *, greedy: bool = True
) -> float:
    """Reward per tick of a learner that no longer learns, on episodes that were not trained on; of this game by default."""
    pool = pool or ToyPool(seed=777)
    learner.greedy = greedy
    batch = pool.reset()
    rewards = []
    for _ in range(ticks):
        batch = pool.step(learner.act(batch, action_generators(batch)))
        rewards.append(batch.groups[0].rewards.mean())
    return float(np.mean(rewards))


def crowded(learner: Team, ticks: int = 50) -> float:
    """Of the ticks at which three or four send, how many have three of them in one lane: 0 at best, a third with lanes drawn at random.

    With the right modes and powers but random lanes the game pays 0.92, with a power of 15 dBm whatever the level 0.8.
    """
    pool = ToyPool(seed=777)
    learner.greedy = True
    batch = pool.reset()
    many = spoilt = 0
    for _ in range(ticks):
        actions = learner.act(batch, action_generators(batch))
        sends = batch.groups[0].active & (actions[0].discrete[..., 0] == SEND)
        right = (sends & (actions[0].discrete[..., 1] == 1)).sum(-1)
        left = sends.sum(-1) - right
        many += int((left + right > 2).sum())
        spoilt += int((np.maximum(left, right) > 2).sum())
        batch = pool.step(actions)
    return spoilt / max(many, 1)
