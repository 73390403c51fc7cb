# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Results of an evaluation: policies with their runs, statistics, and the files with both."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from ns3marl import files
from ns3marl.config import Config
from ns3marl.evaluation import statistics
from ns3marl.evaluation.statistics import Interval
from ns3marl.home import ScenarioHome
from ns3marl.types import Float64, Group, Metric, Spec

FILE = "results.json"
REWARD = Metric("reward_per_tick", "1", "team reward, mean over agents and ticks")


@dataclass
class PolicyResult:
    """Results of one policy in n episodes."""

    name: str
    runs: list[int]  #: ns-3 RngRun of each episode, the same for every policy
    metrics: dict[str, list[float]]  #: per metric, one value per episode
    actions: dict[str, list[float]]  #: per head, shares of its choices (or bins) while it was active
    ticks_per_s: float  #: over all environments, wall clock


@dataclass
class Entry:
    """A policy in the comparison: a simple one, or the runs of one configuration with several training seeds."""

    name: str
    sources: list[str]
    seeds: list[int] = field(default_factory=list)  #: training seeds, one per run; none for simple policies
    central: bool = False  #: acts on what no agent could observe on its own
    notes: str = ""  #: shown beside its name in tables, such as levels of discretised heads
    results: list[PolicyResult] = field(default_factory=list)  #: one per run
    checkpoints: list[str] = field(default_factory=list)  #: SHA-256 of each run's; none for simple policies

    def scores(self, metric: str) -> Float64:
        """[R,M]: runs and episodes."""
        return np.array([result.metrics[metric] for result in self.results], dtype=np.float64)

    def shares(self) -> dict[str, list[float]]:
        """Shares of choices, mean over the runs."""
        first = self.results[0].actions
        return {
            head: np.mean([result.actions[head] for result in self.results], axis=0).tolist()
            for head in first
        }


def label(spec: Spec, group: Group, head: str) -> str:
    """Name of a head among those of all groups."""
    return head if len(spec.groups) == 1 else f"{group.name}/{head}"


def heads_of(spec: Spec) -> dict[str, Any]:
    """Meaning of the columns of action shares, by head: names of choices, or range and unit of a real-valued head."""
    heads: dict[str, Any] = {}
    for group in spec.groups:
        for head in group.discrete_heads:
            heads[label(spec, group, head.name)] = {"choices": list(head.choices)}
        for real in group.continuous_heads:
            heads[label(spec, group, real.name)] = {"low": real.low, "high": real.high, "unit": real.unit}
    return heads


def summarise(
    entries: Sequence[Entry], metrics: Sequence[Metric], heads: dict[str, Any], resamples: int
) -> dict[str, Any]:
    """The comparison as plain values for ``results.json``. The first entry is the reference of all differences.

    Args:
        entries: Policies with results on the same episodes.
        metrics: The metrics to summarise; every result has values for all of them.
        heads: Meaning of the columns of action shares, see ``heads_of``.
        resamples: Number of bootstrap resamples for each interval.
    """
    reference = entries[0]
    summary: dict[str, dict[str, Any]] = {}
    for entry in entries:
        rows: dict[str, Any] = {}
        for metric in metrics:
            ours, theirs = entry.scores(metric.name), reference.scores(metric.name)
            middle = statistics.stratified_bootstrap([ours], statistics.iqm, resamples)
            rows[metric.name] = {
                **_plain(statistics.stratified_bootstrap([ours], statistics.mean, resamples), "mean"),
                "iqm": _plain(middle, "value"),
                "difference": None,
                "improvement": None,
            }
            if entry is not reference:
                better = metric.higher_is_better
                gap = statistics.difference(ours, theirs, resamples)
                chance = statistics.improvement(ours, theirs, resamples, higher_is_better=better)
                rows[metric.name] |= {
                    "difference": _plain(gap, "mean"),
                    "improvement": _plain(chance, "value"),
                }
        summary[entry.name] = rows
    return {
        "interval": "95 % percentile bootstrap over training runs and episodes, both drawn as a whole",
        "reference": reference.name,
        "metrics": {
            m.name: {"unit": m.unit, "description": m.description, "higher_is_better": m.higher_is_better}
            for m in metrics
        },
        "heads": heads,
        "summary": summary,
        "policies": [
            {
                "name": entry.name,
                "central": entry.central,
                "notes": entry.notes,
                "seeds": entry.seeds,
                "sources": entry.sources,
                "checkpoints": entry.checkpoints,
                "runs": entry.results[0].runs,
                "ticks_per_s": float(np.mean([result.ticks_per_s for result in entry.results])),
                "actions": entry.shares(),
                "values": {
                    m.name: [[_number(v) for v in row] for row in entry.scores(m.name).tolist()]
                    for m in metrics
                },
            }
            for entry in entries
        ],
    }


def write(
    folder: Path,
    config: Config,
    spec: Spec,
    entries: Sequence[Entry],
    provenance: dict[str, Any],
    failures: Mapping[str, str],
    home: ScenarioHome,
    distributions: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Writes ``results.json``, ``summary.csv`` and ``episodes.csv``.

    Args:
        folder: Where to write.
        config: Configuration with the evaluation options.
        spec: Spec of the environments.
        entries: The compared policies.
        provenance: See ``ns3marl.manifest``.
        failures: Errors of policies that could not be evaluated, by name.
        home: Descriptor of the scenario: which metrics come first, after the reward, and which add up to a whole.
        distributions: Distributions from tables, see ``ns3marl.evaluation.distributions``.

    Returns:
        The path of ``results.json``.

    Raises:
        OutputError: A file cannot be written; its previous version stays.
    """
    leading = [metric for name in home.metrics for metric in spec.metrics if metric.name == name]
    metrics = (REWARD, *leading, *(metric for metric in spec.metrics if metric not in leading))
    options = config.evaluation
    about = {
        "manifest": provenance,
        "episodes": options.episodes,
        "seed": options.seed,
        "greedy": options.greedy,
        "failures": dict(failures),
        "parts": {
            title: [name for name in names if name in {metric.name for metric in metrics}]
            for title, names in home.parts.items()
        },
        "distributions": list(distributions),
    }
    return save(folder, about, entries, metrics, heads_of(spec), options.bootstrap)


def save(
    folder: Path,
    about: Mapping[str, Any],
    entries: Sequence[Entry],
    metrics: Sequence[Metric],
    heads: dict[str, Any],
    resamples: int,
) -> Path:
    """Summarises policies and writes ``results.json``, ``summary.csv`` and ``episodes.csv``.

    Args:
        folder: Where to write.
        about: What ``results.json`` holds besides the summary.
        entries: Who was compared.
        metrics: See ``summarise``, as the two others.
        heads: Meaning of the columns of action shares.
        resamples: Number of bootstrap resamples.

    Returns:
        The path of ``results.json``.

    Raises:
        OutputError: A file cannot be written; the one before it stays.
    """
    content = {**about, **summarise(entries, metrics, heads, resamples)}
    path = folder / FILE
    files.write(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
    files.write(folder / "summary.csv", _csv(_summary_rows(entries, metrics, content["summary"])))
    files.write(folder / "episodes.csv", _csv(_episode_rows(entries, metrics)))
    return path


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _summary_rows(
    entries: Sequence[Entry], metrics: Sequence[Metric], summary: dict[str, Any]
) -> Iterator[Sequence[Any]]:
    # Columns of an interval: those of the mean are named by its keys, the others by "PART", "PART_low", "PART_high".
    parts = {"": "mean", "iqm": "value", "difference": "mean", "improvement": "value"}
    columns = [
        [part or point, f"{part}_low".lstrip("_"), f"{part}_high".lstrip("_")]
        for part, point in parts.items()
    ]
    yield ["policy", "notes", "metric", "unit", *chain.from_iterable(columns)]
    for entry in entries:
        for metric in metrics:
            row = summary[entry.name][metric.name]
            cells = [
                ((row[part] if part else row) or {}).get(key)
                for part, point in parts.items()
                for key in (point, "low", "high")
            ]
            yield [entry.name, entry.notes, metric.name, metric.unit, *cells]


def _episode_rows(entries: Sequence[Entry], metrics: Sequence[Metric]) -> Iterator[Sequence[Any]]:
    yield ["policy", "notes", "training_seed", "rng_run", *(m.name for m in metrics)]
    for entry in entries:
        seeds: list[int | None] = [*entry.seeds] or [None]
        for seed, result in zip(seeds, entry.results, strict=True):
            for i, run in enumerate(result.runs):
                yield [entry.name, entry.notes, seed, run, *(result.metrics[m.name][i] for m in metrics)]


def read(folder: Path) -> dict[str, Any] | None:
    """The results in a folder, or None if there are none.

    Raises:
        ConfigError: The file is damaged.
    """
    return files.read_json(folder / FILE)


def _plain(interval: Interval, name: str) -> dict[str, float | None]:
    return {name: _number(interval.value), "low": _number(interval.low), "high": _number(interval.high)}


def _number(value: float) -> float | None:
    """A value for JSON, which has no NaN."""
    return value if np.isfinite(value) else None
