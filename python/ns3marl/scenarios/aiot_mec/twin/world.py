# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The exogenous world of episodes: positions, rates, tasks and fading, which no action changes.

``drawn.Drawn`` draws it, ``recorded.Recorded`` reads it from what ns-3 wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


@dataclass
class Scene:
    """Quantities that are constant in an episode."""

    devices: Tensor  #: places, [B, N, 3] m
    servers: Tensor  #: places, [B, K, 3] m
    device_hz: Tensor  #: [B, N]
    server_hz: Tensor  #: [B, K]


@dataclass
class Draws:
    """Draws of a tick."""

    arrives: Tensor  #: whether a task arrives, bool [B, N]
    size_bytes: Tensor  #: [B, N]
    density: Tensor  #: cycles/bit, [B, N]
    deadline_us: Tensor  #: from arrival on, [B, N]
    premium: Tensor  #: bool [B, N]
    jitter_us: Tensor  #: [B, N]
    mac_seed: Tensor  #: seeds of the backoffs and frame errors of each task, int64 [B, N]
    broadcast_uniform: Tensor  #: in [0, 1), for the collisions of status broadcasts, [B, N]
    fading_db: Tensor  #: from 5 ms before this boundary on, [B, N, K]


class World(Protocol):
    """Source of positions, tasks and fading, for B environments at once."""

    def begin(self, runs: list[int]) -> Scene:
        """New episodes; ``runs`` are their numbers, [B]."""
        ...

    def next(self) -> Draws:
        """The next tick: the first call after ``begin`` gives tick 0."""
        ...
