# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Any scenario of one group as a single-agent Gymnasium environment: one central controller acts for all agents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces as gymnasium_spaces

from ns3marl.env import spaces
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError, SpecViolation
from ns3marl.types import Actions, Batch, Float32


class Ns3Env(gymnasium.Env[Float32, dict[str, Any]]):
    """One simulator at a time; the controller sees all observations [A,F] and acts for every agent.

    Actions are a ``Dict`` by head: ``MultiDiscrete`` [A] choices and ``Box`` [A] levels from -1 (the head's low) to 1 (its high). The reward is the
    mean over the agents. ``info`` holds ``action_mask`` (by head, [A,n]), ``active`` [A] and ``metrics``.

    Args:
        scenario: name of a built scenario, or the path of its executable.
        arguments: the scenario's arguments, such as ``"--devices=10"``.
        seed: of the episodes until ``reset`` is given another one.
        masked_choices: "remap" takes an allowed choice in place of a masked one; "refuse" raises SpecViolation.
        pool_options: further options of ``Pool``.

    Raises:
        LaunchError, ConfigError: as ``Pool`` does; ConfigError also for a scenario of several groups.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own declaration

    def __init__(
        self,
        scenario: str | Path,
        arguments: Sequence[str] = (),
        *,
        seed: int = 0,
        masked_choices: str = "remap",
        render_mode: None = None,
        **pool_options: Any,
    ) -> None:
        spaces.check_masked_choices(masked_choices)
        self.render_mode = render_mode
        self._remap = masked_choices == "remap"
        self._pool = Pool(scenario, arguments=arguments, seed=seed, **pool_options)
        if len(self._pool.spec.groups) != 1:
            self._pool.close()
            raise ConfigError(
                f"scenario {self._pool.spec.scenario!r} has {len(self._pool.spec.groups)} groups of agents, Ns3Env takes one; "
                "use Ns3ParallelEnv"
            )
        self.spec_of_scenario = self._pool.spec
        (self.group,) = self._pool.spec.groups
        agents = len(self.group.agents)
        low, high = (np.tile(bound, (agents, 1)) for bound in self.group.bounds)
        self.observation_space = gymnasium_spaces.Box(low, high, dtype=np.float32)
        heads: dict[str, gymnasium_spaces.Space[Any]] = {
            h.name: gymnasium_spaces.MultiDiscrete([len(h.choices)] * agents)
            for h in self.group.discrete_heads
        }
        heads |= {
            h.name: gymnasium_spaces.Box(-1.0, 1.0, (agents,), np.float32)
            for h in self.group.continuous_heads
        }
        self.action_space = gymnasium_spaces.Dict(heads)
        self._batch: Batch | None = None
        self._ended = True

    def reset(
        self,
        *,
        seed: int | None = None,
        options: dict[str, Any] | None = None,  # noqa: ARG002 - the API's
    ) -> tuple[Float32, dict[str, Any]]:
        """Begins the next episode, or the first one of ``seed``."""
        super().reset(seed=seed)
        if seed is not None or self._batch is None or not self._ended:
            self._batch = self._pool.reset(seed)
        self._ended = False
        return self._batch.groups[0].observations[0].copy(), self._info(self._batch, tick_metrics=False)

    def step(self, action: dict[str, Any]) -> tuple[Float32, float, bool, bool, dict[str, Any]]:
        """One tick. When the episode ends, the observation is its last one."""
        if self._batch is None or self._ended:
            raise SpecViolation("step() came before reset(), or after the end of the episode; call reset()")
        agents = len(self.group.agents)
        try:
            discrete = _columns([action[h.name] for h in self.group.discrete_heads], agents).astype(np.int32)
            continuous = _columns([action[h.name] for h in self.group.continuous_heads], agents).astype(
                np.float32
            )
        except KeyError as error:
            name = error.args[0]
            raise SpecViolation(
                f"step(): the action lacks head {name!r}; expected {self.action_space}"
            ) from error
        if self._remap:
            discrete = spaces.remap(self.group, discrete, self._batch.groups[0].masks[0])
        self._batch = batch = self._pool.step(
            [Actions(discrete[None], spaces.to_physical(self.group, continuous)[None])]
        )
        final = batch.final[0]
        self._ended = final is not None
        observation = (
            batch.groups[0].observations[0].copy() if final is None else final.observations[0].copy()
        )
        reward = float(batch.groups[0].rewards[0].mean())
        return (
            observation,
            reward,
            bool(batch.terminated[0]),
            bool(batch.truncated[0]),
            self._info(batch, tick_metrics=True),
        )

    def close(self) -> None:
        """Ends the simulator."""
        self._pool.close()

    def _info(self, batch: Batch, *, tick_metrics: bool) -> dict[str, Any]:
        return {
            "action_mask": spaces.action_mask(self.group, batch.groups[0].masks[0]),
            "active": batch.groups[0].active[0].copy(),
            "metrics": spaces.metrics(self._pool.spec, batch) if tick_metrics else {},
        }


def _columns(by_head: list[Any], agents: int) -> Any:
    """Values [A] by head side by side, [A,D] or [A,R]; there may be no heads."""
    return np.stack(by_head, axis=-1) if by_head else np.zeros((agents, 0))
