# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Any scenario as a PettingZoo ``ParallelEnv``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces as gymnasium_spaces
from pettingzoo import ParallelEnv
from pettingzoo.utils import parallel_to_aec

from ns3marl.env import spaces
from ns3marl.env.pool import Pool
from ns3marl.errors import SpecViolation
from ns3marl.types import Actions, Batch, Bool, Float32, Group


class Ns3ParallelEnv(ParallelEnv):  # type: ignore[misc]
    """One simulator at a time, one dictionary entry per agent.

    Observations are ``Box`` [F], actions ``Dict`` spaces by head (see ``spaces.action_space``). ``infos[agent]`` holds
    ``action_mask`` (by head), ``active`` (whether the agent is asked to act; otherwise its action is ignored) and
    ``metrics`` (of the episode so far).

    Args:
        scenario: name of a built scenario, or the path of its executable.
        arguments: the scenario's arguments, such as ``"--devices=10"``.
        seed: of the episodes until ``reset`` is given another one.
        masked_choices: "remap" takes an allowed choice in place of a masked one, for libraries that know no masks; "refuse"
            raises SpecViolation.
        pool_options: further options of ``Pool``.

    Raises:
        LaunchError, ConfigError: as ``Pool`` does.
    """

    def __init__(
        self,
        scenario: str | Path,
        arguments: Sequence[str] = (),
        *,
        seed: int = 0,
        masked_choices: str = "remap",
        **pool_options: Any,
    ) -> None:
        spaces.check_masked_choices(masked_choices)
        self._remap = masked_choices == "remap"
        self._pool = Pool(scenario, arguments=arguments, seed=seed, **pool_options)
        self.spec_of_scenario = self._pool.spec
        self.metadata = {
            "name": f"ns3marl_{self._pool.spec.scenario.replace('-', '_')}_v0",
            "render_modes": [],
            "is_parallelizable": True,
        }
        self.render_mode = None
        self.possible_agents = list(self._pool.spec.agents)
        self.agents: list[str] = []
        self._batch: Batch | None = None  # tick 0 of the next episode, once one has ended
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
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> gymnasium_spaces.Space[Any]:
        """The same object every time."""
        return self.action_spaces[agent]

    def reset(
        self,
        seed: int | None = None,
        options: dict[str, Any] | None = None,  # noqa: ARG002 - the API's
    ) -> tuple[dict[str, Float32], dict[str, dict[str, Any]]]:
        """Begins the next episode, or the first one of ``seed``."""
        waits_at_start = self._batch is not None and not self.agents
        if seed is not None or not waits_at_start:
            self._batch = self._pool.reset(seed)
        assert self._batch is not None
        self.agents = self.possible_agents[:]
        groups, state = self._batch.groups, self._batch.state
        observations = tuple([group.observations[0] for group in groups])
        self._state = spaces.global_state(self._pool.spec, tuple([block[0] for block in state]), observations)
        return self._by_agent(observations), self._infos(self._batch, tick_metrics=False)

    def step(
        self, actions: dict[str, dict[str, Any]]
    ) -> tuple[
        dict[str, Float32], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]
    ]:
        """One tick. When the episode ends, the observations are its last ones and no agents remain."""
        if self._batch is None or not self.agents:
            raise SpecViolation("step() came before reset(), or after the end of the episode; call reset()")
        groups = [
            self._actions(group, actions, arrays.masks[0])
            for group, arrays in zip(self._pool.spec.groups, self._batch.groups, strict=True)
        ]
        self._batch = batch = self._pool.step(groups)
        final = batch.final[0]
        if final is None:
            observations = tuple([group.observations[0] for group in batch.groups])
            state = tuple([block[0] for block in batch.state])
        else:
            observations, state = final.observations, final.state
        self._state = spaces.global_state(self._pool.spec, state, observations)
        agents = self.agents
        if final is not None:
            self.agents = []
        rewards = np.concatenate([group.rewards[0] for group in batch.groups]).tolist()
        return (
            self._by_agent(observations),
            dict(zip(agents, rewards, strict=True)),
            dict.fromkeys(agents, bool(batch.terminated[0])),
            dict.fromkeys(agents, bool(batch.truncated[0])),
            self._infos(batch, tick_metrics=True),
        )

    def state(self) -> Float32:
        """The global state, an element of ``state_space``."""
        if self._state is None:
            raise SpecViolation("state() came before reset()")
        state: Float32 = self._state.copy()
        return state

    def close(self) -> None:
        """Ends the simulator."""
        self._pool.close()

    def render(self) -> None:
        """Nothing to show."""

    def _actions(self, group: Group, actions: dict[str, dict[str, Any]], masks: Bool) -> Actions:
        missing = [agent for agent in group.agents if agent not in actions]
        if missing:
            raise SpecViolation(f"step(): no action came for agent {missing[0]!r}; every agent needs one")
        try:
            discrete = np.array(
                [[int(actions[agent][head.name]) for head in group.discrete_heads] for agent in group.agents],
                dtype=np.int32,
            ).reshape(len(group.agents), -1)
            continuous = np.array(
                [
                    [np.ravel(actions[agent][h.name])[0] for h in group.continuous_heads]
                    for agent in group.agents
                ],
                dtype=np.float32,
            ).reshape(len(group.agents), -1)
        except KeyError as error:
            expected = self.action_space(group.agents[0])
            raise SpecViolation(
                f"step(): an action lacks head {error.args[0]!r}; expected {expected}"
            ) from error
        if self._remap:
            discrete = spaces.remap(group, discrete, masks)
        return Actions(discrete[None], spaces.to_physical(group, continuous)[None])

    def _by_agent(self, observations: tuple[Float32, ...]) -> dict[str, Float32]:
        return {
            agent: rows[index].copy()
            for group, rows in zip(self._pool.spec.groups, observations, strict=True)
            for index, agent in enumerate(group.agents)
        }

    def _infos(self, batch: Batch, *, tick_metrics: bool) -> dict[str, dict[str, Any]]:
        metrics = spaces.metrics(self._pool.spec, batch) if tick_metrics else {}
        return {
            agent: {
                "action_mask": spaces.action_mask(group, arrays.masks[0, index]),
                "active": bool(arrays.active[0, index]),
                "metrics": metrics,
            }
            for group, arrays in zip(self._pool.spec.groups, batch.groups, strict=True)
            for index, agent in enumerate(group.agents)
        }


def aec_env(*positional: Any, **options: Any) -> Any:
    """``Ns3ParallelEnv`` with one agent after the other, as PettingZoo's ``AECEnv``; the tick runs when the last one has acted."""
    return parallel_to_aec(Ns3ParallelEnv(*positional, **options))
