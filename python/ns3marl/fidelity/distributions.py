# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Distributions on both sides of quantities that the scenario names, such as latencies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ns3marl.fidelity.scenario import ScenarioFidelity
from ns3marl.fidelity.trace import Trace
from ns3marl.types import Float64

BINS = 40


def distributions(
    ns3: Sequence[Trace], twin: Sequence[Trace], of: ScenarioFidelity
) -> dict[str, dict[str, Any]]:
    """Histograms over common bins, with shares that sum to 1 on each side, for JSON.

    Args:
        ns3: Episodes of ns-3.
        twin: The same episodes in the twin.
        of: The scenario's fidelity.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, one in of.distributions.items():
        theirs, ours = (np.concatenate([one.values(trace) for trace in side]) for side in (ns3, twin))
        pooled = np.concatenate([theirs, ours])
        if not len(pooled):
            continue
        edges = _edges(pooled, whole=one.whole)
        found[name] = {
            "title": one.title,
            "edges": edges.tolist(),
            "ns3": _shares(theirs, edges),
            "twin": _shares(ours, edges),
        }
    return found


def _edges(values: Float64, *, whole: bool) -> Float64:
    """Bins from the smallest to the largest value, without the outermost 0.5 %; integer bins for whole numbers."""
    low, high = np.quantile(values, [0.005, 0.995])
    if not whole:
        return np.linspace(low, max(high, low + 1e-9), BINS + 1)
    step = max(1, int(np.ceil((high - low + 1) / BINS)))
    return np.arange(low, high + step + 1, step) - 0.5


def _shares(values: Float64, edges: Float64) -> list[float]:
    """Shares of the bins; values beyond count in the outermost bins."""
    counts, _ = np.histogram(values.clip(edges[0], edges[-1]), edges)
    result: list[float] = (counts / max(counts.sum(), 1)).tolist()
    return result
