# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Views of the environments for libraries that know no ``Dict`` actions, or one agent only.

``flat_actions`` and ``multi_discrete_actions`` take an ``Ns3Env``, a ``SingleAgent`` or an ``Ns3ParallelEnv``, also inside other wrappers.
For observations Gymnasium's own wrappers do: ``RescaleObservation(env, -1, 1)`` and ``FlattenObservation(env)``; PettingZoo has none, so
``scaled_observations`` does it there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import gymnasium
import numpy as np
from gymnasium import spaces as gymnasium_spaces
from numpy.typing import NDArray
from pettingzoo.utils import BaseParallelWrapper

from ns3marl.env.gymnasium import Ns3Env
from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.spaces import default_action
from ns3marl.errors import ConfigError
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
        values = np.asarray(action, np.float32).reshape(agents, -1)
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
        values = np.asarray(action).reshape(agents, -1)
        discrete = len(self.group.discrete_heads)
        numbers = (values[:, discrete:] * (2.0 / (self.levels - 1)) - 1).astype(np.float32)
        return dict(
            zip(_names(self.group), [*values[:, :discrete].T.astype(np.int32), *numbers.T], strict=True)
        )

    def masks(self, by_head: dict[str, Any], agents: int) -> Bool:
        """[A sum n], as learners with masks (``MaskablePPO``) take them."""
        rows = [np.reshape(by_head[head.name], (agents, -1)) for head in self.group.discrete_heads]
        rows += [np.ones((agents, self.levels))] * len(self.group.continuous_heads)
        return np.concatenate(rows, axis=1).astype(np.bool_).ravel()


class SingleAgent(gymnasium.Env[Float32, dict[str, Any]]):
    """One agent of a parallel environment; the others follow a policy.

    The reward is the agent's own. ``info`` is what the parallel environment gives the agent.

    Args:
        environment: with the agent; closed with this one.
        agent: by name; the first one by default.
        others: gives the action of another agent from its name, observation and info; the default action by default.

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
        """Begins the next episode, or the first one of ``seed``."""
        super().reset(seed=seed)
        self._seen = observations, infos = self._parallel.reset(seed, options)
        return observations[self.agent], infos[self.agent]

    def step(self, action: dict[str, Any]) -> tuple[Float32, float, bool, bool, dict[str, Any]]:
        """One tick."""
        observations, infos = self._seen
        actions = {
            name: action if name == self.agent else self._others(name, observations[name], infos[name])
            for name in self._parallel.agents
        }
        observations, rewards, terminated, truncated, infos = self._parallel.step(actions)
        self._seen = observations, infos
        mine = self.agent
        return observations[mine], rewards[mine], terminated[mine], truncated[mine], infos[mine]

    def close(self) -> None:
        """Ends the simulator."""
        self._parallel.close()


class GymnasiumActions(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Takes actions in another form; ``info`` passes through."""

    def __init__(self, environment: gymnasium.Env[Any, Any], make: Callable[[Group], View]) -> None:
        super().__init__(environment)
        inner = environment.unwrapped
        if not isinstance(inner, (Ns3Env, SingleAgent)):
            raise ConfigError(f"{inner} is neither Ns3Env nor SingleAgent; wrap one of these")
        self._joint = isinstance(inner, Ns3Env)
        self._view = make(inner.group)
        self._agents = len(inner.group.agents) if self._joint else 1
        self.action_space = self._view.space(self._agents)
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
        by_head = self._view.to_heads(action, self._agents)
        observation, reward, terminated, truncated, info = self.env.step(
            by_head if self._joint else _of_one(by_head)
        )
        self._masks = info["action_mask"]
        return observation, reward, terminated, truncated, info

    def action_masks(self) -> Bool:
        """What is allowed now, [A sum n]; for ``MultiDiscrete``."""
        return self._view.masks(self._masks, self._agents)


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
            agent: gymnasium_spaces.Box(-1.0, 1.0, environment.observation_space(agent).shape, np.float32)
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
        scaled = {}
        for agent, row in observations.items():
            space = self.env.observation_space(agent)
            # Bounds of equal ends have nothing to tell.
            width = np.where(space.high > space.low, space.high - space.low, 1)
            scaled[agent] = ((row - space.low) / width * 2 - 1).clip(-1, 1).astype(np.float32)
        return scaled


def scaled_observations(environment: Any) -> Any:
    """An ``Ns3ParallelEnv``, also inside other wrappers, whose observations lie in [-1, 1], each feature from its low to its high."""
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


def _of_one(by_head: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """The action of one agent, as its ``Dict`` space has it."""
    return {name: int(values[0]) if values.dtype == np.int32 else values for name, values in by_head.items()}
