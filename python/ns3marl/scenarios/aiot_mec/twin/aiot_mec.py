# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``aiot-mec`` in torch: B environments of N devices, K servers and C channels, tick by tick (docs/fastsim.md)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.twin import tick
from ns3marl.scenarios.aiot_mec.twin.calibration import Calibration
from ns3marl.scenarios.aiot_mec.twin.drawn import Drawn
from ns3marl.scenarios.aiot_mec.twin.global_state import global_state
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.state import State
from ns3marl.scenarios.aiot_mec.twin.tick import View
from ns3marl.scenarios.aiot_mec.twin.world import World


class AiotMec:
    """B environments in lockstep: holds the state that the stages of ``tick`` return.

    Args:
        settings: The scenario.
        num_envs: B.
        seed: Seed of all random numbers.
        device: Device to compute on.
        calibration: Free constants; the bundled ones by default.
        world: Source of exogenous quantities; drawn by default.

    Raises:
        ConfigError: An argument is out of range.
        BuildError: The kernels do not compile.

    Attributes:
        model: The scenario with its arguments.
        state: State at the last boundary; not available before ``reset``.
        outcome: Outcomes of tasks that ended in the last interval, see ``accounts``, 0 elsewhere; the task of tick t is in slot
            t mod L; int64 [B, N, L].
        latency_us: Latencies of completed tasks, [B, N, L].
    """

    state: State

    def __init__(
        self,
        settings: Settings,
        num_envs: int,
        *,
        seed: int = 0,
        device: str | torch.device = "cpu",
        calibration: Calibration | None = None,
        world: World | None = None,
    ) -> None:
        if num_envs < 1:
            raise ConfigError(f"fastsim: num_envs is {num_envs}, expected 1 or above")
        settings.check()
        self.num_envs, where = num_envs, torch.device(device)
        self.model = Model.make(settings, calibration or Calibration.load(), where)
        self.world = world or Drawn(settings, seed, where)
        slots = (num_envs, settings.devices, settings.task_slots)
        self.outcome = torch.zeros(slots, dtype=torch.int64, device=where)
        self.latency_us = torch.zeros(slots, device=where)

    @property
    def settings(self) -> Settings:
        """The scenario's arguments."""
        return self.model.settings

    def reset(self, runs: Sequence[int] | None = None) -> View:
        """Begins an episode in every environment.

        Args:
            runs: Number of each environment's episode, [B]; 1 to B by default. With the seed it determines all draws.
        """
        numbers = list(runs) if runs is not None else list(range(1, self.num_envs + 1))
        scene = self.world.begin(numbers)
        self.state = tick.begin(self.model, scene, self.world.next())
        return tick.view(self.model, self.state, torch.zeros_like(self.state.devices.power))

    def step(self, discrete: Tensor, continuous: Tensor) -> View:
        """One tick.

        Args:
            discrete: Mode, server slot and channel, int64 [B, N, 3]. Those of devices without a task are ignored.
            continuous: Power [dBm] and ratio, [B, N, 2].
        """
        draws = self.world.next()
        self.state, happened, rewards = tick.step(self.model, self.state, discrete, continuous, draws)
        self.outcome, self.latency_us = happened.outcome, happened.latency_us
        return tick.view(self.model, self.state, rewards)

    def global_state(self) -> tuple[Tensor, Tensor, Tensor]:
        """The state blocks at the boundary: agents [B, N, F], servers [B, K, 8], channels [B, C, 3]."""
        return global_state(self.model, self.state)

    def metrics(self) -> dict[str, Tensor]:
        """Metrics of the episodes so far, float64 [B] each, by the spec's names."""
        return tick.metrics(self.model, self.state)
