# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Views of the environments for libraries that do not support ``Dict`` actions, or support only one agent.

All accept an ``Ns3Env``, a ``SingleAgent`` or an ``Ns3ParallelEnv``, also inside other wrappers. Gymnasium's own
``FlattenObservation(env)`` makes an observation one vector; ``scaled_observations`` scales it to numbers from -1 to 1.

Masks follow the actions: ``info["action_mask"]`` fits the action space of the view, so that ``action_space.sample(info["action_mask"])``
gives an allowed action. It is one array of int8, 1 for each allowed choice: [sum n], one head after the other, or [n] of a ``Discrete``.
Actions without choices (``flat_actions``) have no mask. ``masked_observations`` puts the mask into the observation, where some libraries
expect it.

The infos of views of an ``Ns3ParallelEnv`` contain only numbers and arrays, always under the same keys, as libraries that make tensors
of infos require: ``metrics`` [M] in the order of the spec, 0 if there is nothing to measure yet, and ``measured`` [M], which says whether
there is.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces as gymnasium_spaces
from numpy.typing import NDArray
from pettingzoo.utils import BaseParallelWrapper

from ns3marl.env import rendering
from ns3marl.env.gymnasium import Ns3Env
from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.spaces import MaskableMultiDiscrete, by_group, default_action
from ns3marl.env.views import Flat, Mask, MultiDiscrete, View
from ns3marl.errors import ConfigError, SpecViolation
from ns3marl.types import Bool, Float32, Group

#: Above this number, a ``Discrete`` and its masks are too large for a learner.
_MOST_COMBINATIONS = 65536


class SingleAgent(gymnasium.Env[Float32, dict[str, Any]]):
    """One agent of a parallel environment; the others follow a policy.

    The reward is the agent's own. ``info`` is the agent's info in the parallel environment. The episode begins when the agent is present
    and is terminated when it leaves.

    Args:
        environment: the parallel environment; it is closed together with this one.
        agent: by name; the first one by default.
        others: gives the action of another agent from its name, observation and info; the default action by default.
            Only present agents act.

    Raises:
        ConfigError: the environment has no such agent.
    """

    metadata: dict[str, Any] = rendering.METADATA

    def __init__(
        self,
        environment: Ns3ParallelEnv,
        agent: str | None = None,
        others: Callable[[str, Float32, dict[str, Any]], dict[str, Any]] | None = None,
    ) -> None:
        self.render_mode = environment.render_mode
        self.agent = environment.possible_agents[0] if agent is None else agent
        if self.agent not in environment.possible_agents:
            raise ConfigError(
                f"there is no agent {agent!r}; there are: {', '.join(environment.possible_agents)}"
            )
        self._parallel = environment
        groups = {name: group for group in environment.spec_of_scenario.groups for name in group.agents}
        self.group = groups[self.agent]
        self._defaults = {name: default_action(group) for name, group in groups.items()}
        self._others = others
        self.observation_space = environment.observation_space(self.agent)
        self.action_space = environment.action_space(self.agent)
        self._seen: tuple[dict[str, Float32], dict[str, dict[str, Any]]] = ({}, {})

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32, dict[str, Any]]:
        """Begins the next episode, or the first one of ``seed``, and continues until the agent is present.

        Raises:
            SpecViolation: the episode ended before the agent joined.
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
        actions = {name: self._defaults[name] for name in self._parallel.agents}
        if self._others is not None:
            actions = {
                name: self._others(name, observations[name], infos[name])
                for name in actions
                if name not in own
            }
        actions |= own
        observations, rewards, terminated, truncated, infos = self._parallel.step(actions)
        self._seen = observations, infos
        return rewards, terminated, truncated

    def render(self) -> Any:
        """What the parallel environment shows."""
        return self._parallel.render()

    def close(self) -> None:
        """Ends the simulator."""
        self._parallel.close()


class GymnasiumView(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Base of the views of Gymnasium environments; each view converts actions and results."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """As the environment does."""
        return self._seen(*self.env.reset(seed=seed, options=options))

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """As the environment does."""
        observation, reward, terminated, truncated, info = self.env.step(self._acted(action))
        observation, info = self._seen(observation, info)
        return observation, reward, terminated, truncated, info

    def _acted(self, action: Any) -> Any:
        return action

    def _seen(self, observation: Any, info: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return observation, info


class ParallelView(BaseParallelWrapper):  # type: ignore[misc]
    """The same for PettingZoo's parallel environments, agent by agent."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        agents = environment.possible_agents
        self._observation_spaces: dict[str, gymnasium_spaces.Space[Any]] = {
            agent: environment.observation_space(agent) for agent in agents
        }
        self._action_spaces: dict[str, gymnasium_spaces.Space[Any]] = {
            agent: environment.action_space(agent) for agent in agents
        }

    def observation_space(self, agent: str) -> gymnasium_spaces.Space[Any]:
        """The same object every time."""
        return self._observation_spaces[agent]

    def action_space(self, agent: str) -> gymnasium_spaces.Space[Any]:
        """The same object every time."""
        return self._action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """As the environment does."""
        return self._seen_by_all(*self.env.reset(seed, options))

    def step(self, actions: dict[str, Any]) -> Any:
        """As the environment does."""
        acted = {agent: self._acted(agent, action) for agent, action in actions.items()}
        observations, rewards, terminated, truncated, infos = self.env.step(acted)
        observations, infos = self._seen_by_all(observations, infos)
        return observations, rewards, terminated, truncated, infos

    def _seen_by_all(self, observations: dict[str, Any], infos: dict[str, Any]) -> tuple[Any, Any]:
        seen = {agent: self._seen(agent, row, infos[agent]) for agent, row in observations.items()}
        return {agent: row for agent, (row, _) in seen.items()}, {a: info for a, (_, info) in seen.items()}

    def _acted(self, agent: str, action: Any) -> Any:
        del agent
        return action

    def _seen(self, agent: str, observation: Any, info: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        del agent
        return observation, info


class GymnasiumMasked(GymnasiumView):
    """Stores the mask for ``action_masks``."""

    _mask: Mask | None = None

    def action_masks(self) -> Bool:
        """The current mask, as ``MaskablePPO`` reads it.

        Raises:
            ConfigError: the actions have no masks.
        """
        if self._mask is None:
            raise ConfigError("flat actions have no masks; use multi_discrete_actions")
        return self._mask.astype(np.bool_)

    def _seen(self, observation: Any, info: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        self._mask = self._form(info["action_mask"])
        return observation, _with_mask(info, self._mask)

    def _form(self, mask: Any) -> Mask | None:
        raise NotImplementedError


class GymnasiumActions(GymnasiumMasked):
    """Accepts actions in another form; several groups follow each other."""

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

    def _acted(self, action: Any) -> Any:
        parts = np.split(np.atleast_1d(action), self._ends[:-1])
        by_head = [
            view.to_heads(part, agents)
            for view, part, agents in zip(self._views, parts, self._agents, strict=True)
        ]
        return by_group(self._groups, by_head) if self._joint else _of_one(by_head[0])

    def _form(self, mask: Any) -> Mask | None:
        of_groups = [mask] if len(self._groups) == 1 else [mask[group.name] for group in self._groups]
        masks = [
            view.mask(by_head, agents)
            for view, by_head, agents in zip(self._views, of_groups, self._agents, strict=True)
        ]
        known = [of_group for of_group in masks if of_group is not None]
        return np.concatenate(known) if known else None


class ParallelActions(ParallelView):
    """Accepts every agent's actions in another form; infos are numbers and arrays."""

    def __init__(self, environment: Any, make: Callable[[Group], View]) -> None:
        super().__init__(environment)
        spec = environment.unwrapped.spec_of_scenario
        self._views = {agent: make(group) for group in spec.groups for agent in group.agents}
        self._action_spaces = {agent: view.space(1) for agent, view in self._views.items()}
        self._names = [metric.name for metric in spec.metrics]
        self._metrics: tuple[dict[str, float], dict[str, NDArray[Any]]] = {}, self._as_arrays({})

    def _acted(self, agent: str, action: Any) -> Any:
        return _of_one(self._views[agent].to_heads(action, 1))

    def _seen(self, agent: str, observation: Any, info: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        if info["metrics"] is not self._metrics[0]:  # agents of a tick share them
            self._metrics = info["metrics"], self._as_arrays(info["metrics"])
        mask = self._views[agent].mask(info["action_mask"], 1)
        return observation, _with_mask(info | self._metrics[1], mask)

    def _as_arrays(self, metrics: dict[str, float]) -> dict[str, NDArray[Any]]:
        return {
            "metrics": np.array([metrics.get(name, 0.0) for name in self._names]),
            "measured": np.array([name in metrics for name in self._names], np.bool_),
        }


class GymnasiumDiscrete(GymnasiumMasked):
    """Takes a ``MultiDiscrete`` action as one number."""

    def __init__(self, environment: gymnasium.Env[Any, Any]) -> None:
        super().__init__(environment)
        self._counts = _counts(environment.action_space)
        self.action_space = gymnasium_spaces.Discrete(math.prod(self._counts))

    def _acted(self, action: Any) -> Any:
        return np.array(np.unravel_index(int(action), self._counts))

    def _form(self, mask: Mask) -> Mask:
        return _of_combinations(mask, self._counts)


class ParallelDiscrete(ParallelView):
    """Takes every agent's ``MultiDiscrete`` action as one number."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._counts = {agent: _counts(space) for agent, space in self._action_spaces.items()}
        self._action_spaces = {
            agent: gymnasium_spaces.Discrete(math.prod(counts)) for agent, counts in self._counts.items()
        }

    def _acted(self, agent: str, action: Any) -> Any:
        return np.array(np.unravel_index(int(action), self._counts[agent]))

    def _seen(self, agent: str, observation: Any, info: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return observation, _with_mask(info, _of_combinations(info["action_mask"], self._counts[agent]))


class GymnasiumMaskedObservations(GymnasiumView):
    """Observations with the mask."""

    def __init__(self, environment: gymnasium.Env[Any, Any], name: str) -> None:
        super().__init__(environment)
        self._name = name
        self.observation_space = _masked_space(environment.observation_space, environment.action_space, name)

    def _seen(self, observation: Any, info: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return {self._name: observation, "action_mask": info["action_mask"]}, info


class ParallelMaskedObservations(ParallelView):
    """Observations with the mask."""

    def __init__(self, environment: Any, name: str) -> None:
        super().__init__(environment)
        self._name = name
        self._observation_spaces = {
            agent: _masked_space(space, self._action_spaces[agent], name)
            for agent, space in self._observation_spaces.items()
        }

    def _seen(self, agent: str, observation: Any, info: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        del agent
        return {self._name: observation, "action_mask": info["action_mask"]}, info


class GymnasiumScaled(gymnasium.ObservationWrapper[Any, Any, Any]):
    """Observations from -1, a feature's low, to 1, its high."""

    def __init__(self, environment: gymnasium.Env[Any, Any]) -> None:
        super().__init__(environment)
        self.observation_space = _scaled_space(environment.observation_space)

    def observation(self, observation: Any) -> Any:
        """The scaled observation."""
        return _scaled(self.env.observation_space, observation)


class ParallelScaled(ParallelView):
    """Observations from -1, a feature's low, to 1, its high."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._observation_spaces = {a: _scaled_space(space) for a, space in self._observation_spaces.items()}

    def _seen(self, agent: str, observation: Any, info: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return _scaled(self.env.observation_space(agent), observation), info


def scaled_observations(environment: Any) -> Any:
    """Observations that lie in [-1, 1], each feature from its low to its high."""
    if isinstance(environment, gymnasium.Env):
        return GymnasiumScaled(environment)
    return ParallelScaled(environment)


def flat_actions(environment: Any) -> Any:
    """One ``Box`` from -1 to 1 for all heads, and for all agents if the environment acts for all of them.

    A discrete head's n choices divide [-1, 1] into equal parts. For learners that support only continuous actions (SAC, DDPG).
    """
    return _wrapped(environment, Flat)


def multi_discrete_actions(environment: Any, levels: int = 5) -> Any:
    """One ``MultiDiscrete`` for all heads, and for all agents if the environment acts for all of them.

    Args:
        environment: what to wrap.
        levels: choices that replace a continuous head, evenly spaced from its low to its high; at least 2.

    Raises:
        ConfigError: fewer than 2 levels.
    """
    if levels < 2:
        raise ConfigError(
            f"levels is {levels}, expected 2 or more: the low and the high of a continuous head"
        )
    return _wrapped(environment, lambda group: MultiDiscrete(group, levels))


def discrete_actions(environment: Any, levels: int = 5) -> Any:
    """One ``Discrete`` for all heads: a number for every combination of their choices. For learners that support nothing else.

    Args:
        environment: what to wrap. It should have few heads, because the number of combinations is the product of their choices
            (of all agents, if the environment acts for all of them).
        levels: choices that replace a continuous head, as for ``multi_discrete_actions``.

    Raises:
        ConfigError: fewer than 2 levels, or more than 65536 combinations.
    """
    inner = multi_discrete_actions(environment, levels)
    return GymnasiumDiscrete(inner) if isinstance(environment, gymnasium.Env) else ParallelDiscrete(inner)


def masked_observations(environment: Any, name: str = "observation") -> Any:
    """Observations as a ``Dict`` of the observation and ``action_mask``, as PettingZoo suggests; the outermost view.

    Args:
        environment: a view with ``multi_discrete_actions`` or ``discrete_actions``.
        name: of the observation in the ``Dict``; RLlib's examples call it ``observations``.

    Raises:
        ConfigError: the actions have another form.
    """
    if isinstance(environment, gymnasium.Env):
        return GymnasiumMaskedObservations(environment, name)
    return ParallelMaskedObservations(environment, name)


def _wrapped(environment: Any, make: Callable[[Group], View]) -> Any:
    if isinstance(environment, gymnasium.Env):
        return GymnasiumActions(environment, make)
    return ParallelActions(environment, make)


def _of_one(by_head: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """The action of one agent, as its ``Dict`` space has it."""
    return {name: values[0] if values.dtype.kind in "iu" else values for name, values in by_head.items()}


def _with_mask(info: dict[str, Any], mask: Mask | None) -> dict[str, Any]:
    """The info with that mask, or without one."""
    rest = {name: value for name, value in info.items() if name != "action_mask"}
    return rest if mask is None else rest | {"action_mask": mask}


def _counts(space: gymnasium_spaces.Space[Any]) -> tuple[int, ...]:
    """The numbers of choices of a ``MultiDiscrete`` that may become one ``Discrete``."""
    assert isinstance(space, gymnasium_spaces.MultiDiscrete)
    counts = tuple(space.nvec.tolist())
    if math.prod(counts) > _MOST_COMBINATIONS:
        raise ConfigError(
            f"{space} has {math.prod(counts)} combinations, expected at most {_MOST_COMBINATIONS} for one Discrete; take fewer levels, "
            "an environment of agents that act for themselves, or multi_discrete_actions"
        )
    return counts


def _of_combinations(mask: Mask, counts: tuple[int, ...]) -> Mask:
    """The mask of every combination, from that of every choice [sum n]."""
    parts = np.split(mask, np.cumsum(counts)[:-1])
    return functools.reduce(np.multiply.outer, parts).ravel()


def _masked_space(
    observation: gymnasium_spaces.Space[Any], action: gymnasium_spaces.Space[Any], name: str
) -> gymnasium_spaces.Dict:
    """The space of an observation with the mask of an action."""
    if isinstance(action, gymnasium_spaces.Discrete):
        size = int(action.n)
    elif isinstance(action, gymnasium_spaces.MultiDiscrete):
        size = int(action.nvec.sum())
    else:
        raise ConfigError(
            f"actions are {action}, which no one mask fits; wrap the environment with multi_discrete_actions or discrete_actions first"
        )
    mask = gymnasium_spaces.Box(0, 1, (size,), np.int8)
    return gymnasium_spaces.Dict({name: observation, "action_mask": mask})


def _side_by_side(parts: Sequence[gymnasium_spaces.Space[Any]]) -> gymnasium_spaces.Space[Any]:
    """Spaces of one kind as one vector."""
    if isinstance(parts[0], gymnasium_spaces.MultiDiscrete):
        choices = [part.nvec for part in parts if isinstance(part, gymnasium_spaces.MultiDiscrete)]
        return MaskableMultiDiscrete(np.concatenate(choices))
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
