# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The result of a validation in one sentence."""

from __future__ import annotations

from typing import Any

from ns3marl.plotting import pretty
from ns3marl.reporting.plots import Results

_SCALES = {"s": (1e3, " ms"), "1": (100.0, " %")}


def verdict(results: Results) -> str:
    """Whether the policy performs in ns-3 as in the twin, by how much it differs, and whether the twin's ranking can be trusted."""
    name = results["policy"]
    gaps = {metric: results["policies"][name]["gaps"][metric] for metric in results["tolerances"]}
    evaluated = {metric: entry for metric, entry in gaps.items() if entry["within"] is not None}
    if not evaluated:
        return f"{name} completed nothing on either side, so there is nothing to compare."
    outside = {metric: entry for metric, entry in evaluated.items() if not entry["within"]}
    furthest = max(outside or evaluated, key=lambda metric: _tolerances(evaluated[metric]))
    number = f"over {results['episodes']} episode{'s' if results['episodes'] > 1 else ''}"
    if outside:
        says = (
            f"{name} does not hold packet by packet {number}: {_what(results, furthest)} is "
            f"{_value(results, furthest, 'ns3')} in ns-3, {_value(results, furthest, 'twin')} in the twin "
            f"(allowed: ±{_allowed(results, furthest)})"
        )
        others = [_what(results, metric) for metric in outside if metric != furthest]
        says += (
            f", and {' and '.join(others)} {'is' if len(others) == 1 else 'are'} outside too"
            if others
            else ""
        )
    else:
        says = (
            f"{name} holds packet by packet {number}: {', '.join(_what(results, metric) for metric in evaluated)} lie within "
            f"tolerance (furthest: {_what(results, furthest)}, {_value(results, furthest, 'twin')} in the twin and "
            f"{_value(results, furthest, 'ns3')} in ns-3, allowed: ±{_allowed(results, furthest)})"
        )
    open_ = [_what(results, metric) for metric, entry in evaluated.items() if not entry["settled"]]
    if results["episodes"] == 1:
        says += "; one episode has no interval"
    elif open_:
        says += f"; the interval of {', '.join(open_)} crosses its bound, so more episodes could change that"
    return f"{says}{_ranking(results)}."


def _ranking(results: Results) -> str:
    count = len(results["policies"])
    rankings = results["ranking"].values()
    pairs = sum(entry["pairs"] for entry in rankings)
    if count < 2:
        return ""
    if not pairs:
        return f"; ns-3 tells no two of the {count} policies apart with these episodes"
    tau = sum(entry["tau"] * entry["pairs"] for entry in rankings if entry["pairs"]) / pairs
    how = "as ns-3 does" if tau == 1 else "not always as ns-3 does"
    return f"; the twin ranks the {count} policies {how} (tau {tau:.2f} over {pairs} pairs)"


def _tolerances(entry: dict[str, Any]) -> float:
    return float(abs(entry["gap"]["mean"]) / entry["tolerance"]) if entry["tolerance"] else 0.0


def _what(results: Results, metric: str) -> str:
    return pretty(metric, results["metrics"][metric]["unit"]).removesuffix(" ratio")


def _value(results: Results, metric: str, side: str) -> str:
    value = results["policies"][results["policy"]]["gaps"][metric][side]["mean"]
    unit = results["metrics"][metric]["unit"]
    scale, word = _SCALES.get(unit, (1.0, f" {unit}"))
    return f"{scale * value:.3g}{word}"


def _allowed(results: Results, metric: str) -> str:
    tolerance, is_relative = results["tolerances"][metric]
    return f"{100 * tolerance:g} %" if is_relative else f"{100 * tolerance:g} points"
