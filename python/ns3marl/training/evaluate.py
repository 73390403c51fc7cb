# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Evaluation: policies on the same fresh episodes, with intervals and paired differences.

The unit of all statistics is the episode, that is, its random seed. Intervals are percentile bootstraps (Efron 1979).
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from ns3marl.algorithms import heuristics
from ns3marl.config import Config
from ns3marl.errors import ConfigError
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.policy import ActionNoise, Policy
from ns3marl.training import checkpoint
from ns3marl.training.manifest import manifest
from ns3marl.training.progress import ProgressDisplay
from ns3marl.training.run import Environments, PoolFactory, open_pool
from ns3marl.training.tables import Recorder, TableWriter
from ns3marl.types import Actions, Bool, Final, Float64, Group, Int64, Metric, Spec

FILE = "results.json"
REWARD = Metric("reward_per_tick", "1", "team reward, mean over agents and ticks")
_BINS = 20


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval; NaN where there is nothing to measure, ends NaN below two values."""

    mean: float
    low: float
    high: float


@dataclass
class PolicyResult:
    """What one policy did in n episodes."""

    name: str
    runs: list[int]  #: ns-3 RngRun of each episode, the same for every policy
    metrics: dict[str, list[float]]  #: per metric, one value per episode
    actions: dict[
        str, list[float]
    ]  #: per head, how often each choice (or bin) was taken when the head counted
    ticks_per_s: float  #: over all environments, wall clock


def bootstrap(values: Sequence[float] | Float64, resamples: int, seed: int = 0) -> Interval:
    """Mean and 95 % percentile-bootstrap interval of independent values; NaNs are left out.

    Args:
        values: One per episode.
        resamples: How many samples to draw.
        seed: Of the resampling.
    """
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if len(finite) == 0:
        return Interval(np.nan, np.nan, np.nan)
    if len(finite) == 1:
        return Interval(float(finite[0]), np.nan, np.nan)
    rows = np.random.default_rng(seed).integers(len(finite), size=(resamples, len(finite)))
    low, high = np.quantile(finite[rows].mean(-1), [0.025, 0.975])
    return Interval(float(finite.mean()), float(low), float(high))


def evaluate(
    config: Config,
    policies: Sequence[str],
    folder: Path,
    *,
    console: Console | None = None,
    make_pool: PoolFactory = open_pool,
    tables: Path | None = None,
) -> Path:
    """Runs every policy on the same episodes and writes ``results.json``, ``summary.csv`` and ``episodes.csv``.

    Args:
        config: Scenario and evaluation options.
        policies: Heuristics by name, and checkpoints or run folders by path. Differences are against the first one.
        folder: Where to write.
        console: Where to show progress; standard error by default.
        make_pool: Opens the environments, see ``train``.
        tables: Where to write what happened tick by tick, see ``ns3marl.training.tables``; nowhere by default.

    Returns:
        The path of ``results.json``.

    Raises:
        ConfigError: A policy is unknown or does not fit, or training and evaluation share a seed.
        CheckpointError: A checkpoint cannot be used.
        SimulatorError, ProtocolError: A simulator failed.
    """
    torch.set_num_threads(1)
    if not policies:
        raise ConfigError("there is no policy to evaluate; name a run folder, a checkpoint or a heuristic")
    if config.evaluation.seed == config.training.seed:
        raise ConfigError(
            f"training.seed and evaluation.seed are both {config.training.seed}: a policy would meet episodes it was "
            "trained on; choose another evaluation.seed"
        )
    results: list[PolicyResult] = []
    with (
        ProgressDisplay("evaluating", console or Console(stderr=True)) as display,
        ExitStack() as stack,
    ):
        writer: TableWriter | None = None
        for index, source in enumerate(policies):
            envs = min(config.pool.num_envs, config.evaluation.episodes)
            with make_pool(config, config.evaluation.seed, envs, 1) as pool:
                name, policy = load_policy(source, pool.spec, greedy=config.evaluation.greedy)
                taken = [result.name for result in results]
                name = (
                    name if name not in taken else f"{name}-{1 + sum(t.split('-')[0] == name for t in taken)}"
                )

                def show(done: float, text: str, index: int = index, name: str = name) -> None:
                    display.show((index + done) / len(policies), f"{name}: {text}")

                if tables is not None and writer is None:
                    writer = stack.enter_context(TableWriter(tables, pool.spec))
                results.append(play(policy, name, pool, config, show, writer))
                spec, provenance = pool.spec, manifest(config, pool.spec, pool.hello)
    return _write(folder, config, spec, results, provenance)


def load_policy(source: str, spec: Spec, *, greedy: bool = False) -> tuple[str, Policy]:
    """The policy of a name or path, with a short name for tables.

    Raises:
        ConfigError: It is neither a heuristic nor a path.
        CheckpointError: The file cannot be used.
    """
    if source in heuristics.HEURISTICS:
        return source, heuristics.make(source, spec)
    path = Path(source)
    if not path.exists():
        raise ConfigError(
            f"no policy {source!r}: give a run folder, a checkpoint (.pt), or one of {', '.join(heuristics.HEURISTICS)}"
        )
    saved = checkpoint.load(path)
    policy = saved.policy(spec)
    policy.greedy = greedy
    return saved.algorithm, policy


def play(
    policy: Policy,
    name: str,
    pool: Environments,
    config: Config,
    show: Any = None,
    tables: TableWriter | None = None,
) -> PolicyResult:
    """Runs one policy for ``evaluation.episodes`` episodes of a pool.

    Args:
        policy: Who decides.
        name: For the result.
        pool: Fresh environments; episodes are numbered by their RngRun.
        config: Evaluation options.
        show: Called with the fraction done and a line of text.
        tables: Gets every episode that counts.
    """
    spec, episodes = pool.spec, config.evaluation.episodes
    noise = ActionNoise(config.evaluation.seed, pool.num_envs)
    tally = _Tally(spec)
    done: dict[int, tuple[Final, float]] = {}
    rewards = np.zeros(pool.num_envs)
    started_s, ticks = time.perf_counter(), 0
    batch = pool.reset()
    recorder = None if tables is None else Recorder(tables, name, batch)
    while True:
        # Environment e plays episodes e, e + E, …; what lies beyond the last one asked for is played but not counted.
        episode = noise.episodes + [final is not None for final in batch.final]
        counted: Bool = episode * pool.num_envs + np.arange(pool.num_envs) < episodes
        joint = policy.act(batch, noise.generators(batch))
        for g, actions in enumerate(joint):
            tally.add(g, actions, batch.groups[g].decides & counted[:, None])
        batch = pool.step(joint)
        if recorder is not None:
            recorder.add(batch, counted.tolist())
        ticks += pool.num_envs
        rewards += np.mean([group.rewards.mean(-1) for group in batch.groups], axis=0)
        for e, final in enumerate(batch.final):
            if final is not None:
                if counted[e]:
                    done[final.run] = final, float(rewards[e] / final.tick)
                rewards[e] = 0.0
        if len(done) >= episodes:
            break
        if show is not None:
            share = (len(done) + float(np.sum(batch.tick * counted)) / spec.ticks) / episodes
            show(min(share, 1.0), f"{ticks / (time.perf_counter() - started_s):.0f} ticks/s")
    runs = sorted(done)
    metrics = {REWARD.name: [done[run][1] for run in runs]}
    for m, metric in enumerate(spec.metrics):
        metrics[metric.name] = [float(done[run][0].metrics[m]) for run in runs]
    return PolicyResult(name, runs, metrics, tally.shares(), ticks / (time.perf_counter() - started_s))


def read(folder: Path) -> dict[str, Any] | None:
    """The results in a folder, or None if there are none."""
    path = folder / FILE
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


class _Tally:
    """Counts what agents chose with the heads that counted."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.heads = [Heads(group) for group in spec.groups]
        self.counts: dict[str, Float64] = {}
        for group in spec.groups:
            for head in group.discrete_heads:
                self.counts[_label(self.spec, group, head.name)] = np.zeros(len(head.choices))
            for real in group.continuous_heads:
                self.counts[_label(self.spec, group, real.name)] = np.zeros(_BINS)

    def add(self, g: int, actions: Actions, decides: Bool) -> None:
        """Counts the actions of the agents that decide, [B,A]."""
        group = self.spec.groups[g]
        discrete, real = actions.discrete[decides], actions.continuous[decides]
        counts = self.heads[g].counts(torch.from_numpy(discrete)).numpy() > 0
        for d, head in enumerate(group.discrete_heads):
            chosen: Int64 = discrete[counts[:, d], d].astype(np.int64)
            self.counts[_label(self.spec, group, head.name)] += np.bincount(
                chosen, minlength=len(head.choices)
            )
        for r, bounded in enumerate(group.continuous_heads):
            values = real[counts[:, len(group.discrete_heads) + r], r]
            histogram, _ = np.histogram(values, _BINS, (bounded.low, bounded.high))
            self.counts[_label(self.spec, group, bounded.name)] += histogram

    def shares(self) -> dict[str, list[float]]:
        """Shares that sum to 1 for each head, or zeros where the head never counted."""
        return {name: (counts / max(counts.sum(), 1)).tolist() for name, counts in self.counts.items()}


def _label(spec: Spec, group: Group, head: str) -> str:
    """Name of a head among those of all groups."""
    return head if len(spec.groups) == 1 else f"{group.name}/{head}"


def _write(
    folder: Path, config: Config, spec: Spec, results: Sequence[PolicyResult], provenance: dict[str, Any]
) -> Path:
    resamples = config.evaluation.bootstrap
    metrics = (REWARD, *spec.metrics)
    reference = results[0]
    summary: dict[str, dict[str, Any]] = {}
    for result in results:
        rows: dict[str, Any] = {}
        for metric in metrics:
            values = np.array(result.metrics[metric.name])
            difference = values - np.array(reference.metrics[metric.name])
            rows[metric.name] = {
                **_plain(bootstrap(values, resamples)),
                "difference": None if result is reference else _plain(bootstrap(difference, resamples)),
            }
        summary[result.name] = rows
    heads: dict[str, Any] = {}
    for group in spec.groups:
        for head in group.discrete_heads:
            heads[_label(spec, group, head.name)] = {"choices": list(head.choices)}
        for real in group.continuous_heads:
            heads[_label(spec, group, real.name)] = {
                "low": real.low,
                "high": real.high,
                "unit": real.unit,
            }
    content = {
        "manifest": provenance,
        "episodes": config.evaluation.episodes,
        "seed": config.evaluation.seed,
        "greedy": config.evaluation.greedy,
        "interval": "95 % percentile bootstrap of the mean over episodes",
        "reference": reference.name,
        "metrics": {
            m.name: {"unit": m.unit, "description": m.description, "higher_is_better": m.higher_is_better}
            for m in metrics
        },
        "heads": heads,
        "summary": summary,
        "policies": [
            {
                "name": r.name,
                "central": r.name in heuristics.CENTRAL,
                "runs": r.runs,
                "ticks_per_s": r.ticks_per_s,
                "actions": r.actions,
                "values": {name: [_number(v) for v in values] for name, values in r.metrics.items()},
            }
            for r in results
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    with (folder / "summary.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(
            [
                "policy",
                "metric",
                "unit",
                "mean",
                "low",
                "high",
                "difference",
                "difference_low",
                "difference_high",
            ]
        )
        for name, rows in summary.items():
            for metric in metrics:
                row = rows[metric.name]
                gap = row["difference"] or {"mean": None, "low": None, "high": None}
                table.writerow(
                    [name, metric.name, metric.unit, row["mean"], row["low"], row["high"], *gap.values()]
                )
    with (folder / "episodes.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["policy", "rng_run", *(m.name for m in metrics)])
        for r in results:
            for i, run in enumerate(r.runs):
                table.writerow([r.name, run, *(r.metrics[m.name][i] for m in metrics)])
    return path


def _plain(interval: Interval) -> dict[str, float | None]:
    return {"mean": _number(interval.mean), "low": _number(interval.low), "high": _number(interval.high)}


def _number(value: float) -> float | None:
    """JSON knows no NaN."""
    return value if np.isfinite(value) else None
