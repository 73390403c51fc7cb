# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Any scenario as a single-agent Gymnasium environment: one central controller acts for all agents."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces as gymnasium_spaces
from gymnasium.utils import EzPickle

from ns3marl.env import rendering, spaces
from ns3marl.env.actions import joint_actions
from ns3marl.env.pool import Pool
from ns3marl.env.seeds import rng_seed
from ns3marl.errors import SpecViolation
from ns3marl.rl.rewards import team_reward
from ns3marl.types import Actions, Batch, Float32, Group, GroupArrays


class Ns3Env(gymnasium.Env[Any, dict[str, Any]], EzPickle):
    """One simulator at a time; the controller sees the observations of all agents and acts for every agent.

    With one group of agents, the observation is a ``Box`` [A,F], and the action a ``Dict`` by head: ``MultiDiscrete`` [A] choices
    and ``Box`` [A] levels from -1 (the head's low) to 1 (its high). ``info`` holds ``action_mask`` (by head, [A,n]), ``active``
    [A] (agents that are asked to act; actions of others are ignored), ``present`` [A] (agents that take part; observations of
    others have no meaning) and ``metrics``. With several groups, observation, action, ``action_mask``, ``active`` and ``present``
    are dictionaries of these by group name.

    The reward is the mean over the agents that were present when the action was taken (``ns3marl.rl.rewards.team_reward``).

    A copy, by ``copy`` or ``pickle``, is a new environment with the same arguments; call its ``reset`` first.

    Args:
        scenario: name of a built scenario, or the path of its executable.
        arguments: the scenario's arguments, such as ``"--devices=10"``.
        seed: of the episodes until ``reset`` gets another one, see ``seeds.rng_seed``; None: a different one in every environment.
        masked_choices: "remap" replaces a masked choice by an allowed one; "refuse" raises SpecViolation.
        render_mode: "rgb_array": ``render()`` gives a picture [H,W,3]; "human": every step is shown in a window; None: nothing is drawn.
        pool_options: further options of ``Pool``.

    Raises:
        LaunchError, ConfigError: as ``Pool`` does.
    """

    metadata: dict[str, Any] = rendering.METADATA

    def __init__(
        self,
        scenario: str | Path,
        arguments: Sequence[str] = (),
        *,
        seed: int | None = None,
        masked_choices: str = "remap",
        render_mode: str | None = None,
        **pool_options: Any,
    ) -> None:
        EzPickle.__init__(
            self,
            scenario,
            arguments,
            seed=seed,
            masked_choices=masked_choices,
            render_mode=render_mode,
            **pool_options,
        )
        spaces.check_masked_choices(masked_choices)
        rendering.check_mode(render_mode)
        self.render_mode = render_mode
        self._remap = masked_choices == "remap"
        self._pool = Pool(scenario, arguments=arguments, seed=rng_seed(seed), **pool_options)
        self.spec_of_scenario = self._pool.spec
        self.groups = self._pool.spec.groups
        self.observation_space = spaces.by_group(
            self.groups, [spaces.observation_space(group, len(group.agents)) for group in self.groups]
        )
        self.action_space = spaces.by_group(self.groups, [_action_space(group) for group in self.groups])
        self._batch: Batch | None = None
        self._ended = True
        self._display = rendering.Display(render_mode, self._pool.spec, scenario)

    def reset(
        self,
        *,
        seed: int | None = None,
        options: dict[str, Any] | None = None,  # noqa: ARG002 - the API's
    ) -> tuple[Any, dict[str, Any]]:
        """Begins the next episode, or the first one of ``seed``."""
        given = None if seed is None else rng_seed(seed)
        super().reset(seed=None if seed is None else operator.index(seed))
        if seed is not None or self._batch is None or not self._ended:
            self._batch = self._pool.reset(given)
        self._ended = False
        self._display.reset(self._batch)
        observations = [group.observations[0] for group in self._batch.groups]
        return self._seen(observations), self._info(self._batch, {})

    def step(self, action: dict[str, Any]) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One tick. When the episode ends, the observation is its last one.

        Raises:
            SpecViolation: no episode is running, or the action has a wrong form or is out of range; it was not sent to the
                simulator then.
        """
        if self._batch is None or self._ended:
            raise SpecViolation("step() came before reset(), or after the end of the episode; call reset()")
        of_groups = [action] if len(self.groups) == 1 else self._by_group(action)
        joint = [
            self._actions(group, of_group, arrays)
            for group, of_group, arrays in zip(self.groups, of_groups, self._batch.groups, strict=True)
        ]
        present = [group.present for group in self._batch.groups]
        self._batch = batch = self._pool.step(joint)
        self._display.step(batch, joint)
        final = batch.final[0]
        self._ended = final is not None
        groups = [group[0] for group in batch.groups] if final is None else final.groups
        return (
            self._seen([group.observations for group in groups]),
            float(team_reward([group.rewards for group in batch.groups], present)[0]),
            bool(batch.terminated[0]),
            bool(batch.truncated[0]),
            self._info(batch, spaces.metrics(self._pool.spec, batch)),
        )

    def render(self) -> Any:
        """The picture of the last tick, [H,W,3], in mode "rgb_array"; None otherwise.

        Raises:
            SpecViolation: No episode has begun.
        """
        return self._display.render()

    def close(self) -> None:
        """Ends the simulator, and closes the window."""
        self._display.close()
        self._pool.close()

    def _by_group(self, action: Any) -> list[Any]:
        names = [group.name for group in self.groups]
        if not isinstance(action, Mapping):
            raise SpecViolation(
                f"step(): the action {action!r} is no dictionary by group; expected an element of {self.action_space}"
            )
        for missing in [name for name in names if name not in action]:
            raise SpecViolation(f"step(): the action lacks group {missing!r}; expected {', '.join(names)}")
        for unknown in [name for name in action if name not in names]:
            raise SpecViolation(f"step(): the action has group {unknown!r}; expected {', '.join(names)}")
        return [action[name] for name in names]

    def _actions(self, group: Group, action: Any, arrays: GroupArrays) -> Actions:
        if not isinstance(action, Mapping):
            raise SpecViolation(
                f"step(): the action {action!r} of group {group.name!r} is no dictionary by head; expected an element of "
                f"{self.action_space}, or wrap the environment (ns3marl.env.wrappers)"
            )
        return joint_actions(group, action, np.arange(len(group.agents)), arrays, remap=self._remap)

    def _seen(self, observations: Sequence[Float32]) -> Any:
        rows = [spaces.bounded(group, of) for group, of in zip(self.groups, observations, strict=True)]
        return spaces.by_group(self.groups, rows)

    def _info(self, batch: Batch, metrics: dict[str, float]) -> dict[str, Any]:
        masks = [
            spaces.action_mask(group, arrays.masks[0])
            for group, arrays in zip(self.groups, batch.groups, strict=True)
        ]
        return {
            "action_mask": spaces.by_group(self.groups, masks),
            "active": spaces.by_group(self.groups, [arrays.active[0].copy() for arrays in batch.groups]),
            "present": spaces.by_group(self.groups, [arrays.present[0].copy() for arrays in batch.groups]),
            "metrics": metrics,
        }


def _action_space(group: Group) -> gymnasium_spaces.Dict:
    """The actions of all agents of a group, by head."""
    agents = len(group.agents)
    heads: dict[str, gymnasium_spaces.Space[Any]] = {
        h.name: spaces.MaskableMultiDiscrete([len(h.choices)] * agents) for h in group.discrete_heads
    }
    heads |= {h.name: gymnasium_spaces.Box(-1.0, 1.0, (agents,), np.float32) for h in group.continuous_heads}
    return gymnasium_spaces.Dict(heads)
