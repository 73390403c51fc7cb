# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The plots of a validation, from its results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from ns3marl.plotting import COLOURS, pretty
from ns3marl.reporting.plots import Results

_TWIN, _NS3 = COLOURS[1], COLOURS[0]


def gaps(results: Results, metrics: Sequence[str]) -> Figure:
    """Gap of each policy in tolerances, with its interval; the band is the allowed range."""
    names = list(results["policies"])
    figure = Figure(figsize=(10, 0.9 + 0.32 * len(names)), layout="constrained")
    for place, (axes, metric) in enumerate(
        zip(figure.subplots(1, len(metrics), squeeze=False).flat, metrics, strict=True)
    ):
        axes.axvspan(-1, 1, color=COLOURS[2], alpha=0.18, lw=0)
        axes.axvline(0, color=mpl.rcParams["text.color"], lw=0.6)
        for row, name in enumerate(names):
            entry = results["policies"][name]["gaps"][metric]
            if entry["gap"]["mean"] is None or not entry["tolerance"]:
                continue
            mean, low, high = _scaled(entry["gap"], 1 / entry["tolerance"])
            colour = _NS3 if entry["within"] else COLOURS[3]
            axes.errorbar(
                [mean],
                [row],
                xerr=[[mean - low], [high - mean]],
                fmt="o",
                ms=4,
                color=colour,
                capsize=2,
                lw=1.2,
            )
        axes.set_yticks(range(len(names)), names if place == 0 else [""] * len(names), fontsize=8)
        axes.set_ylim(len(names) - 0.4, -0.6)
        reach = max(1.3, *(abs(x) for x in axes.get_xlim()))
        axes.set_xlim(-reach, reach)
        axes.set_title(f"{pretty(metric, results['metrics'][metric]['unit'])}\nin tolerances", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.grid(visible=False, axis="y")
    return figure


def sides(results: Results, metrics: Sequence[str]) -> Figure:
    """Each policy's mean in the twin over that in ns-3; the line is equality."""
    figure = Figure(figsize=(10, 2.9), layout="constrained")
    names = list(results["policies"])
    for axes, metric in zip(figure.subplots(1, len(metrics), squeeze=False).flat, metrics, strict=True):
        for i, name in enumerate(names):
            entry = results["policies"][name]["gaps"][metric]
            if entry["twin"]["mean"] is None or entry["ns3"]["mean"] is None:
                continue
            x, *x_ends = _scaled(entry["ns3"])
            y, *y_ends = _scaled(entry["twin"])
            axes.errorbar(
                [x],
                [y],
                xerr=[[x - x_ends[0]], [x_ends[1] - x]],
                yerr=[[y - y_ends[0]], [y_ends[1] - y]],
                fmt="o",
                ms=4,
                lw=1,
                color=COLOURS[i % len(COLOURS)],
                label=name,
            )
        low, high = min(axes.get_xlim()[0], axes.get_ylim()[0]), max(axes.get_xlim()[1], axes.get_ylim()[1])
        axes.plot([low, high], [low, high], color=mpl.rcParams["text.color"], lw=0.6, ls="--")
        unit = results["metrics"][metric]["unit"]
        axes.set_title(f"{pretty(metric, unit)}{'' if unit == '1' else f' [{unit}]'}", fontsize=8)
        axes.set_xlabel("ns-3", fontsize=8)
        axes.tick_params(labelsize=7)
    figure.axes[0].set_ylabel("twin", fontsize=8)
    _legend_outside(figure)
    return figure


def states(results: Results) -> Figure:
    """Completion gap by factor of decisions: points with intervals, and bars for the contribution of each range to the whole gap."""
    found = {name: bins for name, bins in results["states"].items() if bins}
    figure = Figure(figsize=(10, 5), layout="constrained")
    rows = max(1, -(-len(found) // 3))
    grid = figure.subplots(rows, 3, squeeze=False)
    for axes in grid.flat[len(found) :]:
        axes.set_visible(False)
    for place, (axes, (name, bins)) in enumerate(zip(grid.flat, found.items(), strict=False)):
        description, unit = results["factors"][name]
        at = np.arange(len(bins))
        axes.bar(
            at,
            [100 * (bin_["contribution"] or 0) for bin_ in bins],
            color=COLOURS[7],
            alpha=0.5,
            label="adds to the whole",
        )
        means, lows, highs = np.transpose([_scaled(bin_["gap"], 100) for bin_ in bins])
        axes.errorbar(
            at,
            means,
            yerr=[means - lows, highs - means],
            fmt="o",
            ms=4,
            capsize=2,
            lw=1.2,
            color=_NS3,
            label="gap there",
        )
        axes.axhline(0, color=mpl.rcParams["text.color"], lw=0.6)
        labels = [f"{bin_['low']:.3g}–\n{bin_['high']:.3g}" for bin_ in bins]
        axes.set_xticks(at, labels, fontsize=6.5)
        axes.set_title(f"{description}{'' if unit == '1' else f' [{unit}]'}", fontsize=8)
        axes.tick_params(labelsize=7, axis="y")
        axes.grid(visible=False, axis="x")
        if place % 3 == 0:
            axes.set_ylabel("completion, twin − ns-3 [points]", fontsize=8)
    if found:
        _legend_outside(figure)
    return figure


def distributions(results: Results) -> Figure:
    """Distributions on both sides."""
    found = results["distributions"]
    figure = Figure(figsize=(10, 2.6), layout="constrained")
    for axes, entry in zip(figure.subplots(1, len(found), squeeze=False).flat, found.values(), strict=True):
        edges = np.array(entry["edges"])
        for side, colour, label in (("ns3", _NS3, "ns-3"), ("twin", _TWIN, "twin")):
            dash = "--" if side == "twin" else "-"  # equal ones are both seen
            axes.stairs(100 * np.array(entry[side]), edges, color=colour, lw=1.4, ls=dash, label=label)
        axes.set_title(entry["title"], fontsize=8)
        axes.set_ylabel("%", fontsize=8)
        axes.tick_params(labelsize=7)
    _legend_outside(figure)
    return figure


def endings(results: Results) -> Figure:
    """Outcomes of the policy's decisions that did not complete, in percent of all decisions."""
    shares = {name: entry for name, entry in results["endings"].items() if name != results["completed"]}
    figure = Figure(figsize=(7.5, 0.8 + 0.4 * max(len(shares), 1)), layout="constrained")
    axes = figure.subplots()
    at = np.arange(len(shares))
    for side, colour, label, shift in (("ns3", _NS3, "ns-3", -0.18), ("twin", _TWIN, "twin", 0.18)):
        rows = [_scaled(entry[side], 100) for entry in shares.values()]
        means, lows, highs = np.transpose(rows) if rows else (np.zeros(0),) * 3
        axes.barh(at + shift, means, 0.34, color=colour, alpha=0.85, label=label)
        axes.errorbar(
            means,
            at + shift,
            xerr=[means - lows, highs - means],
            fmt="none",
            color=mpl.rcParams["text.color"],
            capsize=2,
            lw=1,
        )
    axes.set_yticks(at, [name.replace("_", " ") for name in shares], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("% of all")
    axes.grid(visible=False, axis="y")
    _legend_outside(figure)
    return figure


def _legend_outside(figure: Figure) -> None:
    """The first panel's legend, beside all panels."""
    figure.legend(*figure.axes[0].get_legend_handles_labels(), fontsize=7, loc="outside right center")


def _scaled(entry: dict[str, Any], scale: float = 1.0) -> tuple[float, float, float]:
    """Mean and ends of an interval; the mean replaces a missing end."""
    mean = entry["mean"] if entry["mean"] is not None else np.nan
    low = mean if entry["low"] is None else entry["low"]
    high = mean if entry["high"] is None else entry["high"]
    return scale * mean, scale * low, scale * high
