# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Where in the state space a gap comes from: tasks of both sides sorted by what they met.

All quantities follow from the world and the actions, so they mean the same on both sides. Axes: **T** ticks, **N** devices,
**M** episodes, **Q** bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ns3marl.evaluation import statistics
from ns3marl.evaluation.statistics import Interval
from ns3marl.fidelity.compare import RESAMPLES
from ns3marl.fidelity.trace import COMPLETED, Trace
from ns3marl.scenarios.aiot_mec.policies import FULL, LOCAL
from ns3marl.scenarios.aiot_mec.twin import radio
from ns3marl.scenarios.aiot_mec.twin.settings import Settings
from ns3marl.types import Float64, Int64

BINS = 6

FACTORS: dict[str, tuple[str, str]] = {
    "snr": ("SNR of the chosen link at the chosen power", "dB"),
    "distance": ("distance to the chosen server", "m"),
    "channel_load": ("air time offered to the channel", "ticks"),
    "server_load": ("computing offered to the server", "ticks"),
    "deadline": ("deadline", "ms"),
    "size": ("offloaded data", "kB"),
}
"""What tasks are sorted by: description and unit."""


@dataclass(frozen=True)
class Bin:
    """Tasks of both sides whose factor lies in one range; shares and gaps are of all tasks with that factor."""

    low: float
    high: float
    share: float  #: of the tasks, mean of both sides
    twin: Interval  #: completion ratio
    packets: Interval
    gap: Interval  #: twin minus ns-3
    contribution: (
        float | None
    )  #: share times gap: what the bin adds to the gap of the whole; None: one side has none
    latency_gap_s: Interval  #: of the mean latencies of completed tasks


def factors(trace: Trace) -> dict[str, Float64]:
    """What each task met, [T,N] each, see ``FACTORS``; NaN without a task, or where nothing was offloaded.

    Air time: payload bits / N_DBPS symbols of 13.6 us at the MCS that the SNR of the moment allows; the tick's new uploads on
    a channel are added up. So the load is what is offered, before repetitions.
    """
    world, settings = trace.world, Settings.parse(trace.arguments)
    ticks, devices = trace.active.shape
    mode, slot, channel = (trace.discrete[..., head].astype(np.int64) for head in range(3))
    offloads = trace.active & (mode != LOCAL)
    server = np.where(offloads, _servers(trace, slot), 0)
    row, device = np.ogrid[:ticks, :devices]
    distance = np.linalg.norm(world.device_positions_m[:ticks] - world.servers_m[server], axis=-1)
    gain = (world.fading_db[:ticks] - world.mean_loss_db[:ticks])[row, device, server]
    snr = trace.continuous[..., 0] + gain - radio.noise_dbm(settings)
    ratio = np.where(mode == FULL, 1.0, trace.continuous[..., 1]) * offloads
    bits = ratio * world.size_bits[:ticks]
    mcs = radio.mcs(torch.from_numpy(snr))
    air_s = bits / radio.data_bits_per_symbol(mcs).numpy() * radio.HE_SYMBOL_US * 1e-6
    work_s = ratio * world.cycles[:ticks] / world.server_hz[server]
    values = {
        "snr": snr,
        "distance": distance,
        "channel_load": _shared(air_s, channel) / world.tick_s,
        "server_load": _shared(work_s, server) / world.tick_s,
        "size": bits / 8e3,
    }
    found = {name: np.where(offloads, value, np.nan) for name, value in values.items()}
    return {**found, "deadline": np.where(trace.active, 1e3 * world.deadline_s[:ticks], np.nan)}


def _servers(trace: Trace, slot: Int64) -> Int64:
    """Servers of slots: with more than 18, a device's slots are the 18 of best mean SNR in order of id."""
    count = len(trace.world.servers_m)
    if count <= 18:
        return slot
    strongest = np.sort(np.argsort(trace.world.mean_loss_db[0], axis=1, kind="stable")[:, :18], axis=1)
    result: Int64 = strongest[np.arange(slot.shape[1])[None], slot]
    return result


def _shared(values: Float64, of: Int64) -> Float64:
    """Sums over the devices that share something in a tick: values and its number, [T,N] each."""
    ticks = values.shape[0]
    width = int(of.max()) + 1
    keys = of + width * np.arange(ticks)[:, None]
    sums = np.bincount(keys.ravel(), values.ravel(), minlength=ticks * width)
    result: Float64 = sums[keys]
    return result


def bins(
    packets: Sequence[Trace],
    twin: Sequence[Trace],
    factor: str,
    count: int = BINS,
    resamples: int = RESAMPLES,
) -> list[Bin]:
    """Completion and latency of both sides by a factor, in bins that hold about as many tasks each.

    Args:
        packets: Episodes of ns-3.
        twin: The same episodes in the twin.
        factor: See ``FACTORS``.
        count: Bins; fewer where values repeat.
        resamples: Of the episodes, behind each interval.
    """
    sides = [[_Tasks.of(trace, factor) for trace in side] for side in (twin, packets)]
    pooled = np.concatenate([tasks.factor for side in sides for tasks in side])
    if not len(pooled):
        return []
    edges = np.unique(np.quantile(pooled, np.linspace(0, 1, count + 1), method="nearest"))
    if len(edges) == 1:
        edges = np.array([edges[0], edges[0]])
    # [sides, M, Q]: tasks, completed ones, their latencies added up
    counts = np.array([[tasks.counted(edges) for tasks in side] for side in sides]).transpose(2, 0, 1, 3)
    ones = np.ones((1, len(packets)), np.int64)
    drawn = statistics.draw(len(packets), resamples, np.random.default_rng(0))
    point, resampled = [_ratios(counts, weights) for weights in (ones, drawn)]
    total = counts[0].sum((1, 2), keepdims=True)[..., 0]  # [sides, 1]
    shares = (counts[0].sum(1) / total).mean(0)
    result = []
    for q in range(len(edges) - 1):
        twin_side, ns3_side = (_interval(point[0][side, 0, q], resampled[0][side, :, q]) for side in (0, 1))
        completion, latency_s = (
            _interval(p[0, 0, q] - p[1, 0, q], r[0, :, q] - r[1, :, q])
            for p, r in zip(point, resampled, strict=True)
        )
        low, high, share = float(edges[q]), float(edges[q + 1]), float(shares[q])
        added = share * completion.value if np.isfinite(completion.value) else None
        result.append(Bin(low, high, share, twin_side, ns3_side, completion, added, latency_s))
    return result


@dataclass(frozen=True)
class _Tasks:
    """The tasks of an episode that have a factor, one row each."""

    factor: Float64
    completed: Float64
    latency_s: Float64

    @staticmethod
    def of(trace: Trace, factor: str) -> _Tasks:
        values = factors(trace)[factor]
        known = np.isfinite(values) & (trace.outcomes > 0)  # what is unresolved at the end counts nowhere
        completed = trace.outcomes[known] == COMPLETED
        latency = np.where(completed, trace.latency_s[known], 0.0)
        return _Tasks(values[known], completed.astype(np.float64), latency.astype(np.float64))

    def counted(self, edges: Float64) -> Float64:
        """Number, completed ones and sum of latencies in each bin, [3,Q]."""
        place = np.searchsorted(edges, self.factor, side="right") - 1
        place = place.clip(0, len(edges) - 2)
        return np.stack(
            [
                np.bincount(place, weights, minlength=len(edges) - 1)
                for weights in (np.ones_like(self.factor), self.completed, self.latency_s)
            ]
        )


def _ratios(counts: Float64, weights: Int64) -> tuple[Float64, Float64]:
    """Completion ratios and mean latencies, [sides, B, Q] each, of episodes that count ``weights`` [B,M] times."""
    tasks, completed, latency = (np.einsum("bm,smq->sbq", weights, part) for part in counts)
    with np.errstate(invalid="ignore"):
        return completed / np.where(tasks > 0, tasks, np.nan), latency / np.where(
            completed > 0, completed, np.nan
        )


def _interval(value: float, resampled: Float64) -> Interval:
    known = resampled[np.isfinite(resampled)]
    if len(known) == 0 or np.ptp(known) == 0:
        return Interval(float(value), np.nan, np.nan)
    low, high = np.quantile(known, [0.025, 0.975])
    return Interval(float(value), float(low), float(high))
