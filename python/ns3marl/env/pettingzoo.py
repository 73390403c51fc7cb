# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Any scenario as a PettingZoo ``ParallelEnv``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces as gymnasium_spaces
from gymnasium.utils import EzPickle
from pettingzoo import ParallelEnv
from pettingzoo.utils import parallel_to_aec

from ns3marl.env import rendering, spaces
from ns3marl.env.actions import joint_actions
from ns3marl.env.pool import Pool
from ns3marl.env.seeds import rng_seed
from ns3marl.errors import SpecViolation
from ns3marl.types import Actions, Batch, Float32, Float64, Group, GroupArrays


class Ns3ParallelEnv(ParallelEnv, EzPickle):  # type: ignore[misc]
    """One simulator at a time, one dictionary entry per agent.

    ``agents`` are the agents of all groups that are present; agents may join and leave during an episode. ``step`` needs
    actions only for these, and returns entries for these and for agents that have joined. An agent that has left is terminated; its
    observation has no meaning. While no agent is present, the simulation continues until one joins or the episode ends.

    Observations are ``Box`` [F], actions ``Dict`` spaces by head (see ``spaces.action_space``). ``infos[agent]`` holds
    ``action_mask`` (by head), ``active`` (whether the agent is asked to act; otherwise its action is ignored), ``present`` and
    ``metrics`` (of the episode so far).

    A copy, by ``copy`` or ``pickle``, is a new environment with the same arguments; call its ``reset`` first.

    Args:
        scenario: name of a built scenario, or the path of its executable.
        arguments: the scenario's arguments, such as ``"--devices=10"``.
        seed: of the episodes until ``reset`` gets another one, see ``seeds.rng_seed``; None: a different one in every environment.
        masked_choices: "remap" replaces a masked choice by an allowed one, for libraries without masks; "refuse"
            raises SpecViolation.
        render_mode: "rgb_array": ``render()`` gives a picture [H,W,3]; "human": every step is shown in a window; None: nothing is drawn.
        pool_options: further options of ``Pool``.

    Raises:
        LaunchError, ConfigError: as ``Pool`` does.
    """

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
        self._remap = masked_choices == "remap"
        self._pool = Pool(scenario, arguments=arguments, seed=rng_seed(seed), **pool_options)
        self.spec_of_scenario = self._pool.spec
        self.metadata = {
            "name": f"ns3marl_{self._pool.spec.scenario.replace('-', '_')}_v0",
            **rendering.METADATA,
            "is_parallelizable": True,
        }
        self.render_mode = render_mode
        self._display = rendering.Display(render_mode, self._pool.spec, scenario)
        self.possible_agents = list(self._pool.spec.agents)
        self.agents: list[str] = []
        self._batch: Batch | None = None  # tick 0 of the next episode, once one has ended
        self._ended = True
        self._state: Float32 | None = None
        self.observation_spaces: dict[str, gymnasium_spaces.Space[Any]] = {}
        self.action_spaces: dict[str, gymnasium_spaces.Space[Any]] = {}
        for group in self._pool.spec.groups:
            for agent in group.agents:
                self.observation_spaces[agent] = spaces.observation_space(group)
                self.action_spaces[agent] = spaces.action_space(group)
        self.state_space = spaces.state_space(self._pool.spec)

    def observation_space(self, agent: str) -> gymnasium_spaces.Space[Any]:
        """The same object every time."""
        self._check_known(agent)
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> gymnasium_spaces.Space[Any]:
        """The same object every time."""
        self._check_known(agent)
        return self.action_spaces[agent]

    def reset(
        self,
        seed: int | None = None,
        options: dict[str, Any] | None = None,  # noqa: ARG002 - the API's
    ) -> tuple[dict[str, Float32], dict[str, dict[str, Any]]]:
        """Begins the next episode, or the first one of ``seed``.

        Raises:
            SpecViolation: the episode ended without any agent.
        """
        if seed is not None or self._batch is None or not self._ended:
            self._batch = self._pool.reset(None if seed is None else rng_seed(seed))
        self._batch, _, over = self._await_agents(self._batch)
        if over:
            raise SpecViolation(
                f"scenario {self._pool.spec.scenario!r}: an episode passed in which no agent was present, so there is nobody to act"
            )
        self._ended = False
        self._display.reset(self._batch)
        self.agents = self._present(self._batch)
        observations = tuple([group.observations[0] for group in self._batch.groups])
        self._state = self._global_state(self._batch, observations)
        return self._by_agent(observations, self.agents), self._infos(self._batch, self.agents, {})

    def step(
        self, actions: dict[str, dict[str, Any]]
    ) -> tuple[
        dict[str, Float32], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]
    ]:
        """One tick. When the episode ends, the observations are its last ones and no agents remain.

        Args:
            actions: of every agent in ``agents``; those of agents that are absent are ignored.

        Raises:
            SpecViolation: no episode is running, or an action is missing, has a wrong form or is out of range; nothing was sent to
                the simulator then.
        """
        if self._batch is None or self._ended:
            raise SpecViolation("step() came before reset(), or after the end of the episode; call reset()")
        before = self.agents
        self._check_agents(actions)
        joint = [
            self._actions(group, actions, arrays)
            for group, arrays in zip(self._pool.spec.groups, self._batch.groups, strict=True)
        ]
        batch = self._pool.step(joint)
        self._display.step(batch, joint)
        rewards, over = _rewards(batch), batch.final[0] is not None
        if not over:
            batch, later, over = self._await_agents(batch)
            rewards += later
        self._batch, self._ended = batch, over
        self.agents = [] if over else self._present(batch)
        told = before if over else [a for a in self.possible_agents if a in {*before, *self.agents}]
        final = batch.final[0]
        groups = [group[0] for group in batch.groups] if final is None else final.groups
        observations = [group.observations for group in groups]
        self._state = self._global_state(batch, observations)
        left = set() if over else {*before} - {*self.agents}
        by_agent = dict(zip(self.possible_agents, rewards.tolist(), strict=True))
        return (
            self._by_agent(observations, told),
            {agent: by_agent[agent] for agent in told},
            {agent: bool(batch.terminated[0]) or agent in left for agent in told},
            dict.fromkeys(told, bool(batch.truncated[0])),
            self._infos(batch, told, spaces.metrics(self._pool.spec, batch)),
        )

    def state(self) -> Float32:
        """The global state, an element of ``state_space``."""
        if self._state is None:
            raise SpecViolation("state() came before reset()")
        state: Float32 = self._state.copy()
        return state

    def close(self) -> None:
        """Ends the simulator, and closes the window."""
        self._display.close()
        self._pool.close()

    def render(self) -> Any:
        """The picture of the last tick, [H,W,3], in mode "rgb_array"; None otherwise.

        Raises:
            SpecViolation: No episode has begun.
        """
        return self._display.render()

    def _check_known(self, agent: str) -> None:
        if agent not in self.observation_spaces:
            raise SpecViolation(
                f"there is no agent {agent!r} in scenario {self._pool.spec.scenario!r}; there are: "
                f"{', '.join(self.possible_agents)}"
            )

    def _check_agents(self, actions: dict[str, dict[str, Any]]) -> None:
        if not isinstance(actions, Mapping):
            raise SpecViolation(f"step(): {actions!r} is no dictionary; expected an action by agent")
        for agent in actions:
            self._check_known(agent)
        for agent in self.agents:
            if agent not in actions:
                raise SpecViolation(f"step(): no action came for agent {agent!r}; every agent needs one")

    def _present(self, batch: Batch) -> list[str]:
        """The agents that take part now."""
        present = np.concatenate([group.present[0] for group in batch.groups]).tolist()
        return [agent for agent, there in zip(self.possible_agents, present, strict=True) if there]

    def _await_agents(self, batch: Batch) -> tuple[Batch, Float64, bool]:
        """Lets time go on until an agent is present or the episode ends.

        Returns:
            The batch, the agents' rewards meanwhile [sum A], and whether the episode has ended.
        """
        rewards, over = np.zeros(len(self.possible_agents)), False
        while not over and not any(group.present[0].any() for group in batch.groups):
            batch = self._pool.step([spaces.default_actions(group) for group in self._pool.spec.groups])
            rewards, over = rewards + _rewards(batch), batch.final[0] is not None
        return batch, rewards, over

    def _actions(self, group: Group, actions: Mapping[str, Any], arrays: GroupArrays) -> Actions:
        asked = np.flatnonzero(arrays.active[0])
        if not asked.size:
            return spaces.default_actions(group)
        given = {name: actions[name] for name in [group.agents[index] for index in asked.tolist()]}
        for name, action in given.items():
            if not isinstance(action, Mapping):
                raise SpecViolation(
                    f"step(): the action {action!r} of agent {name!r} is no dictionary by head; expected an element of "
                    f"{self.action_spaces[name]}, or wrap the environment (ns3marl.env.wrappers)"
                )
        heads = dict.fromkeys([head for action in given.values() for head in action])
        for name, action in given.items():
            for head in heads:
                if head not in action:
                    raise SpecViolation(f"step(): the action of agent {name!r} lacks head {head!r}")
        by_head = {head: [action[head] for action in given.values()] for head in heads}
        return joint_actions(group, by_head, asked, arrays, remap=self._remap)

    def _global_state(self, batch: Batch, observations: Sequence[Float32]) -> Float32:
        """The state that belongs to these observations, the last ones of an episode that has ended."""
        final = batch.final[0]
        state = (
            tuple([block[0] for block in batch.state]) if final is None or not self._ended else final.state
        )
        return spaces.global_state(self._pool.spec, state, observations)

    def _by_agent(self, observations: Sequence[Float32], agents: list[str]) -> dict[str, Float32]:
        rows = {
            agent: row
            for group, of_group in zip(self._pool.spec.groups, observations, strict=True)
            for agent, row in zip(group.agents, spaces.bounded(group, of_group), strict=True)
        }
        return {agent: rows[agent] for agent in agents}

    def _infos(self, batch: Batch, agents: list[str], metrics: dict[str, float]) -> dict[str, dict[str, Any]]:
        infos = {
            agent: {
                "action_mask": spaces.action_mask(group, arrays.masks[0, index]),
                "active": bool(arrays.active[0, index]),
                "present": bool(arrays.present[0, index]),
                "metrics": metrics,
            }
            for group, arrays in zip(self._pool.spec.groups, batch.groups, strict=True)
            for index, agent in enumerate(group.agents)
        }
        return {agent: infos[agent] for agent in agents}


def _rewards(batch: Batch) -> Float64:
    """The rewards of all agents in the first environment, group after group."""
    return np.concatenate([group.rewards[0] for group in batch.groups]).astype(np.float64)


def aec_env(*positional: Any, **options: Any) -> Any:
    """``Ns3ParallelEnv`` as PettingZoo's turn-based ``AECEnv``; the tick runs once the last agent has acted."""
    return parallel_to_aec(Ns3ParallelEnv(*positional, **options))
