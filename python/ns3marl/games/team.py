# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Cooperative games in process, behind the interface of the pool of simulators.

A learner that trains on ``ns3marl.env.pool.Pool`` trains on ``TeamPool`` unchanged. All agents get the team's reward.
Axes as in ``ns3marl.types``.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

import numpy as np

from ns3marl.checks import check_episodes, checked_actions
from ns3marl.errors import OutOfStep
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
    Timing,
)


class World(Protocol):
    """One episode of a game; what it shows may change with every ``play``."""

    @property
    def observations(self) -> Float32:
        """[A,F]."""
        ...

    @property
    def active(self) -> Bool:
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
        check_episodes("TeamPool", num_envs=num_envs, seed=seed, first_run=first_run)
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
        masks = np.stack([world.masks for world in self._worlds])
        active = np.stack([world.active for world in self._worlds])
        return checked_actions(f"game {self.spec.scenario!r}", self.spec.groups[0], actions, masks, active)

    def _batch(self, rewards: Float64, metrics: Float64, finals: list[Final | None]) -> Batch:
        worlds, agents = self._worlds, len(self.spec.groups[0].agents)
        group = GroupArrays(
            np.stack([world.observations for world in worlds]),
            np.repeat(rewards[:, None], agents, axis=1).astype(np.float32),
            np.ones((len(worlds), agents), np.bool_),
            np.stack([world.active for world in worlds]),
            np.stack([world.masks for world in worlds]),
        )
        return Batch(
            env_id=np.arange(self.num_envs),
            seed=np.full(self.num_envs, self.seed),
            run=self._runs.copy(),
            tick=self._ticks.copy(),
            sim_time_ns=self._ticks * self.spec.tick_ns,
            groups=(group,),
            state=tuple(np.stack(blocks) for blocks in zip(*(world.state for world in worlds), strict=True)),
            metrics=metrics,
            terminated=np.zeros(self.num_envs, bool),
            truncated=np.array([final is not None for final in finals]),
            final=finals,
        )
