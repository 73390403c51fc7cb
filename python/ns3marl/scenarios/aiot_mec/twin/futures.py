# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Possible futures for a controller: the current state is given, later random numbers are drawn again."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from ns3marl.scenarios.aiot_mec.twin import radio
from ns3marl.scenarios.aiot_mec.twin.drawn import UNIFORMS, arrivals, mac_seeds
from ns3marl.scenarios.aiot_mec.twin.model import Model
from ns3marl.scenarios.aiot_mec.twin.state import State, rows
from ns3marl.scenarios.aiot_mec.twin.world import Draws


@dataclasses.dataclass
class Futures:
    """S possible futures of one environment."""

    present: State  #: S copies of it at the boundary, which differ in what nobody can know yet
    draws: list[Draws]  #: what the next ticks bring, [S, ...] each

    @staticmethod
    def draw(model: Model, state: State, environment: int, samples: int, ticks: int, seed: int) -> Futures:
        """Draws futures of a state, which stays unchanged.

        Transmit jitter, backoffs and frame errors of the current tasks, and arrivals, tasks and fading of the next ticks are drawn again.
        The fading continues from its current power; its phase has no influence on later powers.

        Args:
            model: The scenario.
            state: State of B environments at a boundary.
            environment: Number of the environment.
            samples: S.
            ticks: Length of the futures.
            seed: Seed of the draws.
        """
        s, device = model.settings, model.device
        generator = torch.Generator(device).manual_seed(seed)

        def uniform(*shape: int) -> Tensor:
            return torch.rand(samples, *shape, generator=generator, device=device)

        present = rows(state, torch.full((samples,), environment, device=device))
        tasks, boundary, links = present.tasks, present.boundary, present.links
        tasks.random = mac_seeds(uniform(*tasks.random.shape[1:]))
        jitter, seeds = uniform(2, s.devices).unbind(1)
        boundary.draws = dataclasses.replace(
            boundary.draws, jitter_us=s.jitter * jitter, mac_seed=mac_seeds(seeds)
        )
        amplitude = 10 ** ((links.snr - radio.MAX_POWER_DBM - links.path) / 20)
        gain = torch.stack([amplitude, torch.zeros_like(amplitude)], 1)
        draws = []
        for _ in range(ticks):
            normal = torch.randn(gain.shape, generator=generator, device=device)
            radio.advance_fading(gain, normal, s.fadingRho)
            draws.append(arrivals(s, uniform(UNIFORMS, s.devices), radio.fading_db(gain)))
        return Futures(present, draws)
