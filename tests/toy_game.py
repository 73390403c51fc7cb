# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A cooperative game with a known optimum, behind the same contract as the pool of simulators.

Four agents. Where an agent feels an urge (+1) it should send, else stay. Senders should use the power that their level
asks for, and spread over two lanes: two to a lane are fine, more spoil each other's success. Agents do not see each
other; what tells them apart is their side. An agent scores 1 at best, and the team's reward is the mean score of the
agents that were asked, so the optimum is a reward of 1 per tick: any one-to-one map from sides to lanes reaches it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np

from ns3marl.types import (
    Actions,
    Batch,
    Condition,
    ContinuousHead,
    DiscreteHead,
    Feature,
    Final,
    Float32,
    Group,
    GroupArrays,
    Hello,
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
            DiscreteHead("lane", ("left", "right"), counts_when=Condition(0, (SEND, 2))),
        ),
        continuous_heads=(
            ContinuousHead(
                "power", "dBm", 0, HIGH_DBM, default_value=10, counts_when=Condition(0, (SEND, 2))
            ),
        ),
    )
    return Spec(
        scenario="toy",
        tick_ns=1_000_000,
        ticks=ticks,
        groups=(group,),
        state=(
            StateBlock("agent_state", AGENTS, (Feature("urge", "1", -1, 1),)),
            StateBlock("world", ("all",), (Feature("tick", "1", 0, ticks),)),
        ),
        metrics=(
            Metric("score", "1", "mean score of the agents that were asked"),
            Metric("sends", "1", "agents that sent, per tick", higher_is_better=False),
        ),
        hash="0123456789abcdef",
    )


@dataclass
class ToyTiming:
    ticks: int = 0
    simulator_s: float = 0.0
    wire_s: float = 0.0


@dataclass
class _World:
    rng: np.random.Generator
    run: int
    tick: int = 0
    observations: Float32 = field(default_factory=lambda: np.zeros((4, 4), np.float32))
    decides: np.ndarray = field(default_factory=lambda: np.ones(4, bool))
    scores: list[float] = field(default_factory=list)
    sends: int = 0

    def draw(self) -> None:
        self.observations = np.stack(
            [
                np.where(self.rng.random(4) < 0.6, 1.0, -1.0),
                np.array([0.0, 1.0, 0.0, 1.0]),
                self.rng.random(4),
                self.rng.normal(size=4).clip(-5, 5),
            ],
            axis=-1,
        ).astype(np.float32)
        self.decides = self.rng.random(4) < 0.8

    def state(self) -> tuple[Float32, ...]:
        return self.observations[:, :1], np.full((1, 1), self.tick, np.float32)

    def play(self, discrete: np.ndarray, power: np.ndarray) -> float:
        urge, level = self.observations[:, 0] > 0, self.observations[:, 2]
        sends = self.decides & (discrete[:, 0] == SEND)
        in_lane = np.array([(sends & (discrete[:, 1] == lane)).sum() for lane in range(2)])
        success = (1 - np.abs(power / HIGH_DBM - level)) * np.where(in_lane[discrete[:, 1]] > 2, 0.0, 1.0)
        score = np.where(urge, np.where(sends, success, 0.0), np.where(sends, 0.0, 1.0))
        reward = float(score[self.decides].mean()) if self.decides.any() else 1.0
        self.scores.append(reward)
        self.sends += int(sends.sum())
        self.tick += 1
        self.draw()
        return reward

    def metrics(self) -> np.ndarray:
        if not self.scores:
            return np.full(2, np.nan)
        return np.array([np.mean(self.scores), self.sends / len(self.scores)])


class ToyPool:
    """The game in ``num_envs`` copies; arguments as in ``ns3marl.env.pool.Pool``."""

    def __init__(self, *, num_envs: int = 8, seed: int = 0, first_run: int = 1, ticks: int = 20) -> None:
        self.spec = toy_spec(ticks)
        self.hello = Hello("toy", "none", "none", 0, 1, 0)
        self.num_envs, self.seed, self.first_run = num_envs, seed, first_run
        self.timing = ToyTiming()
        self._episode = np.full(num_envs, -1)
        self._worlds: list[_World] = []

    def reset(self) -> Batch:
        self._worlds = [self._begin(e) for e in range(self.num_envs)]
        return self._batch(
            np.zeros(self.num_envs), [None] * self.num_envs, [w.metrics() for w in self._worlds]
        )

    def step(self, actions: Sequence[Actions]) -> Batch:
        (joint,) = actions
        assert joint.discrete.shape == (self.num_envs, 4, 2)
        assert joint.discrete.dtype == np.int32
        assert joint.continuous.shape == (self.num_envs, 4, 1)
        assert joint.continuous.dtype == np.float32
        rewards, metrics = np.zeros(self.num_envs), []
        finals: list[Final | None] = []
        for e, world in enumerate(self._worlds):
            assert (joint.discrete[e][world.decides, 0] != 2).all(), "a forbidden choice was taken"
            assert (joint.discrete[e][~world.decides] == 0).all(), "not the default action"
            rewards[e] = world.play(joint.discrete[e], joint.continuous[e, :, 0])
            metrics.append(world.metrics())
            if world.tick < self.spec.ticks:
                finals.append(None)
                continue
            ns = world.tick * self.spec.tick_ns
            finals.append(
                Final(
                    world.tick,
                    ns,
                    False,
                    True,
                    (world.observations,),
                    world.state(),
                    metrics[e],
                    self.seed,
                    world.run,
                )
            )
            self._worlds[e] = self._begin(e)
        self.timing.ticks += self.num_envs
        return self._batch(rewards, finals, metrics)

    def close(self) -> None:
        self._worlds = []

    def __enter__(self) -> ToyPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self, env: int) -> _World:
        self._episode[env] += 1
        run = int(self.first_run + self._episode[env] * self.num_envs + env)
        world = _World(np.random.default_rng((self.seed, run)), run)
        world.draw()
        return world

    def _batch(self, rewards: np.ndarray, finals: list[Final | None], metrics: list[np.ndarray]) -> Batch:
        worlds = self._worlds
        masks = np.broadcast_to(np.array([1, 1, 0, 1, 1], bool), (self.num_envs, 4, 5)).copy()
        group = GroupArrays(
            np.stack([w.observations for w in worlds]),
            np.repeat(rewards[:, None], 4, axis=1).astype(np.float32),
            np.stack([w.decides for w in worlds]),
            masks,
        )
        return Batch(
            env_id=np.arange(self.num_envs),
            tick=np.array([w.tick for w in worlds], dtype=np.int64),
            sim_time_ns=np.array([w.tick * self.spec.tick_ns for w in worlds], dtype=np.int64),
            groups=(group,),
            state=tuple(np.stack(blocks) for blocks in zip(*(w.state() for w in worlds), strict=True)),
            metrics=np.stack(metrics),
            terminated=np.zeros(self.num_envs, bool),
            truncated=np.array([final is not None for final in finals]),
            final=finals,
        )
