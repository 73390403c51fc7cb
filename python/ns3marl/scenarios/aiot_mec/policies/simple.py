# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Rules without load: local, random, and the server with the best SNR. Each device decides from its own observation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ns3marl.options import Range
from ns3marl.policies import uniform_choice
from ns3marl.scenarios.aiot_mec.policies.estimates import power_dbm
from ns3marl.scenarios.aiot_mec.policies.names import FULL, LOCAL, MAX_POWER_DBM, Names
from ns3marl.types import Actions, Batch, Float64, Int64, Spec

Decibels = Annotated[float, Range(-20, 100)]
Dbm = Annotated[float, Range(0, 30)]


class LocalOnly:
    """Computes every task on the device's own CPU."""

    def __init__(self, spec: Spec) -> None:
        self.names = Names(spec)

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        server, channel = self.names.heard_snr(batch).argmax(-1), self.names.home_channels(batch)
        return [self.names.actions(batch, LOCAL, server, channel, MAX_POWER_DBM)]


class RandomOffload:
    """Offloads every task in full to a random server on a random channel, at 30 dBm."""

    def __init__(self, spec: Spec) -> None:
        self.names = Names(spec)

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        servers, channels = self.names.masks(batch)
        server = np.stack([uniform_choice(rng, mask) for rng, mask in zip(rngs, servers, strict=True)])
        channel = np.stack([uniform_choice(rng, mask) for rng, mask in zip(rngs, channels, strict=True)])
        return [self.names.actions(batch, FULL, server, channel, MAX_POWER_DBM)]


class BestSnr:
    """Offloads every task in full to the server with the best observed SNR, on channel (agent mod C), at 30 dBm.

    Of equal servers it takes the first. While an earlier task is under way, it stays on the tuned channel. This is the scenario's
    built-in policy, computed from the observation.
    """

    def __init__(self, spec: Spec) -> None:
        self.names = Names(spec)

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        server = self.names.heard_snr(batch).argmax(-1)
        channel = self.names.home_channels(batch)
        return [self.names.actions(batch, FULL, server, channel, self.power(batch, server))]

    def power(self, batch: Batch, server: Int64) -> Float64 | float:
        """Power for uploads to these servers [B,A], dBm."""
        del batch, server
        return MAX_POWER_DBM


@dataclass(frozen=True)
class SnrTargetOptions:
    """Best SNR with power control."""

    target_db: Decibels = 20.0
    """Target SNR at the server, dB."""
    least_dbm: Dbm = 0.0
    """Least power, so that neighbours hear the device and do not collide, dBm."""


class SnrTarget(BestSnr):
    """As ``BestSnr``, at the power that gives the target SNR at the server, between the least power and 30 dBm."""

    def __init__(self, spec: Spec, options: SnrTargetOptions | None = None) -> None:
        super().__init__(spec)
        self.options = options or SnrTargetOptions()

    def power(self, batch: Batch, server: Int64) -> Float64:
        """Power for uploads to these servers [B,A], dBm."""
        snr = np.take_along_axis(self.names.heard_snr(batch), server[..., None], -1)[..., 0]
        return power_dbm(snr, self.options.target_db, self.options.least_dbm)
