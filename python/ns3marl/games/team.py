# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Cooperative games in process, behind the interface of the pool of simulators.

A learner that trains on ``ns3marl.env.pool.Pool`` trains on ``TeamPool`` unchanged. All agents get the team's reward.
Axes as in ``ns3marl.types``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

import numpy as np

from ns3marl.errors import ConfigError, OutOfStep, SpecViolation
from ns3marl.types import (
    Actions,
    Batch,
    Bool,
    Final,
    Float32,
    Float64,
    GroupArrays,
    Hello,
    Int32,
    Spec,
)


class World(Protocol):
    """One episode of a game; what it shows may change with every ``play``."""

    @property
    def observations(self) -> Float32:
        """[A,F]."""
        ...

    @property
    def decides(self) -> Bool:
        """Who is asked to act, [A]."""
        ...

    @property
    def masks(self) -> Bool:
        """Allowed choices, discrete head after discrete head, [A,sum n]."""
        ...

    @property
    def state(self) -> tuple[Float32, ...]:
        """Per state block [S,F]."""
        ...

    @property
    def metrics(self) -> Float64:
        """Of the episode so far, [M]."""
        ...

    def play(self, discrete: Int32, continuous: Float32) -> float:
        """One tick: the team's reward for a joint action, [A,D] and [A,R]."""
        ...


class Game(Protocol):
    """A cooperative game with one group of agents."""

    @property
    def spec(self) -> Spec:
        """What its worlds show and take."""
        ...

    def begin(self, rng: np.random.Generator) -> World:
        """A new episode, all of whose randomness comes from ``rng``."""
        ...


@dataclass(slots=True)
class Timing:
    """As ``ns3marl.env.pool.Timing``; games take no time worth accounting."""

    ticks: int = 0
    simulator_s: float = 0.0
    wire_s: float = 0.0


class TeamPool:
    """A game in E copies, with the interface of ``ns3marl.env.pool.Pool``.

    Args:
        game: What is played.
        num_envs: E.
        seed: Of all randomness in the game, 0 or above.
        first_run: Number of the first episode. Episode j of environment e is number ``first_run + j * num_envs + e``.

    Raises:
        ConfigError: An argument is out of range.
    """

    def __init__(self, game: Game, *, num_envs: int = 8, seed: int = 0, first_run: int = 1) -> None:
        for name, value, low in (("num_envs", num_envs, 1), ("seed", seed, 0), ("first_run", first_run, 0)):
            if value < low:
                raise ConfigError(f"TeamPool: {name} is {value}, expected {low} or above")
        self.game, self.spec = game, game.spec
        self.hello = Hello(game.spec.scenario, "none", "none", 0, 1, 0)
        self.num_envs, self.seed = num_envs, seed
        self.timing = Timing()
        self._first_runs = first_run + np.arange(num_envs)
        self._next_run = self._first_runs.copy()
        self._worlds: list[World] = []
        self._runs = np.zeros(num_envs, dtype=np.int64)
        self._ticks = np.zeros(num_envs, dtype=np.int64)

    def reset(self) -> Batch:
        """Begins new episodes everywhere."""
        self._worlds = []
        self._worlds = [self._begin(env) for env in range(self.num_envs)]
        metrics = np.stack([world.metrics for world in self._worlds])
        return self._batch(np.zeros(self.num_envs), metrics, [None] * self.num_envs)

    def resume(self, episodes: Sequence[int], actions: Sequence[Sequence[Sequence[Actions]]]) -> Batch:
        """Plays recorded actions again; arguments as of ``ns3marl.env.pool.Pool.resume``."""
        self._next_run = self._first_runs + self.num_envs * np.array(episodes)
        self.reset()
        for env, rows in enumerate(actions):
            for (joint,) in rows:
                self._worlds[env].play(joint.discrete, joint.continuous)
            self._ticks[env] = len(rows)
        metrics = np.stack([world.metrics for world in self._worlds])
        return self._batch(np.zeros(self.num_envs), metrics, [None] * self.num_envs)

    def step(self, actions: Sequence[Actions]) -> Batch:
        """One tick of all environments.

        Raises:
            OutOfStep: ``reset`` was not called.
            SpecViolation: An action has another shape, is out of bounds or masked.
        """
        if not self._worlds:
            raise OutOfStep("actions came, but no observation waits for any; call reset() first")
        joint = self._checked(actions)
        rewards, metrics = np.zeros(self.num_envs), []
        finals: list[Final | None] = [None] * self.num_envs
        for env, world in enumerate(self._worlds):
            rewards[env] = world.play(joint.discrete[env], joint.continuous[env])
            metrics.append(world.metrics)
            self._ticks[env] += 1
            if self._ticks[env] == self.spec.ticks:
                finals[env] = Final(
                    self.spec.ticks,
                    self.spec.ticks * self.spec.tick_ns,
                    terminated=False,
                    truncated=True,
                    observations=(world.observations,),
                    state=world.state,
                    metrics=metrics[env],
                    seed=self.seed,
                    run=int(self._runs[env]),
                )
                self._worlds[env] = self._begin(env)
        self.timing.ticks += self.num_envs
        return self._batch(rewards, np.stack(metrics), finals)

    def close(self) -> None:
        """Ends all episodes."""
        self._worlds = []

    def __enter__(self) -> TeamPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self, env: int) -> World:
        self._runs[env] = run = self._next_run[env]
        self._next_run[env] += self.num_envs
        self._ticks[env] = 0
        return self.game.begin(np.random.default_rng((self.seed, int(run))))

    def _checked(self, actions: Sequence[Actions]) -> Actions:
        group, name = self.spec.groups[0], self.spec.scenario
        lead = (self.num_envs, len(group.agents))
        expected = ((*lead, len(group.discrete_heads)), (*lead, len(group.continuous_heads)))
        got = tuple((joint.discrete.shape, joint.continuous.shape) for joint in actions)
        if got != (expected,):
            raise SpecViolation(f"game {name!r}: the actions have shapes {got}, expected {(expected,)}")
        (joint,) = actions
        masks = np.stack([world.masks for world in self._worlds])
        decides = np.stack([world.decides for world in self._worlds])
        for d, head in enumerate(group.discrete_heads):
            choice, start = joint.discrete[..., d], group.mask_offsets[d]
            inside = (choice >= 0) & (choice < len(head.choices))
            allowed = np.take_along_axis(masks, (start + choice.clip(0, len(head.choices) - 1))[..., None], 2)
            if not (inside & (allowed[..., 0] | ~decides)).all():
                raise SpecViolation(
                    f"game {name!r}: head {head.name!r} got a choice that is masked or not one of its "
                    f"{len(head.choices)} choices"
                )
        for r, real in enumerate(group.continuous_heads):
            value = joint.continuous[..., r]
            if not ((value >= real.low) & (value <= real.high)).all():  # NaN is refused too
                raise SpecViolation(
                    f"game {name!r}: head {real.name!r} got {value.min()} to {value.max()}, expected {real.low} to "
                    f"{real.high} {real.unit}"
                )
        return joint

    def _batch(self, rewards: Float64, metrics: Float64, finals: list[Final | None]) -> Batch:
        worlds, agents = self._worlds, len(self.spec.groups[0].agents)
        group = GroupArrays(
            np.stack([world.observations for world in worlds]),
            np.repeat(rewards[:, None], agents, axis=1).astype(np.float32),
            np.stack([world.decides for world in worlds]),
            np.stack([world.masks for world in worlds]),
        )
        return Batch(
            env_id=np.arange(self.num_envs),
            tick=self._ticks.copy(),
            sim_time_ns=self._ticks * self.spec.tick_ns,
            groups=(group,),
            state=tuple(np.stack(blocks) for blocks in zip(*(world.state for world in worlds), strict=True)),
            metrics=metrics,
            terminated=np.zeros(self.num_envs, bool),
            truncated=np.array([final is not None for final in finals]),
            final=finals,
        )
