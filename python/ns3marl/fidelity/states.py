# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Locates a gap in the state space: bins the decisions of both sides by factors.

A decision is what an agent begins at a tick, such as a task. All factors follow from the exogenous world and the actions, so they mean
the same on both sides. Axes: **M** episodes, **Q** bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ns3marl.evaluation import statistics
from ns3marl.evaluation.statistics import Interval
from ns3marl.fidelity.compare import RESAMPLES
from ns3marl.fidelity.scenario import ScenarioFidelity
from ns3marl.fidelity.trace import Trace
from ns3marl.types import Float64, Int64

BINS = 6


@dataclass(frozen=True)
class Bin:
    """Decisions of both sides whose factor is in one range; shares and gaps are relative to all decisions with this factor."""

    low: float
    high: float
    share: float  #: of the decisions, mean of both sides
    twin: Interval  #: completion ratio
    ns3: Interval
    gap: Interval  #: twin minus ns-3
    contribution: (
        float | None
    )  #: share times gap: what the bin adds to the gap of the whole; None: one side has none
    latency_gap_s: Interval  #: of the mean latencies of completed ones


def bins(
    ns3: Sequence[Trace],
    twin: Sequence[Trace],
    factor: str,
    of: ScenarioFidelity,
    count: int = BINS,
    resamples: int = RESAMPLES,
) -> list[Bin]:
    """Completion and latency of both sides by a factor, in bins with about equal numbers of decisions.

    Args:
        ns3: Episodes of ns-3.
        twin: The same episodes in the twin.
        factor: One of ``of.factors``.
        of: The scenario's fidelity.
        count: Number of bins; fewer if values repeat.
        resamples: Bootstrap resamples of the episodes for each interval.
    """
    sides = [[_Decisions.of(trace, factor, of) for trace in side] for side in (twin, ns3)]
    pooled = np.concatenate([one.factor for side in sides for one in side])
    if not len(pooled):
        return []
    edges = np.unique(np.quantile(pooled, np.linspace(0, 1, count + 1), method="nearest"))
    if len(edges) == 1:
        edges = np.array([edges[0], edges[0]])
    # [sides, M, Q]: decisions, completed ones, their latencies added up
    counts = np.array([[one.counted(edges) for one in side] for side in sides]).transpose(2, 0, 1, 3)
    ones = np.ones((1, len(ns3)), np.int64)
    drawn = statistics.draw(len(ns3), resamples, np.random.default_rng(0))
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
class _Decisions:
    """The decisions of an episode that have a factor, one row each."""

    factor: Float64
    completed: Float64
    latency_s: Float64

    @staticmethod
    def of(trace: Trace, factor: str, scenario: ScenarioFidelity) -> _Decisions:
        values = scenario.factors_of(trace)[factor]
        known = np.isfinite(values) & (trace.outcomes > 0)  # what is unresolved at the end counts nowhere
        completed = trace.outcomes[known] == scenario.completed
        latency = np.where(completed, trace.latency_s[known], 0.0)
        return _Decisions(values[known], completed.astype(np.float64), latency.astype(np.float64))

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
