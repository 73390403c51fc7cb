# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Views of the environments for libraries that know no ``Dict`` actions, or one agent only.

All take an ``Ns3Env``, a ``SingleAgent`` or an ``Ns3ParallelEnv``, also inside other wrappers. Gymnasium's own ``FlattenObservation(env)``
makes one vector of an observation, ``scaled_observations`` numbers from -1 to 1.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import gymnasium
import numpy as np
from gymnasium import spaces as gymnasium_spaces
from numpy.typing import NDArray
from pettingzoo.utils import BaseParallelWrapper

from ns3marl.env.actions import LEVEL_TOLERANCE
from ns3marl.env.gymnasium import Ns3Env
from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.spaces import by_group, default_action
from ns3marl.errors import ConfigError, SpecViolation
from ns3marl.types import Bool, Float32, Group


class View(Protocol):
    """Another form of the action of A agents of a group."""

    def space(self, agents: int) -> gymnasium_spaces.Space[Any]:
        """The space of all their actions, one after the other."""

    def to_heads(self, action: Any, agents: int) -> dict[str, NDArray[Any]]:
        """An element of it by head, [A] each."""

    def masks(self, by_head: dict[str, Any], agents: int) -> Bool:
        """What is allowed, from the masks by head ([A,n] each), in the order of ``space``."""


@dataclass(frozen=True)
class Flat:
    """Numbers in [-1, 1], [A (D + R)]: a discrete head's n choices take an equal part each, a continuous head is as it is."""

    group: Group

    def space(self, agents: int) -> gymnasium_spaces.Box:
        """A ``Box`` [A (D + R)]."""
        heads = len(self.group.discrete_heads) + len(self.group.continuous_heads)
        return gymnasium_spaces.Box(-1.0, 1.0, (agents * heads,), np.float32)

    def to_heads(self, action: Any, agents: int) -> dict[str, NDArray[Any]]:
        """By head, [A] each."""
        values = _rows(self.group, action, agents).astype(np.float32)
        for _, column in np.argwhere(~(np.abs(values) <= 1 + LEVEL_TOLERANCE))[:1]:  # NaN, too
            raise SpecViolation(
                f"step(): head {_names(self.group)[column]!r} got {values[:, column].tolist()}, expected numbers from -1 to 1"
            )
        counts = np.array(self.group.choice_counts)
        discrete = len(counts)
        choices = np.floor((values[:, :discrete] + 1) * 0.5 * counts).clip(0, counts - 1).astype(np.int32)
        return dict(zip(_names(self.group), [*choices.T, *values[:, discrete:].T], strict=True))

    def masks(self, by_head: dict[str, Any], agents: int) -> Bool:
        """Every number is allowed; what is masked is remapped."""
        del by_head, agents
        raise ConfigError("flat actions have no masks; use multi_discrete_actions")


@dataclass(frozen=True)
class MultiDiscrete:
    """Choices, [A (D + R)]: of a continuous head, ``levels`` evenly spaced ones from its low to its high."""

    group: Group
    levels: int

    def _counts(self) -> list[int]:
        return [*self.group.choice_counts, *[self.levels] * len(self.group.continuous_heads)]

    def space(self, agents: int) -> gymnasium_spaces.MultiDiscrete:
        """A ``MultiDiscrete`` [A (D + R)]."""
        return gymnasium_spaces.MultiDiscrete(self._counts() * agents)

    def to_heads(self, action: Any, agents: int) -> dict[str, NDArray[Any]]:
        """By head, [A] each."""
        values = _rows(self.group, action, agents)
        discrete = len(self.group.discrete_heads)
        numbers = (values[:, discrete:] * (2.0 / (self.levels - 1)) - 1).astype(np.float32)
        return dict(zip(_names(self.group), [*values[:, :discrete].T, *numbers.T], strict=True))

    def masks(self, by_head: dict[str, Any], agents: int) -> Bool:
        """[A sum n], as learners with masks (``MaskablePPO``) take them."""
        rows = [np.reshape(by_head[head.name], (agents, -1)) for head in self.group.discrete_heads]
        rows += [np.ones((agents, self.levels))] * len(self.group.continuous_heads)
        return np.concatenate(rows, axis=1).astype(np.bool_).ravel()


class SingleAgent(gymnasium.Env[Float32, dict[str, Any]]):
    """One agent of a parallel environment; the others follow a policy.

    The reward is the agent's own. ``info`` is what the parallel environment gives the agent. The episode is the agent's: it begins
    when the agent is there and is terminated when it leaves.

    Args:
        environment: with the agent; closed with this one.
        agent: by name; the first one by default.
        others: gives the action of another agent from its name, observation and info; the default action by default.
            The agents that are there act.

    Raises:
        ConfigError: there is no such agent.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own declaration

    def __init__(
        self,
        environment: Ns3ParallelEnv,
        agent: str | None = None,
        others: Callable[[str, Float32, dict[str, Any]], dict[str, Any]] | None = None,
    ) -> None:
        self.render_mode = None
        self.agent = environment.possible_agents[0] if agent is None else agent
        if self.agent not in environment.possible_agents:
            raise ConfigError(
                f"there is no agent {agent!r}; there are: {', '.join(environment.possible_agents)}"
            )
        self._parallel = environment
        groups = {name: group for group in environment.spec_of_scenario.groups for name in group.agents}
        self.group = groups[self.agent]
        defaults = {name: default_action(group) for name, group in groups.items()}
        self._others = others or (lambda name, _observation, _info: defaults[name])
        self.observation_space = environment.observation_space(self.agent)
        self.action_space = environment.action_space(self.agent)
        self._seen: tuple[dict[str, Float32], dict[str, dict[str, Any]]] = ({}, {})

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32, dict[str, Any]]:
        """Begins the next episode, or the first one of ``seed``, and lets time go on until the agent is there.

        Raises:
            SpecViolation: the episode ended before the agent came.
        """
        self._seen = self._parallel.reset(seed, options)
        super().reset(seed=None if seed is None else operator.index(seed))
        while self.agent not in self._parallel.agents:
            if not self._parallel.agents:
                raise SpecViolation(
                    f"agent {self.agent!r} was never there in this episode; choose another one"
                )
            self._step({})
        observations, infos = self._seen
        return observations[self.agent], infos[self.agent]

    def step(self, action: dict[str, Any]) -> tuple[Float32, float, bool, bool, dict[str, Any]]:
        """One tick."""
        rewards, terminated, truncated = self._step({self.agent: action})
        observations, infos = self._seen
        mine = self.agent
        return observations[mine], rewards[mine], terminated[mine], truncated[mine], infos[mine]

    def _step(
        self, own: dict[str, dict[str, Any]]
    ) -> tuple[dict[str, float], dict[str, bool], dict[str, bool]]:
        observations, infos = self._seen
        actions = {
            name: own[name] if name in own else self._others(name, observations[name], infos[name])
            for name in self._parallel.agents
        }
        observations, rewards, terminated, truncated, infos = self._parallel.step(actions)
        self._seen = observations, infos
        return rewards, terminated, truncated

    def close(self) -> None:
        """Ends the simulator."""
        self._parallel.close()


class GymnasiumActions(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Takes actions in another form, group after group where there are several; ``info`` passes through."""

    def __init__(self, environment: gymnasium.Env[Any, Any], make: Callable[[Group], View]) -> None:
        super().__init__(environment)
        inner = environment.unwrapped
        if not isinstance(inner, (Ns3Env, SingleAgent)):
            raise ConfigError(f"{inner} is neither Ns3Env nor SingleAgent; wrap one of these")
        self._joint = isinstance(inner, Ns3Env)
        self._groups = inner.groups if isinstance(inner, Ns3Env) else (inner.group,)
        self._agents = [len(group.agents) if self._joint else 1 for group in self._groups]
        self._views = [make(group) for group in self._groups]
        parts = [view.space(agents) for view, agents in zip(self._views, self._agents, strict=True)]
        self._ends = np.cumsum([part.shape[0] for part in parts if part.shape]).tolist()
        self.action_space = parts[0] if len(parts) == 1 else _side_by_side(parts)
        self._masks: dict[str, Any] = {}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """As the environment does."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._masks = info["action_mask"]
        return observation, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """As the environment does."""
        parts = np.split(np.atleast_1d(action), self._ends[:-1])
        by_head = [
            view.to_heads(part, agents)
            for view, part, agents in zip(self._views, parts, self._agents, strict=True)
        ]
        observation, reward, terminated, truncated, info = self.env.step(
            by_group(self._groups, by_head) if self._joint else _of_one(by_head[0])
        )
        self._masks = info["action_mask"]
        return observation, reward, terminated, truncated, info

    def action_masks(self) -> Bool:
        """What is allowed now, [sum of A sum n]; for ``MultiDiscrete``."""
        of_groups = [self._masks] if len(self._groups) == 1 else [self._masks[g.name] for g in self._groups]
        return np.concatenate(
            [
                view.masks(masks, agents)
                for view, masks, agents in zip(self._views, of_groups, self._agents, strict=True)
            ]
        )


class ParallelActions(BaseParallelWrapper):  # type: ignore[misc]
    """Takes every agent's actions in another form."""

    def __init__(self, environment: Any, make: Callable[[Group], View]) -> None:
        super().__init__(environment)
        inner = environment.unwrapped
        self._views = {
            agent: make(group) for group in inner.spec_of_scenario.groups for agent in group.agents
        }
        self._spaces = {agent: view.space(1) for agent, view in self._views.items()}

    def action_space(self, agent: str) -> gymnasium_spaces.Space[Any]:
        """The same object every time."""
        return self._spaces[agent]

    def step(self, actions: dict[str, Any]) -> Any:
        """As the environment does."""
        return self.env.step(
            {agent: _of_one(self._views[agent].to_heads(action, 1)) for agent, action in actions.items()}
        )


class ParallelScaled(BaseParallelWrapper):  # type: ignore[misc]
    """Observations from -1, a feature's low, to 1, its high."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._spaces = {
            agent: _scaled_space(environment.observation_space(agent))
            for agent in environment.possible_agents
        }

    def observation_space(self, agent: str) -> gymnasium_spaces.Space[Any]:
        """The same object every time."""
        return self._spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """As the environment does."""
        observations, infos = self.env.reset(seed, options)
        return self._scaled(observations), infos

    def step(self, actions: dict[str, Any]) -> Any:
        """As the environment does."""
        observations, *rest = self.env.step(actions)
        return self._scaled(observations), *rest

    def _scaled(self, observations: dict[str, Float32]) -> dict[str, Float32]:
        return {agent: _scaled(self.env.observation_space(agent), row) for agent, row in observations.items()}


class GymnasiumScaled(gymnasium.ObservationWrapper[Any, Any, Any]):
    """Observations from -1, a feature's low, to 1, its high."""

    def __init__(self, environment: gymnasium.Env[Any, Any]) -> None:
        super().__init__(environment)
        self.observation_space = _scaled_space(environment.observation_space)

    def observation(self, observation: Any) -> Any:
        """In the other form."""
        return _scaled(self.env.observation_space, observation)


def scaled_observations(environment: Any) -> Any:
    """Observations that lie in [-1, 1], each feature from its low to its high."""
    if isinstance(environment, gymnasium.Env):
        return GymnasiumScaled(environment)
    return ParallelScaled(environment)


def flat_actions(environment: Any) -> Any:
    """One ``Box`` from -1 to 1 for all heads, and for all agents where the environment acts for all.

    A discrete head's n choices take an equal part of [-1, 1] each. For learners with continuous actions only (SAC, DDPG).
    """
    return _wrapped(environment, Flat)


def multi_discrete_actions(environment: Any, levels: int = 5) -> Any:
    """One ``MultiDiscrete`` for all heads, and for all agents where the environment acts for all.

    Args:
        environment: what to wrap.
        levels: choices that stand for a continuous head, evenly spaced from its low to its high; at least 2.

    Raises:
        ConfigError: fewer levels.
    """
    if levels < 2:
        raise ConfigError(
            f"levels is {levels}, expected 2 or more: the low and the high of a continuous head"
        )
    return _wrapped(environment, lambda group: MultiDiscrete(group, levels))


def _wrapped(environment: Any, make: Callable[[Group], View]) -> Any:
    if isinstance(environment, gymnasium.Env):
        return GymnasiumActions(environment, make)
    return ParallelActions(environment, make)


def _names(group: Group) -> list[str]:
    """Of the heads, discrete ones first."""
    return [head.name for head in group.discrete_heads] + [head.name for head in group.continuous_heads]


def _rows(group: Group, action: Any, agents: int) -> NDArray[Any]:
    """A vector of numbers by agent and head, [A,D+R].

    Raises:
        SpecViolation: it is none of that size.
    """
    heads = len(_names(group))
    values = np.asarray(action)
    if values.dtype.kind not in "biuf" or values.size != agents * heads:
        raise SpecViolation(
            f"step(): {values.dtype} {list(values.shape)} came for {agents} agents of group {group.name!r}, expected "
            f"[{agents * heads}]: a number for each agent and each head of {', '.join(_names(group))}"
        )
    return values.reshape(agents, heads)


def _of_one(by_head: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """The action of one agent, as its ``Dict`` space has it."""
    return {name: values[0] if values.dtype.kind in "iu" else values for name, values in by_head.items()}


def _side_by_side(parts: Sequence[gymnasium_spaces.Space[Any]]) -> gymnasium_spaces.Space[Any]:
    """Spaces of one kind as one vector."""
    if isinstance(parts[0], gymnasium_spaces.MultiDiscrete):
        choices = [part.nvec for part in parts if isinstance(part, gymnasium_spaces.MultiDiscrete)]
        return gymnasium_spaces.MultiDiscrete(np.concatenate(choices))
    return gymnasium_spaces.Box(-1.0, 1.0, (sum(part.shape[0] for part in parts if part.shape),), np.float32)


def _scaled_space(space: gymnasium_spaces.Space[Any]) -> gymnasium_spaces.Space[Any]:
    """The space of scaled observations: a ``Box``, or a ``Dict`` of such."""
    if isinstance(space, gymnasium_spaces.Dict):
        return gymnasium_spaces.Dict({name: _scaled_space(part) for name, part in space.items()})
    return gymnasium_spaces.Box(-1.0, 1.0, space.shape, np.float32)


def _scaled(space: gymnasium_spaces.Space[Any], observation: Any) -> Any:
    """An element of ``space`` as one of ``_scaled_space``."""
    if isinstance(space, gymnasium_spaces.Dict):
        return {name: _scaled(part, observation[name]) for name, part in space.items()}
    assert isinstance(space, gymnasium_spaces.Box)
    width = np.where(space.high > space.low, space.high - space.low, 1)  # equal bounds have nothing to tell
    return ((observation - space.low) / width * 2 - 1).clip(-1, 1).astype(np.float32)
