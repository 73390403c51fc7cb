# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Exogenous worlds that were recorded in ns-3 (or made elsewhere)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from ns3marl.errors import ConfigError
from ns3marl.scenarios.aiot_mec.exogenous import Exogenous
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.world import Draws, Scene


class Recorded:
    """Worlds by run: an environment whose episode has run r uses ``worlds[r]``.

    Backoffs and frame errors, which belong to no exogenous world, are drawn from (seed, run).

    Args:
        settings: The scenario.
        worlds: Worlds by RngRun.
        seed: Seed of backoffs and frame errors.
        device: Device of the arrays.

    Raises:
        ConfigError: A world has another size or path loss than the settings, or is one that the twin does not model.
    """

    def __init__(
        self,
        settings: Settings,
        worlds: Mapping[int, Exogenous],
        seed: int = 0,
        device: torch.device | None = None,
    ) -> None:
        self.settings, self.worlds, self.seed = settings, worlds, seed
        self.device = device or torch.device("cpu")
        expected = (settings.ticks + 1, settings.devices, settings.servers)
        for run, world in worlds.items():
            if world.fading_db.shape != expected or world.tick_ns != round(1000 * settings.tick):
                raise ConfigError(
                    f"fastsim: the world of run {run} has {world.fading_db.shape} boundaries, devices and servers and ticks of "
                    f"{world.tick_ns} ns; expected {expected} and {round(1000 * settings.tick)} ns"
                )
            if world.mobility != "static":
                raise ConfigError(
                    f"fastsim: the devices of run {run} move ({world.mobility}); the twin's stand still"
                )
            if world.placement_shadowing_db.any():
                raise ConfigError(f"fastsim: the links of run {run} are shadowed; the twin's are not")
            loss = (world.path_loss_exponent, world.reference_loss_db)
            if loss != (settings.exponent, settings.referenceLoss):
                raise ConfigError(
                    f"fastsim: the world of run {run} has the path loss {loss}, the settings "
                    f"{(settings.exponent, settings.referenceLoss)}; give the same --exponent and --referenceLoss"
                )

    def begin(self, runs: list[int]) -> Scene:
        """New episodes.

        Raises:
            ConfigError: A run has no world.
        """
        missing = [run for run in runs if run not in self.worlds]
        if missing:
            raise ConfigError(f"fastsim: no world for run {missing[0]}; there are {sorted(self.worlds)}")
        self._of = [self.worlds[run] for run in runs]
        self._generators = [np.random.default_rng((self.seed, run)) for run in runs]
        self._tick = 0
        return Scene(
            self._stack([world.placement_m for world in self._of]),
            self._stack([world.servers_m for world in self._of]),
            self._stack([world.device_hz for world in self._of]),
            self._stack([world.server_hz for world in self._of]),
        )

    def next(self) -> Draws:
        """The next tick of every environment."""
        t, of = self._tick, self._of
        self._tick += 1
        shape = (2, self.settings.devices)
        uniform = np.stack([rng.random(shape) for rng in self._generators])
        return Draws(
            self._stack([world.arrives[t] for world in of]),
            self._stack([world.size_bytes[t] for world in of]).float(),
            self._stack([world.density_cycles_per_bit[t] for world in of]),
            self._stack([world.deadline_ns[t] for world in of]).double().mul(1e-3).float(),
            self._stack([world.premium[t] for world in of]),
            self._stack([world.jitter_ns[t] for world in of]).double().mul(1e-3).float(),
            torch.from_numpy((uniform[:, 0] * 2**24).astype(np.int64) * 251).to(self.device),
            torch.from_numpy(uniform[:, 1].astype(np.float32)).to(self.device),
            self._stack([world.fading_db[t] for world in of]),
        )

    def _stack(self, arrays: list[np.ndarray]) -> Tensor:
        values = torch.from_numpy(np.stack(arrays))
        return (values.float() if values.is_floating_point() else values).to(self.device)
