# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Evaluation: policies on the same fresh episodes, with intervals and paired differences.

Every run of every policy plays the same episodes. Intervals and their assumptions: ``ns3marl.evaluation.statistics``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from ns3marl.config import Config, refuse_shared_seed
from ns3marl.errors import ConfigError
from ns3marl.evaluation.comparison import REWARD, Entry, PolicyResult, label, write
from ns3marl.evaluation.tables import Recorder, TableWriter
from ns3marl.launch.environments import Environments, PoolFactory, evaluated, open_pool
from ns3marl.manifest import manifest
from ns3marl.progress import ProgressDisplay, Report
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.policy import Policy, action_generators
from ns3marl.scenarios.aiot_mec import policies as heuristics
from ns3marl.training import checkpoint, experiment
from ns3marl.types import Actions, Bool, Final, Float64, Int64, Spec

_BINS = 20


def evaluate(
    config: Config,
    policies: Sequence[str],
    folder: Path,
    *,
    console: Console | Report | None = None,
    make_pool: PoolFactory = open_pool,
    tables: Path | None = None,
) -> Path:
    """Runs every policy on the same episodes and writes ``results.json``, ``summary.csv`` and ``episodes.csv``.

    Args:
        config: Scenario and evaluation options; ``evaluation.backend`` decides where policies play.
        policies: Heuristics by name; checkpoints, run folders and experiments by path, see ``gather``. Differences are
            against the first one.
        folder: Where to write.
        console: Where to show progress, or who is told; standard error by default.
        make_pool: Opens the environments, see ``train``.
        tables: Where to write what happened tick by tick, see ``ns3marl.evaluation.tables``; nowhere by default.

    Returns:
        The path of ``results.json``.

    Raises:
        ConfigError: A policy is unknown or does not fit, or training and evaluation share a seed.
        CheckpointError: A checkpoint cannot be used.
        SimulatorError, ProtocolError: A simulator failed.
    """
    torch.set_num_threads(1)
    config = evaluated(config)
    if not policies:
        raise ConfigError("there is no policy to evaluate; name a run folder, a checkpoint or a heuristic")
    entries = gather(policies)
    refuse_shared_seed(config, [config.training.seed, *(seed for entry in entries for seed in entry.seeds)])
    total, done = sum(len(entry.sources) for entry in entries), 0
    with (
        ProgressDisplay("evaluating", console or Console(stderr=True)) as display,
        ExitStack() as stack,
    ):
        writer: TableWriter | None = None
        for entry in entries:
            for source in entry.sources:
                envs = min(config.pool.num_envs, config.evaluation.episodes)
                with make_pool(config, config.evaluation.seed, envs, 1) as pool:
                    _, policy = load_policy(source, pool.spec, greedy=config.evaluation.greedy)
                    entry.central = source in heuristics.CENTRAL or getattr(
                        policy, "central_execution", False
                    )
                    entry.notes = getattr(policy, "notes", "")
                    row = len(entry.results)
                    name = entry.name if len(entry.sources) == 1 else f"{entry.name}/seed-{entry.seeds[row]}"

                    def show(share: float, text: str, done: int = done, name: str = name) -> None:
                        display.show((done + share) / total, f"{name}: {text}")

                    if tables is not None and writer is None:
                        writer = stack.enter_context(TableWriter(tables, pool.spec))
                    entry.results.append(play(policy, name, pool, config, show, writer))
                    spec, provenance = pool.spec, manifest(config, pool.spec, pool.hello)
                done += 1
    return write(folder, config, spec, entries, provenance)


def gather(policies: Sequence[str]) -> list[Entry]:
    """What is compared: run folders that differ only in their training seed are one entry, an experiment is its runs.

    Args:
        policies: Heuristics by name; checkpoints, run folders and experiments by path.

    Raises:
        ConfigError: A name is unknown, or an experiment is unfinished.
        CheckpointError: A checkpoint cannot be used.
    """
    entries: list[Entry] = []
    alike: dict[str, Entry] = {}
    for policy in policies:
        for source in experiment.members(policy):
            made = None if source in heuristics.HEURISTICS else experiment.made_by(Path(source))
            kind, seed = made or ("", 0)
            key = (
                policy if source != policy else kind
            )  # the runs of an experiment belong together in any case
            entry = alike.get(key)
            if entry is None or made is None or seed in entry.seeds:
                entry = Entry(_free_name(_name(source), source, entries), [])
                entries.append(entry)
            if made is not None:
                alike[key] = entry
                entry.seeds.append(seed)
            entry.sources.append(source)
    return entries


def _name(source: str) -> str:
    if source in heuristics.HEURISTICS:
        return source
    path = Path(source)
    if not path.exists():
        raise ConfigError(
            f"no policy {source!r}: give a run folder, a checkpoint (.pt), or one of {', '.join(heuristics.HEURISTICS)}"
        )
    return checkpoint.load(path).algorithm


def _free_name(name: str, source: str, entries: Sequence[Entry]) -> str:
    taken = {entry.name for entry in entries}
    number = 2
    if name in taken and source != name:
        name = f"{name}:{_run_name(Path(source))}"
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def _run_name(path: Path) -> str:
    """What a person calls a run: its folder, of a run of an experiment that one's, of a checkpoint that of its run."""
    if path.suffix == ".pt" and path.parent.name == "checkpoints":
        path = path.parent.parent
    return path.parent.name if path.name.startswith("seed-") else path.stem


def load_policy(source: str, spec: Spec, *, greedy: bool = False) -> tuple[str, Policy]:
    """The policy of a name or path, with a short name for tables.

    Raises:
        ConfigError: It is neither a heuristic nor a path.
        CheckpointError: The file cannot be used.
    """
    if source in heuristics.HEURISTICS:
        return source, heuristics.make(source, spec)
    name = _name(source)
    saved = checkpoint.load(Path(source))
    policy = saved.policy(spec)
    policy.greedy = greedy
    return name, policy


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
    envs = pool.num_envs
    tally = _Tally(spec)
    done: dict[int, tuple[Final, float]] = {}
    rewards = np.zeros(envs)
    started_s, ticks = time.perf_counter(), 0
    batch = pool.reset()
    recorder = None if tables is None else Recorder(tables, name, batch)
    # Environment e plays episodes e, e + E, …; what lies beyond the last one asked for is played but not counted. Noise is
    # keyed by episode and tick, so that results do not depend on E.
    episode = np.arange(envs)
    while True:
        episode += [envs * (final is not None) for final in batch.final]
        counted: Bool = episode < episodes
        noise = action_generators(config.evaluation.seed, (1 + episode).tolist(), batch.tick.tolist())
        joint = policy.act(batch, noise)
        for g, actions in enumerate(joint):
            tally.add(g, actions, batch.groups[g].active & counted[:, None])
        batch = pool.step(joint)
        if recorder is not None:
            recorder.add(batch, counted.tolist())
        ticks += envs
        rewards += np.mean([group.rewards.mean(-1) for group in batch.groups], axis=0)
        for e, final in enumerate(batch.final):
            if final is not None:
                if counted[e]:
                    done[final.run] = final, float(rewards[e] / final.tick)
                rewards[e] = 0.0
        if len(done) >= episodes:
            break
        if show is not None:
            share = (len(done) + float(np.sum(batch.sim_time_ns * counted)) / spec.episode_ns) / episodes
            show(min(share, 1.0), f"{ticks / (time.perf_counter() - started_s):.0f} ticks/s")
    runs = sorted(done)
    metrics = {REWARD.name: [done[run][1] for run in runs]}
    for m, metric in enumerate(spec.metrics):
        metrics[metric.name] = [float(done[run][0].metrics[m]) for run in runs]
    return PolicyResult(name, runs, metrics, tally.shares(), ticks / (time.perf_counter() - started_s))


class _Tally:
    """Counts what agents chose with the heads that counted."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.heads = [Heads(group) for group in spec.groups]
        self.counts: dict[str, Float64] = {}
        for group in spec.groups:
            for head in group.discrete_heads:
                self.counts[label(self.spec, group, head.name)] = np.zeros(len(head.choices))
            for real in group.continuous_heads:
                self.counts[label(self.spec, group, real.name)] = np.zeros(_BINS)

    def add(self, g: int, actions: Actions, active: Bool) -> None:
        """Counts the actions of the agents that decide, [B,A]."""
        group = self.spec.groups[g]
        discrete, real = actions.discrete[active], actions.continuous[active]
        counts = self.heads[g].counts(torch.from_numpy(discrete)).numpy() > 0
        for d, head in enumerate(group.discrete_heads):
            chosen: Int64 = discrete[counts[:, d], d].astype(np.int64)
            self.counts[label(self.spec, group, head.name)] += np.bincount(
                chosen, minlength=len(head.choices)
            )
        for r, bounded in enumerate(group.continuous_heads):
            values = real[counts[:, len(group.discrete_heads) + r], r]
            histogram, _ = np.histogram(values, _BINS, (bounded.low, bounded.high))
            self.counts[label(self.spec, group, bounded.name)] += histogram

    def shares(self) -> dict[str, list[float]]:
        """Shares that sum to 1 for each head, or zeros where the head never counted."""
        return {name: (counts / max(counts.sum(), 1)).tolist() for name, counts in self.counts.items()}
