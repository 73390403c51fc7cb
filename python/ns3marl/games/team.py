# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Cooperative games in process, behind the interface of the pool of simulators.

A learner that trains on ``ns3marl.env.pool.Pool`` trains on ``TeamPool`` unchanged. All present agents of a group get the same reward.
Axes as in ``ns3marl.types``.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ns3marl.checks import checked_actions
from ns3marl.episodes import Episodes
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
    Spec,
    Timing,
)

_Scalar = TypeVar("_Scalar", np.float32, np.bool_)


class World(Protocol):
    """One episode of a game of G groups; what it shows may change with every ``play``."""

    @property
    def observations(self) -> Sequence[Float32]:
        """Per group [A,F]."""
        ...

    @property
    def present(self) -> Sequence[Bool]:
        """Per group who takes part now, [A]."""
        ...

    @property
    def active(self) -> Sequence[Bool]:
        """Per group who is asked to act, [A]; absent agents are not."""
        ...

    @property
    def masks(self) -> Sequence[Bool]:
        """Per group allowed choices, discrete head after discrete head, [A,sum n]."""
        ...

    @property
    def state(self) -> tuple[Float32, ...]:
        """Per state block [S,F]."""
        ...

    @property
    def metrics(self) -> Float64:
        """Of the episode so far, [M]."""
        ...

    def play(self, actions: Sequence[Actions]) -> Sequence[float]:
        """One tick under a joint action, per group [A,D] and [A,R]: the reward of each group, [G]."""
        ...


class Game(Protocol):
    """A cooperative game."""

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
        seed: Of all randomness in the game, from 1 to 4294944442 as ns-3's RngSeed.
        first_run: Run of the first episode. Episode j of environment e has the run ``first_run + j * num_envs + e``.
        resumable: Record the actions of the running episodes, for ``state_dict``.

    Raises:
        ConfigError: An argument is out of range.
    """

    def __init__(
        self, game: Game, *, num_envs: int = 8, seed: int = 1, first_run: int = 1, resumable: bool = False
    ) -> None:
        self.episodes = Episodes(
            "TeamPool", num_envs=num_envs, seed=seed, first_run=first_run, resumable=resumable
        )
        self.game, self.spec = game, game.spec
        self.hello = Hello(game.spec.scenario, "none", "none", 0, 1, 0)
        self.num_envs = num_envs
        self.timing = Timing()
        self._worlds: list[World] = []

    def reset(self) -> Batch:
        """Begins new episodes everywhere."""
        self.episodes.begin_all()
        self._worlds = [self._begin(env) for env in range(self.num_envs)]
        return self._batch(np.zeros((self.num_envs, len(self.spec.groups))), self._metrics(), self._nothing())

    def step(self, actions: Sequence[Actions]) -> Batch:
        """One tick of all environments.

        Raises:
            OutOfStep: ``reset`` was not called.
            SpecViolation: An action has another shape, is out of bounds or masked.
        """
        if not self._worlds:
            raise OutOfStep("actions came, but no observation waits for any; call reset() first")
        self._check(actions)
        rewards = np.array(
            [world.play([_of(group, env) for group in actions]) for env, world in enumerate(self._worlds)]
        )
        self.episodes.play(actions)
        metrics, finals = self._metrics(), self._nothing()
        for env in np.flatnonzero(self.episodes.tick == self.spec.ticks).tolist():
            finals[env] = self._final(env, rewards[env], metrics[env])
            self.episodes.begin(env)
            self._worlds[env] = self._begin(env)
        self.timing.ticks += self.num_envs
        return self._batch(rewards, metrics, finals)

    def state_dict(self) -> dict[str, Any]:
        """Where the environments stand, see ``ns3marl.episodes.Episodes.state_dict``."""
        return self.episodes.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> Batch:
        """Takes up episodes where another pool of this game left them, see ``ns3marl.env.pool.Pool.load_state_dict``."""
        self.episodes.load_state_dict(state)
        self._worlds = [self._begin(env) for env in range(self.num_envs)]
        rewards = np.zeros((self.num_envs, len(self.spec.groups)))
        for env, world in enumerate(self._worlds):
            for joint in self.episodes.recorded(env):
                rewards[env] = world.play(joint)
        return self._batch(rewards, self._metrics(), self._nothing())

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
        return self.game.begin(np.random.default_rng((self.episodes.seed, int(self.episodes.run[env]))))

    def _check(self, actions: Sequence[Actions]) -> None:
        checked_actions(
            f"game {self.spec.scenario!r}",
            self.spec.groups,
            actions,
            _stacked([world.masks for world in self._worlds]),
            _stacked([world.active for world in self._worlds]),
        )

    def _nothing(self) -> list[Final | None]:
        """No episode has ended."""
        return [None] * self.num_envs

    def _metrics(self) -> Float64:
        return np.stack([world.metrics for world in self._worlds])

    def _final(self, env: int, rewards: Float64, metrics: Float64) -> Final:
        world = self._worlds[env]
        return Final(
            self.spec.ticks,
            self.spec.ticks * self.spec.tick_ns,
            terminated=False,
            truncated=True,
            groups=tuple(group[0] for group in _groups([world], rewards[None])),
            state=world.state,
            metrics=metrics,
            seed=self.episodes.seed,
            run=int(self.episodes.run[env]),
        )

    def _batch(self, rewards: Float64, metrics: Float64, finals: list[Final | None]) -> Batch:
        """A batch of all worlds; ``rewards`` [E,G]."""
        worlds, tick = self._worlds, self.episodes.tick.copy()
        return Batch(
            env_id=np.arange(self.num_envs),
            seed=np.full(self.num_envs, self.episodes.seed),
            run=self.episodes.run.copy(),
            tick=tick,
            sim_time_ns=tick * self.spec.tick_ns,
            groups=_groups(worlds, rewards),
            state=tuple(_stacked([world.state for world in worlds])),
            metrics=metrics,
            terminated=np.zeros(self.num_envs, bool),
            truncated=np.array([final is not None for final in finals]),
            final=finals,
        )


def _groups(worlds: Sequence[World], rewards: Float64) -> tuple[GroupArrays, ...]:
    """What some worlds show; ``rewards`` [E,G] go to every agent of a group that is present."""
    present = _stacked([world.present for world in worlds])
    return tuple(
        GroupArrays(
            observations, (rewards[:, g, None] * present[g]).astype(np.float32), present[g], active, masks
        )
        for g, (observations, active, masks) in enumerate(
            zip(
                _stacked([world.observations for world in worlds]),
                _stacked([world.active for world in worlds]),
                _stacked([world.masks for world in worlds]),
                strict=True,
            )
        )
    )


def _of(joint: Actions, env: int) -> Actions:
    """The joint action of a group in one environment, [A,D] and [A,R]."""
    return Actions(joint.discrete[env], joint.continuous[env])


def _stacked(by_env: Sequence[Sequence[NDArray[_Scalar]]]) -> list[NDArray[_Scalar]]:
    """Arrays by environment and group as arrays [E,...] by group."""
    return [np.stack(arrays) for arrays in zip(*by_env, strict=True)]
