# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A cooperative game of two kinds of agents with a known optimum, behind the same contract as the pool of simulators.

Three devices and two gateways share two lanes. A device chooses a lane. A gateway listens on a lane or is off, and tilts its antenna,
which should follow the angle that it alone observes. A device is served if exactly one gateway listens on its lane and at most two
devices are there; it then scores what that gateway's tilt is worth, from 0 to 1. So the gateways must take different lanes and the
devices must spread over them, though nobody sees what the others do: what tells agents of a kind apart is their index.

The reward of every agent is the mean score of the devices that were asked, so the optimum is 1 per tick. An observer without actions
looks on. With ``leaving``, device d2 takes part from tick 5 to tick 14 only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ns3marl.config import Config
from ns3marl.games.team import TeamPool
from ns3marl.rl.policy import action_generators
from ns3marl.rl.team import Team
from ns3marl.types import (
    Actions,
    Bool,
    ChoiceRows,
    Condition,
    ContinuousHead,
    Describes,
    DiscreteHead,
    Feature,
    Float32,
    Float64,
    Group,
    Metric,
    Spec,
    StateBlock,
)

DEVICES, GATEWAYS = ("d0", "d1", "d2"), ("g0", "g1")
LANES = ("left", "right")


def two_kinds_spec(ticks: int = 20, *, observer: bool = False) -> Spec:
    devices = Group(
        "devices",
        DEVICES,
        (
            Feature("index", "1", 0, 2),
            *(
                Feature(f"load_{lane}", "1", 0, 3, describes=Describes(0, k, "load"))
                for k, lane in enumerate(LANES)
            ),
        ),
        (DiscreteHead("lane", LANES),),
    )
    gateways = Group(
        "gateways",
        GATEWAYS,
        (Feature("index", "1", 0, 1), Feature("angle", "1", 0, 1)),
        (DiscreteHead("listen", (*LANES, "off"), default_choice=2),),
        (ContinuousHead("tilt", "deg", 0, 90, default_value=45, active_if=Condition(0, (0, 1))),),
    )
    sensors = Group("sensors", ("s0",), (Feature("noise", "1", 0, 1),))
    return Spec(
        scenario="two kinds",
        tick_ns=1_000_000,
        ticks=ticks,
        groups=(devices, gateways, sensors) if observer else (devices, gateways),
        state=(
            StateBlock("device_state", DEVICES, (Feature("index", "1", 0, 2),), agents_of=0),
            StateBlock("gateway_state", GATEWAYS, (Feature("angle", "1", 0, 1),), agents_of=1),
            StateBlock(
                "lanes",
                LANES,
                (Feature("load", "1", 0, 3),),
                choices_of=(ChoiceRows(0, 0, (0, 1)), ChoiceRows(1, 0, (0, 1))),
            ),
        ),
        metrics=(Metric("score", "1", "mean score of the devices that were asked"),),
        hash="two-kinds",
    )


@dataclass
class _World:
    """One episode."""

    rng: np.random.Generator
    groups: int
    leaving: bool
    tick: int = 0
    scores: list[float] = field(default_factory=list)
    load: Float64 = field(default_factory=lambda: np.zeros(2))

    def __post_init__(self) -> None:
        self.draw()

    def draw(self) -> None:
        self.angle = self.rng.random(2, dtype=np.float32)
        self.noise = self.rng.random(1, dtype=np.float32)
        self.here = np.ones(3, bool)
        if self.leaving:
            self.here[2] = 5 <= self.tick < 15
        self.asked = (self.rng.random(3) < 0.8) & self.here

    @property
    def observations(self) -> tuple[Float32, ...]:
        load = np.tile(self.load, (3, 1))
        devices = np.column_stack([np.arange(3), load]) * self.here[:, None]
        gateways = np.column_stack([np.arange(2), self.angle])
        shown = devices.astype(np.float32), gateways.astype(np.float32), self.noise[:, None]
        return shown[: self.groups]

    @property
    def present(self) -> tuple[Bool, ...]:
        return (self.here, np.ones(2, bool), np.ones(1, bool))[: self.groups]

    @property
    def active(self) -> tuple[Bool, ...]:
        return (self.asked, np.ones(2, bool), np.zeros(1, bool))[: self.groups]

    @property
    def masks(self) -> tuple[Bool, ...]:
        return (np.ones((3, 2), bool), np.ones((2, 3), bool), np.ones((1, 0), bool))[: self.groups]

    @property
    def state(self) -> tuple[Float32, ...]:
        index = np.arange(3, dtype=np.float32)[:, None]
        return index, self.angle[:, None], self.load[:, None].astype(np.float32)

    @property
    def metrics(self) -> Float64:
        return np.array([np.mean(self.scores) if self.scores else np.nan])

    def play(self, actions: Sequence[Actions]) -> list[float]:
        lane, listen = actions[0].discrete[:, 0], actions[1].discrete[:, 0]
        worth = 1 - np.abs(actions[1].continuous[:, 0] / 90 - self.angle)
        assert (lane[~self.asked] == 0).all(), "not the default action"
        self.load = np.array([float((lane[self.asked] == k).sum()) for k in range(2)])
        score = np.zeros(3)
        for k in range(2):
            listeners = np.flatnonzero(listen == k)
            if len(listeners) == 1 and self.load[k] <= 2:
                score[lane == k] = worth[listeners[0]]
        reward = float(score[self.asked].mean()) if self.asked.any() else 1.0
        self.scores.append(reward)
        self.tick += 1
        self.draw()
        return [reward] * self.groups


@dataclass
class TwoKindsGame:
    spec: Spec
    leaving: bool = False

    def begin(self, rng: np.random.Generator) -> _World:
        return _World(rng, len(self.spec.groups), self.leaving)


class TwoKindsPool(TeamPool):
    """The game in ``num_envs`` copies; arguments as in ``ns3marl.env.pool.Pool``."""

    def __init__(
        self,
        *,
        num_envs: int = 8,
        seed: int = 1,
        first_run: int = 1,
        ticks: int = 20,
        observer: bool = False,
        leaving: bool = False,
    ) -> None:
        super().__init__(
            TwoKindsGame(two_kinds_spec(ticks, observer=observer), leaving),
            num_envs=num_envs,
            seed=seed,
            first_run=first_run,
            resumable=True,
        )


def two_kinds_environments(config: Config, seed: int, num_envs: int, first_run: int) -> TwoKindsPool:
    """Opens environments as ``train`` and ``evaluate`` ask for them; processes of an experiment import it."""
    del config
    return TwoKindsPool(num_envs=num_envs, seed=seed, first_run=first_run, ticks=10)


def learn(team: Team, pool: TwoKindsPool, ticks: int) -> list[dict[str, float]]:
    """Plays and learns for a number of ticks, summed over environments; the metrics of all updates."""
    batch, rows = pool.reset(), []
    for _ in range(ticks // pool.num_envs):
        batch = pool.step(team.explore(batch, action_generators(batch)))
        if (metrics := team.learn(batch)) is not None:
            rows.append(metrics)
    return rows


def two_kinds_reward(team: Team, ticks: int = 50) -> float:
    """Reward per tick of greedy learners that no longer learn, on episodes that were not trained on."""
    pool, team.greedy = TwoKindsPool(seed=777), True
    batch, rewards = pool.reset(), []
    for _ in range(ticks):
        batch = pool.step(team.act(batch, action_generators(batch)))
        rewards.append(batch.groups[1].rewards.mean())
    return float(np.mean(rewards))
