# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Central references: they read the global state and decide for all devices together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ns3marl.errors import ConfigError
from ns3marl.options import NotNegativeFloat, PositiveFloat
from ns3marl.scenarios.aiot_mec.policies import estimates
from ns3marl.scenarios.aiot_mec.policies.names import FULL, LOCAL, PARTIAL, SERVER_SLOTS, Names, find
from ns3marl.scenarios.aiot_mec.policies.simple import Dbm, Decibels
from ns3marl.types import Actions, Batch, Bool, Float64, Int64, Spec

_RATIOS = np.array(
    [1.0, 0.85, 0.7, 0.5, 0.3, 0.0]
)  # offloaded shares that are considered; 1 is full, 0 local
_TASK = ("task_size_bits", "task_cycles", "task_deadline_s", "cpu_hz", "cpu_backlog_s")


@dataclass(frozen=True)
class CoordinatedPowerOptions:
    """Coordination with power control."""

    target_db: Decibels = 20.0
    """Target SNR at the server, dB."""
    urgent_db: Decibels = 26.0
    """Higher target SNR, used if its cost is lower, dB."""
    least_dbm: Dbm = 0.0
    """Least power, so that neighbours hear the device and do not collide, dBm."""
    safety: PositiveFloat = 0.5
    """A choice counts as late if this times its estimated time exceeds the deadline."""
    late_s: NotNegativeFloat = 0.14
    """Cost of a late choice, s."""
    airtime: NotNegativeFloat = 4.0
    """Cost per second of air time, because it delays others, s."""
    energy_s_per_j: NotNegativeFloat = 2.5
    """Cost per joule, s."""
    kappa: PositiveFloat = 1e-27
    """The scenario's `--kappa`, J/(Hz^2 cycle)."""


_FULL_POWER = CoordinatedPowerOptions(
    target_db=100.0, urgent_db=100.0, safety=1.0, late_s=1.0, airtime=0.2, energy_s_per_j=0.0
)


@dataclass
class _Task:
    """One task in each of B environments, [B,1,1,1,1] each unless said otherwise."""

    bits: Float64
    cycles: Float64
    deadline_s: Float64
    cpu_hz: Float64
    backlog_s: Float64
    snr_db: Float64  #: of each server at 30 dBm, [B,1,1,K,1]
    allowed: Bool  #: server and channel, [B,1,1,K,C]


_NO_LINK_DB = -20.0
_DOUBT_DB = 2.0  # of the margin of 2 dB by which devices choose an MCS below what they believe


class CoordinatedPower:
    """Assigns the tasks of a tick one by one, earliest deadline first, knowing the global state.

    Each task gets the mode, ratio, power, server and channel with the lowest cost, given the earlier assignments: uploads on a channel and
    tasks on a server are sequential, and the rate follows from the power and the SNR that the device observes, if that is not too high. The
    cost is the estimated completion time, plus a penalty for lateness, plus air time, because it delays others, plus energy.

    Raises:
        ConfigError: The spec does not fit, or has more servers than slots, so that slot j is not server j.
    """

    def __init__(self, spec: Spec, options: CoordinatedPowerOptions | None = None) -> None:
        self.names, self.options = Names(spec), options or CoordinatedPowerOptions()
        self.spec = spec
        self.blocks = {block.name: b for b, block in enumerate(spec.state)}
        missing = {"agent_state", "server_state", "channel_state"} - self.blocks.keys()
        if missing:
            raise ConfigError(
                f"this policy reads the global state of aiot-mec; scenario {spec.scenario!r} lacks the blocks "
                f"{', '.join(sorted(missing))}"
            )
        self.servers = len(spec.state[self.blocks["server_state"]].rows)
        if self.servers > SERVER_SLOTS:
            raise ConfigError(
                f"central policies take slot j for server j, which holds for up to {SERVER_SLOTS} servers; "
                f"this scenario has {self.servers}"
            )
        self.snr = self._columns("agent_state", [f"server_{k}_snr_db" for k in range(self.servers)])
        self.task = self._columns("agent_state", _TASK)

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        active = batch.groups[0].active
        channel_free_s = self._state(batch, "channel_state", "queued_bits") / (
            estimates.EFFICIENCY * estimates.RATE_BPS[6]
        )
        server_free_s = self._state(batch, "server_state", "backlog_s")
        rate_hz = self._state(batch, "server_state", "cpu_hz")
        deadlines = np.where(active, self._state(batch, "agent_state", "task_deadline_s"), np.inf)
        order = np.argsort(deadlines, axis=1, kind="stable")
        mode, server, channel = (np.zeros(active.shape, np.int64) for _ in range(3))
        power, ratio = np.zeros(active.shape), np.ones(active.shape)
        for place in range(int(active.sum(1).max(initial=0))):
            rows = np.flatnonzero(active.sum(1) > place)
            who = order[rows, place]
            share, p, k, c = self._assign(
                self._task_of(batch, rows, who), rows, channel_free_s, server_free_s, rate_hz
            )
            mode[rows, who] = np.where(share == 1, FULL, np.where(share == 0, LOCAL, PARTIAL))
            server[rows, who], channel[rows, who] = k, c
            power[rows, who], ratio[rows, who] = p, share
        return [self.names.actions(batch, mode, server, channel, power, ratio)]

    def _task_of(self, batch: Batch, rows: Int64, who: Int64) -> _Task:
        state = batch.state[self.blocks["agent_state"]][rows, who].astype(float)
        servers, channels = self.names.masks(batch)
        allowed = servers[rows, who][:, :, None] & channels[rows, who][:, None, :]
        bits, cycles, deadline_s, cpu_hz, backlog_s = (
            state[:, column].reshape(-1, 1, 1, 1, 1) for column in self.task
        )
        true_db = state[:, self.snr]
        believed_db = self.names.heard_snr(batch)[rows, who][:, : self.servers].clip(_NO_LINK_DB)
        # A device chooses its MCS by what it believes: where that is too much, frames are lost.
        snr_db = np.where(believed_db > true_db + _DOUBT_DB, _NO_LINK_DB, believed_db)[:, None, None, :, None]
        return _Task(bits, cycles, deadline_s, cpu_hz, backlog_s, snr_db, allowed[:, None, None])

    def _assign(
        self, task: _Task, rows: Int64, channel_free_s: Float64, server_free_s: Float64, rate_hz: Float64
    ) -> tuple[Float64, Float64, Int64, Int64]:
        """Best ratio, power, server and channel of one task in each of these rows; adds it to both loads, [B,C] and [B,K]."""
        options = self.options
        share = _RATIOS[:, None, None, None]  # choices are [rows,ratios,powers,K,C]
        targets = np.array([options.target_db, options.urgent_db])[:, None, None]
        power = estimates.power_dbm(task.snr_db, targets, options.least_dbm)
        upload_s = share * task.bits / estimates.goodput_bps(task.snr_db - 30.0 + power)
        arrival_s = channel_free_s[rows, None, None, None, :] + upload_s + estimates.ACCESS_S
        work_s = share * task.cycles / rate_hz[rows, None, None, :, None]
        served_s = np.maximum(arrival_s, server_free_s[rows, None, None, :, None]) + work_s
        rest = (1 - share) * task.cycles
        local_s = task.backlog_s + rest / task.cpu_hz
        remote_s = np.where(share > 0, served_s + estimates.ACCESS_S, 0.0)
        finish_s = np.maximum(remote_s, np.where(share < 1, local_s, 0.0))
        joules = upload_s * estimates.amplifier_w(power)
        joules = joules + estimates.local_j(rest, task.cpu_hz, options.kappa)
        late = options.safety * finish_s > task.deadline_s
        cost = finish_s + options.late_s * late + options.airtime * upload_s + options.energy_s_per_j * joules
        cost = np.where(
            task.allowed, cost, np.inf
        )  # of local ones too: what does not count is checked as well
        n = np.arange(len(rows))
        r, p, k, c = np.unravel_index(cost.reshape(len(rows), -1).argmin(-1), cost.shape[1:])
        remote = _RATIOS[r] > 0
        channel_free_s[rows, c] += np.where(remote, upload_s[n, r, p, k, 0], 0.0)
        server_free_s[rows, k] = np.where(remote, served_s[n, r, p, k, c], server_free_s[rows, k])
        return _RATIOS[r], power[n, 0, p, k, 0], k, c

    def _state(self, batch: Batch, block: str, feature: str) -> Float64:
        """One column of a state block, as a copy, [B,S]."""
        (column,) = self._columns(block, [feature])
        return batch.state[self.blocks[block]][..., column].astype(float)

    def _columns(self, block: str, names: Sequence[str]) -> list[int]:
        return find(self.spec, f"state block {block}", self.spec.state[self.blocks[block]].features, names)


class CoordinatedGreedy(CoordinatedPower):
    """The same at 30 dBm, for the earliest completion: no cost of energy, a low cost of air time."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec, _FULL_POWER)
