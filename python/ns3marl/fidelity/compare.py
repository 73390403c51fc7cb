# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Compares the same episodes in the twin and in ns-3: gaps of metrics with intervals, and the ranking of policies.

Axes: **M** episodes. Episodes are paired: both sides have the same exogenous world, and every policy has the same worlds. A gap is twin
minus ns-3. Intervals are 95 % percentile bootstraps over episodes, see ``ns3marl.evaluation.statistics``.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ns3marl.errors import TraceError
from ns3marl.evaluation import statistics
from ns3marl.evaluation.statistics import Interval
from ns3marl.fidelity.scenario import ScenarioFidelity
from ns3marl.fidelity.trace import Trace, same_episode
from ns3marl.types import Float64

#: Wide enough for percentiles of 2.5 and 97.5 to settle.
RESAMPLES = 2000


@dataclass(frozen=True)
class Gap:
    """One metric of one policy on both sides."""

    metric: str
    twin: Interval
    ns3: Interval
    gap: Interval
    """Twin minus ns-3, over pairs with a value on both sides."""
    relative: float
    """The gap divided by the magnitude of ns-3's value; NaN if that is 0."""
    tolerance: float | None
    """Largest allowed gap, in the metric's unit; None: the metric has no tolerance."""

    @property
    def within(self) -> bool | None:
        """Whether the gap is at most the tolerance; None without one, or without a value."""
        if self.tolerance is None or not np.isfinite(self.gap.value):
            return None
        return bool(abs(self.gap.value) <= self.tolerance)

    @property
    def is_settled(self) -> bool:
        """Whether the whole interval is on the same side of the tolerance as the gap, so that more episodes are not needed."""
        if self.tolerance is None or not np.isfinite(self.gap.low):
            return False
        inside = max(abs(self.gap.low), abs(self.gap.high)) <= self.tolerance
        outside = self.gap.low > self.tolerance or self.gap.high < -self.tolerance
        return inside if self.within else outside


def pair(ns3: Sequence[Trace], twin: Sequence[Trace]) -> list[tuple[Trace, Trace]]:
    """Pairs the episodes of ns-3 and of the twin.

    Raises:
        TraceError: One side lacks an episode, or there is none.
    """
    if len(ns3) != len(twin) or not ns3:
        raise TraceError(
            f"{len(ns3)} episodes of ns-3 and {len(twin)} of the twin: expected as many, at least one"
        )
    for one, other in zip(ns3, twin, strict=True):
        if not same_episode(one, other):
            raise TraceError(f"{one.label} of ns-3 and {other.label} of the twin are different episodes")
    return list(zip(ns3, twin, strict=True))


def values(traces: Sequence[Trace], metric: str) -> Float64:
    """A metric of each episode, [M]."""
    return np.array([trace.metrics.get(metric, np.nan) for trace in traces], np.float64)


def gap(
    ns3: Sequence[Trace], twin: Sequence[Trace], metric: str, of: ScenarioFidelity, resamples: int = RESAMPLES
) -> Gap:
    """One metric on both sides, over paired episodes.

    Args:
        ns3: Episodes of ns-3.
        twin: The same episodes in the twin.
        metric: Name of the metric.
        of: The scenario's fidelity, with its tolerances.
        resamples: Bootstrap resamples for each interval.
    """
    ours, theirs = values(twin, metric), values(ns3, metric)
    both = np.isfinite(ours) & np.isfinite(theirs)
    difference = statistics.bootstrap(ours[both] - theirs[both], resamples)
    level = float(np.abs(theirs[both].mean())) if both.any() else np.nan
    bound, is_relative = of.tolerances.get(metric, (None, False))
    tolerance = bound * level if bound is not None and is_relative else bound
    if not both.any():
        tolerance = None
    return Gap(
        metric,
        statistics.bootstrap(ours, resamples),
        statistics.bootstrap(theirs, resamples),
        difference,
        difference.value / level if level > 0 else np.nan,
        tolerance,
    )


@dataclass(frozen=True)
class Agreement:
    """Whether the twin orders policies as ns-3 does, over the pairs of policies that ns-3 distinguishes."""

    metric: str
    tau: float
    """(concordant - discordant) / pairs, 1 to -1; NaN if ns-3 distinguishes no pair."""
    pairs: int
    """Pairs whose paired difference in ns-3 has an interval without 0."""
    discordant: tuple[tuple[str, str], ...]
    """Pairs that the twin orders the other way; the better one in ns-3 is first."""
    undecided: tuple[tuple[str, str], ...]
    """Pairs that ns-3 does not distinguish with these episodes; they are not counted."""


def agreement(
    metric: str,
    ns3: Mapping[str, Float64],
    twin: Mapping[str, Float64],
    resamples: int = RESAMPLES,
    *,
    higher_is_better: bool = True,
) -> Agreement:
    """Kendall's tau (Biometrika 1938) over the pairs of policies whose paired difference exceeds its 95 % interval.

    Args:
        metric: Name of the metric.
        ns3: Values of the same episodes in ns-3, [M], by policy.
        twin: The same in the twin.
        resamples: Bootstrap resamples for each interval.
        higher_is_better: Property of the metric; only determines which policy of a pair is first.
    """
    discordant, undecided, score, pairs = [], [], 0, 0
    for one, other in itertools.combinations(ns3, 2):
        difference = ns3[one] - ns3[other]
        known = np.isfinite(difference) & np.isfinite(twin[one] - twin[other])
        interval = statistics.bootstrap(difference[known], resamples)
        if not (interval.low > 0 or interval.high < 0):
            undecided.append((one, other))
            continue
        pairs += 1
        theirs = np.sign(interval.value)
        ours = np.sign((twin[one] - twin[other])[known].mean())
        score += int(theirs * ours)
        if ours == -theirs:
            discordant.append((one, other) if (theirs > 0) == higher_is_better else (other, one))
    return Agreement(metric, score / pairs if pairs else np.nan, pairs, tuple(discordant), tuple(undecided))


def endings(
    ns3: Sequence[Trace], twin: Sequence[Trace], of: ScenarioFidelity, resamples: int = RESAMPLES
) -> dict[str, tuple[Interval, Interval, Interval]]:
    """Share of each outcome of decisions in the twin and in ns-3, and the gap; without outcomes that never occur."""
    if not of.outcomes:
        return {}
    shares: dict[str, tuple[Interval, Interval, Interval]] = {}
    sides = [np.stack([_shares(trace, len(of.outcomes)) for trace in side]) for side in (twin, ns3)]
    for code, name in enumerate(of.outcomes):
        ours, theirs = (side[:, code] for side in sides)
        if ours.any() or theirs.any():
            shares[name] = (
                statistics.bootstrap(ours, resamples),
                statistics.bootstrap(theirs, resamples),
                statistics.bootstrap(ours - theirs, resamples),
            )
    return shares


def _shares(trace: Trace, outcomes: int) -> Float64:
    counts = np.bincount(trace.outcomes[trace.active], minlength=outcomes)
    result: Float64 = counts / max(counts.sum(), 1)
    return result


def worst(ns3: Sequence[Trace], twin: Sequence[Trace], of: ScenarioFidelity) -> tuple[int, str, float]:
    """The episode in which a metric differs by the most tolerances: its index, the metric, and the signed number of tolerances.

    Raises:
        TraceError: No episode has a metric with a tolerance.
    """
    found: tuple[int, str, float] | None = None
    for index, (one, other) in enumerate(pair(ns3, twin)):
        for metric in of.tolerances:
            own = gap([one], [other], metric, of, 1)
            if own.tolerance and np.isfinite(own.gap.value):
                off = own.gap.value / own.tolerance
                if found is None or abs(off) > abs(found[2]):
                    found = index, metric, float(off)
    if found is None:
        raise TraceError("no episode has a value of " + ", ".join(of.tolerances))
    return found


def plain(interval: Interval) -> dict[str, Any]:
    """An interval for JSON, which has no NaN."""
    ends = {"mean": interval.value, "low": interval.low, "high": interval.high}
    return {name: float(value) if np.isfinite(value) else None for name, value in ends.items()}


def plain_gap(one: Gap) -> dict[str, Any]:
    """A gap for JSON."""
    return {
        "twin": plain(one.twin),
        "ns3": plain(one.ns3),
        "gap": plain(one.gap),
        "relative": one.relative if np.isfinite(one.relative) else None,
        "tolerance": one.tolerance,
        "within": one.within,
        "settled": one.is_settled,
    }
