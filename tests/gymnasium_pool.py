# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A Gymnasium environment in copies, behind the same contract as the pool of simulators.

One agent, whose observation is also the only state block. Learners of this project train on well-known tasks with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import gymnasium
import numpy as np

from ns3marl.episodes import Episodes
from ns3marl.errors import OutOfStep
from ns3marl.types import (
    Actions,
    Batch,
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
    Timing,
)

AGENTS = ("player",)

#: Half ranges of CartPole-v1's features that matter for balancing; its own bounds of the velocities are infinite.
CARTPOLE = (2.4, 3.0, 0.21, 3.5)


def gymnasium_spec(env: gymnasium.Env[Any, Any], name: str, limits: Sequence[float]) -> Spec:
    """One agent with the spaces of ``env``; feature i lies within ±limits[i] and saturates there."""
    assert isinstance(env.observation_space, gymnasium.spaces.Box)
    assert env.observation_space.shape == (len(limits),)
    features = tuple(Feature(f"x{i}", "1", -limit, limit, saturating=True) for i, limit in enumerate(limits))
    discrete: tuple[DiscreteHead, ...] = ()
    continuous: tuple[ContinuousHead, ...] = ()
    if isinstance(env.action_space, gymnasium.spaces.Discrete):
        discrete = (DiscreteHead("action", tuple(f"c{i}" for i in range(int(env.action_space.n)))),)
    else:
        assert isinstance(env.action_space, gymnasium.spaces.Box)
        bounds = zip(env.action_space.low, env.action_space.high, strict=True)
        continuous = tuple(
            ContinuousHead(f"u{i}", "1", float(low), float(high)) for i, (low, high) in enumerate(bounds)
        )
    assert env.spec is not None
    assert env.spec.max_episode_steps is not None
    return Spec(
        scenario=name,
        tick_ns=1_000_000,
        ticks=env.spec.max_episode_steps,
        groups=(Group("players", AGENTS, features, discrete, continuous),),
        state=(StateBlock("observation", AGENTS, features, agents_of=0),),
        metrics=(Metric("return", "1", "sum of rewards of the episode so far"),),
        hash="gymnasium",
    )


class GymnasiumPool:
    """An environment of Gymnasium in E copies, with the interface of ``ns3marl.env.pool.Pool``.

    Args:
        name: Registered name, such as ``CartPole-v1``.
        limits: See ``gymnasium_spec``.
        num_envs: E.
        seed: Of all randomness in the environments, 1 or above.
        first_run: Run of the first episode. Episode j of environment e has the run ``first_run + j * num_envs + e``.
    """

    def __init__(
        self, name: str, limits: Sequence[float], *, num_envs: int = 8, seed: int = 1, first_run: int = 1
    ) -> None:
        self._envs = [gymnasium.make(name, disable_env_checker=True) for _ in range(num_envs)]
        self.spec = gymnasium_spec(self._envs[0], name, limits)
        self.hello = Hello(name, "none", "none", 0, 1, 0)
        self.num_envs = num_envs
        self.episodes = Episodes(name, num_envs=num_envs, seed=seed, first_run=first_run, resumable=True)
        self.timing = Timing()
        self._returns = np.zeros((num_envs, 1))
        self._seen: list[Float32] = []

    def reset(self) -> Batch:
        self.episodes.begin_all()
        return self._at_beginnings()

    def _at_beginnings(self) -> Batch:
        self._seen = [self._begin(e) for e in range(self.num_envs)]
        nothing = np.zeros(self.num_envs, bool)
        return self._batch(
            np.zeros(self.num_envs), self._returns.copy(), nothing, nothing, [None] * self.num_envs
        )

    def state_dict(self) -> dict[str, Any]:
        return self.episodes.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> Batch:
        self.episodes.load_state_dict(state)
        batch = self._at_beginnings()
        for e in range(self.num_envs):
            for (joint,) in self.episodes.recorded(e):
                self._play(e, joint.discrete[0], joint.continuous[0])
        nothing = np.zeros(self.num_envs, bool)
        return self._batch(np.zeros(self.num_envs), self._returns.copy(), nothing, nothing, batch.final)

    def step(self, actions: Sequence[Actions]) -> Batch:
        if not self._seen:
            raise OutOfStep("actions came, but no observation waits for any; call reset() first")
        (joint,) = actions
        rewards = np.zeros(self.num_envs)
        terminated, truncated = np.zeros((2, self.num_envs), bool)
        finals: list[Final | None] = [None] * self.num_envs
        for e in range(self.num_envs):
            rewards[e], terminated[e], truncated[e] = self._play(
                e, joint.discrete[e, 0], joint.continuous[e, 0]
            )
        self.episodes.play(actions)
        returns = self._returns.copy()
        for e in np.flatnonzero(terminated | truncated).tolist():
            last = self._group(self._seen[e][None, None], rewards[e, None])
            finals[e] = Final(
                tick=int(self.episodes.tick[e]),
                sim_time_ns=int(self.episodes.tick[e]) * self.spec.tick_ns,
                terminated=bool(terminated[e]),
                truncated=bool(truncated[e]),
                groups=(last[0],),
                state=(last.observations[0],),
                metrics=returns[e],
                seed=self.episodes.seed,
                run=int(self.episodes.run[e]),
            )
            self.episodes.begin(e)
            self._seen[e] = self._begin(e)
        self.timing.ticks += self.num_envs
        return self._batch(rewards, returns, terminated, truncated, finals)

    def close(self) -> None:
        for env in self._envs:
            env.close()
        self._seen = []

    def __enter__(self) -> GymnasiumPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self, e: int) -> Float32:
        self._returns[e] = 0.0
        key = self.episodes.seed, int(self.episodes.run[e])
        seed = int(np.random.SeedSequence(key).generate_state(1)[0])
        observation, _ = self._envs[e].reset(seed=seed)
        return self._clip(observation)

    def _play(self, e: int, discrete: np.ndarray, continuous: np.ndarray) -> tuple[float, bool, bool]:
        action = int(discrete[0]) if len(discrete) else continuous
        observation, reward, terminated, truncated, _ = self._envs[e].step(action)
        self._seen[e] = self._clip(observation)
        self._returns[e] += float(reward)
        return float(reward), terminated, truncated and not terminated

    def _clip(self, observation: np.ndarray) -> Float32:
        return observation.astype(np.float32).clip(*self.spec.groups[0].bounds)

    def _group(self, seen: np.ndarray, rewards: np.ndarray) -> GroupArrays:
        """The one agent of B environments, always asked, all choices allowed."""
        alone = np.ones((len(rewards), 1), bool)
        masks = np.ones((len(rewards), 1, self.spec.groups[0].mask_offsets[-1]), bool)
        return GroupArrays(seen, rewards[:, None].astype(np.float32), alone, alone.copy(), masks)

    def _batch(
        self,
        rewards: np.ndarray,
        metrics: np.ndarray,
        terminated: np.ndarray,
        truncated: np.ndarray,
        finals: list[Final | None],
    ) -> Batch:
        seen = np.stack(self._seen)[:, None]
        return Batch(
            env_id=np.arange(self.num_envs),
            seed=np.full(self.num_envs, self.episodes.seed),
            run=self.episodes.run.copy(),
            tick=self.episodes.tick.copy(),
            sim_time_ns=self.episodes.tick * self.spec.tick_ns,
            groups=(self._group(seen, rewards),),
            state=(seen.copy(),),
            metrics=metrics,
            terminated=terminated,
            truncated=truncated,
            final=finals,
        )
