# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Draws exogenous worlds: positions, rates, tasks and fading.

An environment's draws follow only from (seed, run), not from the policy or the number of environments.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import kernel, radio
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.scenarios.aiot_mec.twin.world import Draws, Scene

BLOCK_TICKS = 8
UNIFORMS = 8
_HOTSPOTS = ((0.3, 0.35), (0.75, 0.7))
_DEVICE_HEIGHT_M, _SERVER_HEIGHT_M = 1.5, 6.0


def server_places(settings: Settings) -> Tensor:
    """Rows as even as possible, row by row, [K, 3] m."""
    count, area = settings.servers, settings.area
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    places: list[tuple[float, float, float]] = []
    for row in range(rows):
        in_row = (count - len(places)) // (rows - row)
        places += [
            (area * (column + 0.5) / in_row, area * (row + 0.5) / rows, _SERVER_HEIGHT_M)
            for column in range(in_row)
        ]
    return torch.tensor(places)


class _Generators:
    """A generator for each environment, one after the other; numbers are drawn in blocks of ticks."""

    def __init__(self, settings: Settings, seed: int, runs: list[int], device: torch.device) -> None:
        self._settings, self._device, self._left = settings, device, 0
        self._uniform = self._normal = torch.empty(0)
        self._each = [
            torch.Generator(device).manual_seed((seed * 0x9E3779B1 + run * 0x85EBCA77) & (2**63 - 1))
            for run in runs
        ]

    def draw(self, uniforms: int, normals: int) -> tuple[Tensor, Tensor]:
        """Numbers in [0, 1), [B, uniforms], and of zero mean and unit variance, [B, normals]."""
        uniform = torch.empty(len(self._each), uniforms, device=self._device)
        normal = torch.empty(len(self._each), normals, device=self._device)
        for b, generator in enumerate(self._each):
            uniform[b].uniform_(generator=generator)
            normal[b].normal_(generator=generator)
        return uniform, normal

    def next(self, gain: Tensor) -> tuple[Tensor, Tensor]:
        """Uniform numbers of a tick, [B, 8, N], and its fading in dB, [B, N, K]; the gains [B, 2, N, K] move."""
        s = self._settings
        if self._left == 0:
            links = s.devices * s.servers
            uniform, normal = self.draw(BLOCK_TICKS * UNIFORMS * s.devices, BLOCK_TICKS * 2 * links)
            self._uniform = uniform.view(-1, BLOCK_TICKS, UNIFORMS, s.devices)
            self._normal = normal.view(-1, BLOCK_TICKS, 2, s.devices, s.servers)
            self._left = BLOCK_TICKS
        at = BLOCK_TICKS - self._left
        self._left -= 1
        radio.advance_fading(gain, self._normal[:, at], s.fadingRho)
        return self._uniform[:, at], radio.fading_db(gain)


class _Counters:
    """Counter-based numbers of all environments at once (draws.h), from (seed, run, number of the draw)."""

    def __init__(self, settings: Settings, seed: int, runs: list[int], library: kernel.Library) -> None:
        self._settings, self._library = settings, library
        self._seed, self._draws = seed & (2**64 - 1), 0
        self._runs = torch.tensor(runs, device=library.device)

    def draw(self, uniforms: int, normals: int) -> tuple[Tensor, Tensor]:
        """As ``_Generators.draw``."""
        of, envs = self._library.pointer, len(self._runs)
        uniform = torch.empty(envs, uniforms, device=self._library.device)
        normal = torch.empty(envs, normals, device=self._library.device)
        sizes = (envs, uniforms, normals, self._seed, self._draws)
        self._library.draw_numbers(kernel.Draw(*sizes, of(self._runs), of(uniform), of(normal)))
        self._draws += 1
        return uniform, normal

    def next(self, gain: Tensor) -> tuple[Tensor, Tensor]:
        """As ``_Generators.next``."""
        s, of, envs = self._settings, self._library.pointer, len(self._runs)
        uniform, _ = self.draw(UNIFORMS * s.devices, 0)
        decibels = torch.empty(envs, s.devices, s.servers, device=self._library.device)
        numbers = (envs, s.devices * s.servers, self._seed, self._draws)
        arrays = (of(self._runs), of(gain), of(decibels))
        weights = (s.fadingRho, radio.innovation_weight(s.fadingRho))
        self._library.advance_fading(kernel.Fading(*numbers, *arrays, *weights))
        self._draws += 1
        return uniform.view(envs, UNIFORMS, s.devices), decibels


class Drawn:
    """Worlds drawn from pseudo-random numbers.

    Args:
        settings: Ranges.
        seed: Seed of all environments.
        device: Device on which the numbers are drawn and stored.
        counters: Use a counter-based generator, which draws for all environments at once, instead of one PyTorch generator for
            each; by default on a GPU.

    Raises:
        BuildError: Counters are used, but the kernels do not compile.
    """

    def __init__(
        self, settings: Settings, seed: int, device: torch.device, counters: bool | None = None
    ) -> None:
        self.settings, self.seed, self.device = settings, seed, device
        wanted = device.type == "cuda" if counters is None else counters
        self._library = kernel.load(device) if wanted else None
        self._numbers: _Generators | _Counters = _Generators(settings, seed, [], device)
        self._gain = torch.empty(0, device=device)

    def begin(self, runs: list[int]) -> Scene:
        """New episodes, one for each run."""
        s, envs = self.settings, len(runs)
        if self._library is None:
            self._numbers = _Generators(s, self.seed, runs, self.device)
        else:
            self._numbers = _Counters(s, self.seed, runs, self._library)
        uniforms, normals = self._numbers.draw(3 * s.devices + s.servers, s.devices * (2 + 2 * s.servers))
        uniform = uniforms[:, : 3 * s.devices].view(envs, s.devices, 3)
        order = uniforms[:, 3 * s.devices :]
        normal = normals.view(envs, s.devices, 2 + 2 * s.servers)
        index = torch.arange(s.devices, device=self.device)
        hot = (index < s.hotspotShare * s.devices)[:, None]
        centre = s.area * torch.tensor(_HOTSPOTS, device=self.device)[index % 2]
        place = torch.where(hot, centre + s.hotspotSigma * normal[..., :2], s.area * uniform[..., :2]).clamp(
            0, s.area
        )
        self._gain = normal[..., 2:].reshape(envs, 2, s.devices, s.servers) * math.sqrt(0.5)
        height = torch.full((envs, s.devices, 1), _DEVICE_HEIGHT_M, device=self.device)
        rate = s.deviceCpuMin + (s.deviceCpuMax - s.deviceCpuMin) * uniform[..., 2]
        if s.serverRates:
            spread = torch.tensor(s.serverRates, device=self.device).expand(envs, -1)
        else:
            share = order.argsort(1) / (s.servers - 1) if s.servers > 1 else torch.full_like(order, 0.5)
            spread = s.serverCpuMin + (s.serverCpuMax - s.serverCpuMin) * share
        return Scene(
            torch.cat([place, height], -1),
            server_places(s).to(self.device).expand(envs, -1, -1),
            1e9 * rate,
            1e9 * spread,
        )

    def next(self) -> Draws:
        """The next tick of every environment."""
        return arrivals(self.settings, *self._numbers.next(self._gain))


def arrivals(settings: Settings, uniform: Tensor, fading_db: Tensor) -> Draws:
    """The draws of a tick, from ``UNIFORMS`` uniform numbers for each device, [B, UNIFORMS, N], and its fading, [B, N, K]."""
    s, u = settings, uniform

    def between(index: int, low: float, high: float) -> Tensor:
        return u[:, index] * (high - low) + low

    return Draws(
        u[:, 0] < s.arrivalProbability,
        between(1, round(1000 * s.sizeMin), round(1000 * s.sizeMax)).round_(),
        between(2, s.densityMin, s.densityMax),
        between(3, s.deadlineMin, s.deadlineMax),
        u[:, 4] < s.premiumShare,
        between(5, 0.0, s.jitter),
        mac_seeds(u[:, 6]),
        u[:, 7],
        fading_db,
    )


def mac_seeds(uniform: Tensor) -> Tensor:
    """Seeds of backoffs and frame errors, int64, from uniform numbers."""
    return (uniform * 2.0**24).long() * 251
