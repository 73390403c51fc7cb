# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Policies that do not learn, for specs that name their features and heads as ``aiot-mec`` does; they refuse any other.

``coordinated-greedy`` sees the global state and decides for all devices together, so it is a central reference, not a competitor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ns3marl.errors import ConfigError
from ns3marl.policies import default_actions, uniform_choice
from ns3marl.types import Actions, Batch, Bool, Feature, Float64, Int64, Spec

LOCAL, PARTIAL, FULL = range(3)
MAX_POWER_DBM = 30.0
SERVER_SLOTS = 18

# SNR from which each MCS is used, after a margin, and its rate on 20 MHz with one stream and a guard interval of 0.8 us:
# R = N_SD N_BPSC r / (12.8 + GI us), IEEE 802.11ax-2021, table 27-54 ff. MCS 0 is tried below its own 5 dB as well; below
# 1 dB next to nothing arrives.
_MCS_FROM_DB = np.array([1, 8, 11, 14, 18, 22, 24, 26, 30, 32, 35, 38], dtype=float)
_RATE_BPS = 1e6 * np.array([0.1, 8.6, 17.2, 25.8, 34.4, 51.6, 68.8, 77.4, 86.0, 103.2, 114.7, 129.0, 143.4])
_SNR_MARGIN_DB = 2.0
_EFFICIENCY = 0.9  # goodput over rate of one sender with A-MPDU: 62.9 of 68.8 Mb/s measured at MCS 5
_ACCESS_S = 0.5e-3  # channel access before an upload, and the result on its way back
_RATIOS = (
    1.0,
    0.85,
    0.7,
    0.5,
    0.3,
    0.0,
)  # offloaded shares that coordinated-greedy considers; 1 is full, 0 local


class LocalOnly:
    """Every task on the device's own CPU."""

    def __init__(self, spec: Spec) -> None:
        _Names(spec)
        self.spec = spec

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        discrete, continuous = default_actions(self.spec.groups[0], len(batch.env_id))
        discrete[..., 0] = np.where(batch.groups[0].active, LOCAL, discrete[..., 0])
        return [Actions(discrete, continuous)]


class RandomOffload:
    """Every task in full to a random server on a random channel, at 30 dBm."""

    def __init__(self, spec: Spec) -> None:
        self.names = _Names(spec)
        self.spec = spec

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        servers, channels = self.names.masks(batch)
        server = np.stack([uniform_choice(rng, mask) for rng, mask in zip(rngs, servers, strict=True)])
        channel = np.stack([uniform_choice(rng, mask) for rng, mask in zip(rngs, channels, strict=True)])
        return [_full_offload(self.spec, batch, server, channel)]


class BestSnr:
    """Every task in full to the server heard best, on channel (agent mod C), at 30 dBm.

    Ties go to the first server. Where an earlier task keeps the radio on another channel, that one is used. The same as
    the scenario's built-in policy, from the observation alone.
    """

    def __init__(self, spec: Spec) -> None:
        self.names = _Names(spec)
        self.spec = spec
        self.home = np.arange(len(spec.groups[0].agents)) % self.names.channels

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        servers, channels = self.names.masks(batch)
        server = np.where(servers, batch.groups[0].observations[..., self.names.snr], -np.inf).argmax(-1)
        free = channels[:, np.arange(len(self.home)), self.home]
        channel = np.where(free, self.home, channels.argmax(-1))
        return [_full_offload(self.spec, batch, server, channel)]


class CoordinatedGreedy:
    """Central reference: assigns the tasks of a tick one by one, earliest deadline first, knowing the global state.

    Each task gets the mode, ratio, server and channel with the earliest estimated completion, given what was assigned
    before it: uploads on a channel and tasks on a server follow one another, the rate follows from the true SNR. Options
    that miss the deadline come last, and airtime counts a little, for the sake of the others.

    Raises:
        ConfigError: The spec does not fit, or has more servers than slots, so that a slot does not name a server.
    """

    def __init__(self, spec: Spec) -> None:
        self.names = _Names(spec)
        self.spec = spec
        self.blocks = {block.name: b for b, block in enumerate(spec.state)}
        missing = {"agent_state", "server_state", "channel_state"} - self.blocks.keys()
        if missing:
            raise ConfigError(
                f"coordinated-greedy needs the global state of aiot-mec; scenario {spec.scenario!r} lacks the blocks "
                f"{', '.join(sorted(missing))}"
            )
        self.servers = len(spec.state[self.blocks["server_state"]].rows)
        if self.servers > SERVER_SLOTS:
            raise ConfigError(
                f"coordinated-greedy takes slot j for server j, which holds for up to {SERVER_SLOTS} servers; "
                f"this scenario has {self.servers}"
            )
        self.snr = self._columns("agent_state", [f"server_{k}_snr_db" for k in range(self.servers)])

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        del rngs
        discrete, continuous = default_actions(self.spec.groups[0], len(batch.env_id))
        servers, channels = self.names.masks(batch)
        for b in range(len(batch.env_id)):
            channel_free_s = self._state(batch, b, "channel_state", "queued_bits") / (
                _EFFICIENCY * _RATE_BPS[6]
            )
            server_free_s = self._state(batch, b, "server_state", "backlog_s")
            deadlines = self._state(batch, b, "agent_state", "task_deadline_s")
            active = np.flatnonzero(batch.groups[0].active[b])
            for i in active[np.argsort(deadlines[active], kind="stable")]:
                allowed = servers[b, i, : self.servers, None] & channels[b, i, None, : self.names.channels]
                ratio, server, channel = self._assign(batch, b, i, allowed, channel_free_s, server_free_s)
                mode = FULL if ratio == 1 else LOCAL if ratio == 0 else PARTIAL
                discrete[b, i] = mode, server, channel
                continuous[b, i, 0] = MAX_POWER_DBM
                if mode == PARTIAL:
                    continuous[b, i, 1] = ratio
        return [Actions(discrete, continuous)]

    def _assign(
        self, batch: Batch, b: int, i: int, allowed: Bool, channel_free_s: Float64, server_free_s: Float64
    ) -> tuple[float, int, int]:
        """Best (ratio, server, channel) of one task; books it in the two arrays, [C] and [K]."""

        def task(name: str) -> float:
            return float(self._state(batch, b, "agent_state", name)[i])

        bits, cycles, deadline_s = task("task_size_bits"), task("task_cycles"), task("task_deadline_s")
        rate_hz = self._state(batch, b, "server_state", "cpu_hz")
        snr = batch.state[self.blocks["agent_state"]][b, i, self.snr].astype(float)
        share = np.array(_RATIOS)[:, None, None]  # options are [ratios,K,C]
        upload_s = share * (bits / goodput_bps(snr))[None, :, None]
        arrival_s = channel_free_s + upload_s + _ACCESS_S
        served_s = np.maximum(arrival_s, server_free_s[:, None]) + share * (cycles / rate_hz)[:, None]
        local_s = task("cpu_backlog_s") + (1 - share) * cycles / task("cpu_hz")
        remote_s = np.where(share > 0, served_s + _ACCESS_S, 0.0)
        finish_s = np.maximum(remote_s, np.where(share < 1, local_s, 0.0))
        cost = finish_s + (finish_s > deadline_s) + 0.2 * upload_s
        cost = np.where(allowed | (share == 0), cost, np.inf)
        best = np.unravel_index(cost.argmin(), cost.shape)
        r, k, c = (int(index) for index in best)
        if _RATIOS[r] > 0:
            channel_free_s[c] += upload_s[r, k, 0]
            server_free_s[k] = served_s[r, k, c]
        return _RATIOS[r], k, c

    def _state(self, batch: Batch, b: int, block: str, feature: str) -> Float64:
        """One column of a state block in one environment, as a copy, [S]."""
        (column,) = self._columns(block, [feature])
        return batch.state[self.blocks[block]][b, :, column].astype(float)

    def _columns(self, block: str, names: Sequence[str]) -> list[int]:
        return _find(self.spec, f"state block {block}", self.spec.state[self.blocks[block]].features, names)


def goodput_bps(snr_db: Float64) -> Float64:
    """Rate of a single sender's upload at an SNR at full power, [...]."""
    rate: Float64 = (
        _EFFICIENCY * _RATE_BPS[np.searchsorted(_MCS_FROM_DB, snr_db - _SNR_MARGIN_DB, side="right")]
    )
    return rate


@dataclass(init=False)
class _Names:
    """Where aiot-mec's heads and features stand in a spec.

    Raises:
        ConfigError: The spec is not built like aiot-mec's.
    """

    snr: list[int]  # features: SNR of each server slot
    channels: int  # C

    def __init__(self, spec: Spec) -> None:
        group = spec.groups[0]
        heads = [head.name for head in group.discrete_heads] + [head.name for head in group.continuous_heads]
        wanted = ["mode", "server", "channel", "power", "ratio"]
        if len(spec.groups) != 1 or heads != wanted:
            raise ConfigError(
                f"this policy is for one group with the heads {', '.join(wanted)}, as aiot-mec has; scenario "
                f"{spec.scenario!r} has the heads {', '.join(heads) or 'none'}; the policy `random` fits any scenario"
            )
        self._offsets = group.mask_offsets
        slots = group.choice_counts[1]
        self.snr = _find(spec, "observation", group.features, [f"server_{k}_snr_db" for k in range(slots)])
        channels = [len(block.rows) for block in spec.state if block.name == "channel_state"]
        self.channels = channels[0] if channels else group.choice_counts[2]

    def masks(self, batch: Batch) -> tuple[Bool, Bool]:
        """Allowed servers [B,A,slots] and channels [B,A,slots]."""
        _, server, channel, end = self._offsets
        masks = batch.groups[0].masks
        return masks[..., server:channel], masks[..., channel:end]


def _find(spec: Spec, where: str, features: Sequence[Feature], names: Sequence[str]) -> list[int]:
    index = {feature.name: f for f, feature in enumerate(features)}
    missing = [name for name in names if name not in index]
    if missing:
        raise ConfigError(
            f"this policy reads {missing[0]} from the {where}, which scenario {spec.scenario!r} does not have"
        )
    return [index[name] for name in names]


def _full_offload(
    spec: Spec,
    batch: Batch,
    server: Int64,
    channel: Int64,
) -> Actions:
    """Mode full at 30 dBm with these servers and channels [B,A] for active agents, defaults for the rest."""
    discrete, continuous = default_actions(spec.groups[0], len(batch.env_id))
    active = batch.groups[0].active
    discrete[active, 0] = FULL
    discrete[active, 1] = server[active]
    discrete[active, 2] = channel[active]
    continuous[active, 0] = MAX_POWER_DBM
    return Actions(discrete, continuous)
