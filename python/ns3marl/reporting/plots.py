# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The plots of a report, each in a light and a dark version."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ns3marl.evaluation import statistics
from ns3marl.plotting import COLOURS, pretty
from ns3marl.types import Float64

Results = dict[str, Any]  # content of results.json
Rows = Sequence[dict[str, float]]  # content of metrics.jsonl

_HATCHES = ("", "///", "...")  # tell parts with the same colour apart
_SHOWN_SHARE = 6  # in percent: smaller parts have no room for their number
_LABEL_LENGTH = 6  # characters of a choice that fit upright under its column


def learning_curve(rows: Rows, references: dict[str, float]) -> Figure:
    """Reward per tick over ticks, with its moving average and the means of the other policies."""
    figure = Figure(figsize=(7.5, 3.6))
    axes = figure.subplots()
    ticks = np.array([row["ticks"] for row in rows])
    reward = np.array([row["reward_per_tick"] for row in rows])
    window = max(1, len(reward) // 20)
    axes.plot(
        ticks,
        reward,
        color=COLOURS[0],
        alpha=0.35,
        lw=1,
        marker="." if len(rows) == 1 else "",
        label="training, each update",
    )
    if window > 1:
        smooth = np.convolve(reward, np.ones(window) / window, "valid")
        axes.plot(ticks[window - 1 :], smooth, color=COLOURS[0], lw=2, label=f"mean of {window} updates")
    _finish_curves(axes, references, 0)
    return figure


def learning_bands(
    curves: Mapping[str, Sequence[Rows]], references: dict[str, float], points: int = 60
) -> Figure:
    """Reward per tick over ticks: interquartile mean over the runs of each policy, and its 95 % interval as a band.

    Args:
        curves: Rows of each run, by policy.
        references: Means of policies, as dashed lines.
        points: Number of points on the x axis; a run's reward at a point is the mean of its updates since the previous point.
    """
    figure = Figure(figsize=(7.5, 3.6))
    axes = figure.subplots()
    for i, (name, runs) in enumerate(curves.items()):
        ticks, scores = common_ticks(runs, points)
        intervals = [
            statistics.stratified_bootstrap([column[:, None]], statistics.iqm, 1000) for column in scores.T
        ]
        colour, seeds = COLOURS[i % len(COLOURS)], f"{len(runs)} seed{'s' if len(runs) > 1 else ''}"
        axes.plot(ticks, [one.value for one in intervals], color=colour, lw=1.8, label=f"{name}, {seeds}")
        low, high = [one.low for one in intervals], [one.high for one in intervals]
        axes.fill_between(ticks, low, high, color=colour, alpha=0.2, lw=0)
    _finish_curves(axes, references, len(curves))
    return figure


def _finish_curves(axes: Any, references: dict[str, float], colour: int) -> None:
    """Dashed lines at the references from a colour on, labels, and the legend beside the curves."""
    for i, (name, value) in enumerate(references.items(), start=colour):
        axes.axhline(value, color=COLOURS[i % len(COLOURS)], lw=1.2, ls="--", label=name)
    axes.set_xlabel("simulated ticks, all environments")
    axes.set_ylabel("team reward per tick")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))


def common_ticks(runs: Sequence[Rows], points: int) -> tuple[Float64, Float64]:
    """Rewards of several runs at common ticks: ticks [P], and mean rewards of the interval before each, [R,P].

    The axis ends with the shortest run; a run without an update in an interval keeps its last value.
    """
    updates = max(1, min(points, *(len(rows) for rows in runs)))
    edges = np.linspace(0, min(rows[-1]["ticks"] for rows in runs), updates + 1)
    scores = np.full((len(runs), updates), np.nan)
    for r, rows in enumerate(runs):
        ticks = np.array([row["ticks"] for row in rows])
        rewards = np.array([row["reward_per_tick"] for row in rows])
        last = rewards[0]
        for p in range(updates):
            inside = rewards[(ticks > edges[p]) & (ticks <= edges[p + 1])]
            last = inside.mean() if len(inside) else last
            scores[r, p] = last
    return edges[1:], scores


def learner_health(rows: Rows) -> Figure:
    """KL divergence and entropy of each head, and explained variance, over ticks, for each group."""
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    panels = {
        "kl/": "KL per head [nats]",
        "entropy/": "entropy per head [nats]",
        "explained_variance": "explained variance",
    }
    every = dict.fromkeys(name for row in rows for name in row)
    shown = {prefix: [name for name in every if f"/{prefix}" in f"/{name}"] for prefix in panels}
    labels = dict.fromkeys(
        name.replace(prefix, "").strip("/") for prefix, names in shown.items() for name in names
    )
    colours = {label: COLOURS[i % len(COLOURS)] for i, label in enumerate(filter(None, labels))}
    lines: dict[str, Any] = {}
    for axes, (prefix, title) in zip(figure.subplots(1, len(panels)), panels.items(), strict=True):
        for name in shown[prefix]:
            label = name.replace(prefix, "").strip("/")
            seen = [row for row in rows if name in row]
            (line,) = axes.plot(
                [row["ticks"] for row in seen],
                [row[name] for row in seen],
                lw=1.2,
                marker="." if len(seen) == 1 else "",
                color=colours.get(label, COLOURS[0]),
            )
            if label:
                lines[label] = line
        if prefix == "explained_variance":
            axes.set_ylim(-0.25, 1.05)
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("ticks")
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(3))
    if lines:
        figure.legend(lines.values(), lines.keys(), fontsize=7, loc="outside right center")
    return figure


def time_split(rows: Rows) -> Figure:
    """Wall-clock time of simulator, wire and learner."""
    figure = Figure(figsize=(7.5, 1.3))
    axes = figure.subplots()
    left = 0.0
    for i, part in enumerate(("simulator", "wire", "learner")):
        seconds = sum(row.get(f"time/{part}_s", 0.0) for row in rows)
        axes.barh([0], [seconds], left=left, color=COLOURS[i], label=f"{part} {seconds:.0f} s")
        left += seconds
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.set_xlabel("wall-clock time [s]")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def metric_bars(results: Results, metrics: Sequence[str]) -> Figure:
    """Mean and 95 % interval of each metric for every policy."""
    lines = -(-len(metrics) // 4)
    columns = -(-len(metrics) // lines)
    names = list(results["summary"])
    size = (1.4 + 2.2 * columns, 0.4 + lines * (0.7 + 0.26 * len(names)))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False)
    for axes in grid.flat[len(metrics) :]:
        axes.set_visible(False)
    for place, metric in enumerate(metrics):
        axes = grid.flat[place]
        for i, name in enumerate(names):
            entry = results["summary"][name][metric]
            mean = entry["mean"]
            if mean is None:
                continue
            axes.barh([i], [mean], color=COLOURS[i % len(COLOURS)], alpha=0.85)
            if entry["low"] is not None and entry["high"] is not None:
                reach = np.abs([[mean - entry["low"]], [entry["high"] - mean]])
                axes.errorbar([mean], [i], xerr=reach, color=mpl.rcParams["text.color"], capsize=2, lw=1)
        axes.set_yticks(range(len(names)), names if place % columns == 0 else [""] * len(names), fontsize=8)
        axes.set_ylim(len(names) - 0.4, -0.6)
        meta = results["metrics"][metric]
        better = "higher" if meta["higher_is_better"] else "lower"
        unit = "" if meta["unit"] == "1" else f" [{meta['unit']}]"
        title = textwrap.fill(f"{pretty(metric, meta['unit'])}{unit}", 28)
        axes.set_title(f"{title}\n{better} is better", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.grid(visible=False, axis="y")
    return figure


def parts(results: Results, metrics: Sequence[str]) -> Figure:
    """Shares of metrics that add up to a whole, for every policy; means over runs and episodes."""
    names = list(results["summary"])
    means = np.array(
        [[results["summary"][name][metric]["mean"] or 0.0 for metric in metrics] for name in names]
    )
    shares = 100 * means / np.maximum(means.sum(1, keepdims=True), 1e-12)
    figure = Figure(figsize=(7.5, 0.9 + 0.3 * len(names)))
    axes = figure.subplots()
    left = np.zeros(len(names))
    shown = [m for m in range(len(metrics)) if shares[:, m].any()]
    for place, m in enumerate(shown):
        colour, hatch = COLOURS[place % len(COLOURS)], _HATCHES[place // len(COLOURS) % len(_HATCHES)]
        label = pretty(metrics[m], results["metrics"][metrics[m]]["unit"])
        axes.barh(
            range(len(names)), shares[:, m], left=left, color=colour, hatch=hatch, label=label, height=0.7
        )
        for row, (share, begin) in enumerate(zip(shares[:, m], left, strict=True)):
            if share >= _SHOWN_SHARE:
                axes.text(begin + share / 2, row, f"{share:.0f}", ha="center", va="center", fontsize=7)
        left += shares[:, m]
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel("%")
    axes.grid(visible=False)
    if shown:
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def distribution(spread: Mapping[str, Any], policies: Sequence[str]) -> Figure:
    """Cumulative distribution of values, one line per policy; the axis covers 99 % of every policy's values."""
    figure = Figure(figsize=(7.5, 3.6))
    axes = figure.subplots()
    quantiles = {
        name: np.array(spread["quantiles"][name]) for name in policies if name in spread["quantiles"]
    }
    for place, name in enumerate(policies):
        if name in quantiles:
            share = np.linspace(0, 100, len(quantiles[name]))
            axes.plot(quantiles[name], share, lw=1.5, color=COLOURS[place % len(COLOURS)], label=name)
    if quantiles:
        ends = [np.quantile(values, [0, 0.99]) for values in quantiles.values()]
        low, high = min(end[0] for end in ends), max(end[1] for end in ends)
        axes.set_xlim(low, high if high > low else low + 1)
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
    axes.set_ylim(0, 100)
    unit = "" if spread["unit"] == "1" else f" [{spread['unit']}]"
    axes.set_xlabel(f"{spread['title'].lower()}{unit}")
    axes.set_ylabel("% of values up to it")
    return figure


def action_shares(results: Results) -> Figure:
    """How often each policy took each choice, over the decisions in which the head was active.

    Choices as percentages; real-valued heads as histograms over their range, each with its own scale.
    """
    heads, policies = results["heads"], results["policies"]
    columns: dict[str, np.ndarray[Any, Any]] = {}
    for name, head in heads.items():
        taken = np.array([policy["actions"][name] for policy in policies])
        # Choices at the end that nobody took, such as masked ones, are not shown.
        last = int(np.max(np.nonzero(taken.sum(0))[0], initial=0)) + 1
        columns[name] = taken[:, : max(last, 2)] if "choices" in head else taken
    widths = [
        max(1.2, 0.42 * shares.shape[1]) if "choices" in heads[n] else 2.0 for n, shares in columns.items()
    ]
    figure = Figure(figsize=(1.2 + 1.15 * sum(widths), 0.7 + 0.36 * len(policies)))
    grid = figure.subplots(1, len(heads), squeeze=False, width_ratios=widths)
    for place, (axes, (name, shares)) in enumerate(zip(grid.flat, columns.items(), strict=True)):
        head = heads[name]
        if "choices" in head:
            _percentages(
                axes, shares, [_short(choice, name) for choice in head["choices"][: shares.shape[1]]]
            )
        else:
            for row, share in enumerate(shares):
                edges = np.linspace(head["low"], head["high"], len(share) + 1)
                height = 0.8 * share / max(share.max(), 1e-9)
                axes.stairs(row + 0.4 - height, edges, baseline=row + 0.4, fill=True, color=COLOURS[0])
            axes.set_xlim(head["low"], head["high"])
        axes.set_title(name if head.get("unit", "1") == "1" else f"{name} [{head['unit']}]", fontsize=9)
        axes.set_ylim(len(policies) - 0.5, -0.5)
        labels = [policy["name"] if place == 0 else "" for policy in policies]
        axes.set_yticks(range(len(policies)), labels, fontsize=8)
        axes.tick_params(labelsize=8, length=0, axis="y")
        axes.tick_params(labelsize=7, axis="x")
        axes.grid(visible=False)
    figure.subplots_adjust(wspace=0.12)
    return figure


def _percentages(axes: Any, shares: np.ndarray[Any, Any], labels: Sequence[str]) -> None:
    """A table of percentages, shaded by size; rows without any decision stay empty."""
    for row, share in enumerate(shares):
        for column, value in enumerate(share):
            if share.sum() == 0:
                continue
            cell = (column - 0.5, row - 0.42), 1.0, 0.84
            axes.add_patch(Rectangle(*cell, color=COLOURS[0], alpha=0.85 * float(value), lw=0))
            axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center", fontsize=7)
    axes.set_xlim(-0.5, len(labels) - 0.5)
    axes.set_xticks(range(len(labels)), labels)
    if max(map(len, labels)) > _LABEL_LENGTH:
        axes.tick_params("x", rotation=35)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")


def _short(choice: str, head: str) -> str:
    return choice.removeprefix(head).strip("-_ ") or choice
