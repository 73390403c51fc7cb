# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A rule that considers load: each device estimates the cost of every choice from its own observation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ns3marl.options import Fraction, NotNegativeFloat, PositiveFloat
from ns3marl.scenarios.aiot_mec.policies import estimates
from ns3marl.scenarios.aiot_mec.policies.names import (
    FULL,
    LOCAL,
    MAX_POWER_DBM,
    PARTIAL,
    RATIO_HIGH,
    Names,
)
from ns3marl.scenarios.aiot_mec.policies.simple import Dbm, Decibels
from ns3marl.types import Actions, Batch, Float64, Int64, Spec

_RATIO_LOW = 0.05


@dataclass(frozen=True)
class LoadAwareOptions:
    """Estimated completion times from SNR and load."""

    target_db: Decibels = 20.0
    """Target SNR at the server, dB."""
    urgent_db: Decibels = 26.0
    """Higher target SNR, used if its cost is lower, dB."""
    least_dbm: Dbm = 0.0
    """Least power, so that neighbours hear the device and do not collide, dBm."""
    contention: NotNegativeFloat = 0.5
    """Estimated wait for the channel divided by its busy time in the last interval."""
    queueing: NotNegativeFloat = 0.1
    """Estimated wait for the server divided by its computing time in the last interval."""
    waiting: NotNegativeFloat = 0.35
    """Weight of the mean wait that the server reported."""
    safety: PositiveFloat = 1.25
    """A choice counts as late if this times its estimated time exceeds the deadline."""
    late_s: NotNegativeFloat = 0.2
    """Cost of a late choice, s."""
    airtime: NotNegativeFloat = 2.0
    """Cost per second of air time in addition to the time itself, because it delays others, s."""
    energy_s_per_j: NotNegativeFloat = 7.5
    """Cost per joule, s."""
    kappa: PositiveFloat = 1e-27
    """The scenario's `--kappa`, J/(Hz^2 cycle)."""
    hysteresis: Fraction = 1.0
    """A device changes to a channel whose busy share is lower by more than this."""


@dataclass
class _Seen:
    """Knowledge of the n devices with a task, [n,1] each unless noted otherwise."""

    bits: Float64
    cycles: Float64
    deadline_s: Float64
    cpu_hz: Float64
    backlog_s: Float64
    snr_db: Float64  #: at 30 dBm, -inf where there is no server, [n,slots]
    server_hz: Float64  #: [n,slots]
    before_s: Float64  #: what an upload and its task wait for, whatever their size, [n,slots]


class LoadAware:
    """Chooses mode, server and power with the lowest estimated cost, and stays on its channel unless another one is much less busy.

    The estimated time of an offloaded part is channel + upload + access + server's wait + computing; the upload has
    the rate for the SNR at the server. All tasks arrive at the same moments, so the load of a channel and a server in the last
    interval predicts what a task finds ahead of it in this one. With the ratio of a partial task, both parts end at the same time.
    The cost is the estimated time, plus a penalty for lateness, plus air time, because it delays others, plus energy.
    """

    def __init__(self, spec: Spec, options: LoadAwareOptions | None = None) -> None:
        self.names, self.options = Names(spec), options or LoadAwareOptions()
        self.tick_s = spec.tick_ns * 1e-9
        slots, channels = range(self.names.servers), range(self.names.channels)
        columns = self.names.columns
        self.task = columns(["task_size_bits", "task_cycles", "task_deadline_s", "cpu_hz", "cpu_backlog_s"])
        self.tuned = columns([f"channel_{c}_is_tuned" for c in channels])
        self.rate = columns([f"server_{k}_cpu_hz" for k in slots])
        self.utilisation = columns([f"server_{k}_utilisation" for k in slots])
        self.wait = columns([f"server_{k}_wait_s" for k in slots])
        self.busy = columns([f"channel_{c}_busy_ratio" for c in channels])

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        active, channel = batch.groups[0].active, self.channel(batch)
        seen = self._see(batch, channel)
        targets = np.array([self.options.target_db, self.options.urgent_db])[:, None, None]
        power = estimates.power_dbm(
            np.maximum(seen.snr_db, -100), targets, self.options.least_dbm
        )  # [powers,n,slots]
        upload_s = seen.bits / estimates.goodput_bps(seen.snr_db - MAX_POWER_DBM + power)
        split = self._split(seen, upload_s)
        shares = np.stack([np.ones_like(split), split])  # full and partial
        costs = self._offloaded(seen, shares, power, upload_s)  # [modes,powers,n,slots]
        modes, powers, n, slots = costs.shape
        flat = np.moveaxis(costs, 2, 0).reshape(n, modes * powers * slots)
        m, p, k = np.unravel_index(flat.argmin(-1), (modes, powers, slots))
        remote = flat.min(-1) <= self._local(seen)[:, 0]
        mode, server = np.full(active.shape, LOCAL), np.zeros(active.shape, np.int64)
        decided_power, ratio = np.full(active.shape, MAX_POWER_DBM), np.ones(active.shape)
        row = np.arange(n)
        mode[active] = np.where(remote, np.where(m == 0, FULL, PARTIAL), LOCAL)
        server[active], decided_power[active], ratio[active] = k, power[p, row, k], split[p, row, k]
        return [self.names.actions(batch, mode, server, channel, decided_power, ratio)]

    def channel(self, batch: Batch) -> Int64:
        """The tuned channel, or the least busy one where it is less busy by more than the hysteresis, [B,A]."""
        _, allowed = self.names.masks(batch)
        seen = batch.groups[0].observations
        busy = np.where(allowed, seen[..., self.busy], np.inf)
        tuned = seen[..., self.tuned].argmax(-1)
        here = np.take_along_axis(busy, tuned[..., None], -1)[..., 0]
        chosen: Int64 = np.where(here > busy.min(-1) + self.options.hysteresis, busy.argmin(-1), tuned)
        return chosen

    def _see(self, batch: Batch, channel: Int64) -> _Seen:
        options, active = self.options, batch.groups[0].active
        seen = batch.groups[0].observations[active].astype(float)
        bits, cycles, deadline_s, cpu_hz, backlog_s = (seen[:, column, None] for column in self.task)
        busy = np.take_along_axis(seen[:, self.busy], channel[active][:, None], -1)
        before_s = (
            2 * estimates.ACCESS_S
            + options.contention * self.tick_s * busy
            + options.queueing * self.tick_s * seen[:, self.utilisation]
            + options.waiting * seen[:, self.wait]
        )
        server_hz, snr_db = np.maximum(seen[:, self.rate], 1.0), self.names.heard_snr(batch)[active]
        return _Seen(bits, cycles, deadline_s, cpu_hz, backlog_s, snr_db, server_hz, before_s)

    def _split(self, seen: _Seen, upload_s: Float64) -> Float64:
        """The offloaded share r with which both parts end together, [powers,n,slots].

        before + r (upload + cycles/server) = backlog + (1 - r) cycles/cpu.
        """
        local_s = seen.cycles / seen.cpu_hz
        ahead_s = seen.backlog_s + local_s - seen.before_s
        share: Float64 = ahead_s / (upload_s + seen.cycles / seen.server_hz + local_s)
        return share.clip(_RATIO_LOW, RATIO_HIGH)

    def _offloaded(self, seen: _Seen, share: Float64, power: Float64, upload_s: Float64) -> Float64:
        """Cost of offloading a share [modes,powers,n,slots]; infinite where there is no server."""
        remote_s = seen.before_s + share * (upload_s + seen.cycles / seen.server_hz)
        rest = (1 - share) * seen.cycles
        local_s = np.where(share < 1, seen.backlog_s + rest / seen.cpu_hz, 0.0)
        joules = share * upload_s * estimates.amplifier_w(power) + self._local_j(rest, seen)
        cost = self._cost(np.maximum(remote_s, local_s), joules, seen.deadline_s)
        cost += self.options.airtime * share * upload_s
        offered: Float64 = np.where(np.isfinite(seen.snr_db), cost, np.inf)
        return offered

    def _local(self, seen: _Seen) -> Float64:
        """Cost of computing the whole task on the device, [n,1]."""
        finish_s = seen.backlog_s + seen.cycles / seen.cpu_hz
        return self._cost(finish_s, self._local_j(seen.cycles, seen), seen.deadline_s)

    def _local_j(self, cycles: Float64, seen: _Seen) -> Float64:
        return estimates.local_j(cycles, seen.cpu_hz, self.options.kappa)

    def _cost(self, finish_s: Float64, joules: Float64, deadline_s: Float64) -> Float64:
        options = self.options
        late = options.safety * finish_s > deadline_s
        cost: Float64 = finish_s + options.late_s * late + options.energy_s_per_j * joules
        return cost
