# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Evaluation: policies on the same fresh episodes, with intervals and paired differences.

Every run of every policy plays the same episodes. Intervals and their assumptions: ``ns3marl.evaluation.statistics``.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from ns3marl import files
from ns3marl import home as homes
from ns3marl import policies as simple
from ns3marl.config import Config, refuse_shared_seed
from ns3marl.errors import ConfigError, Ns3MarlError
from ns3marl.evaluation.comparison import REWARD, Entry, PolicyResult, label, write
from ns3marl.evaluation.distributions import distributions
from ns3marl.evaluation.tables import Recorder, TableWriter
from ns3marl.home import ScenarioHome
from ns3marl.launch.environments import Environments, PoolFactory, evaluated, open_pool
from ns3marl.manifest import manifest
from ns3marl.options import near
from ns3marl.progress import ProgressDisplay, Report
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.policy import Policy, action_generators
from ns3marl.rl.rewards import team_reward
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

    A policy fails if it does not fit the scenario, takes a forbidden action or loses its simulators. Then only its own rows are missing:
    the others are evaluated, and ``failures`` in ``results.json`` contains its error.

    Args:
        config: Scenario and evaluation options; ``evaluation.backend`` selects the simulator.
        policies: Simple policies by name; checkpoints, run folders and experiments by path, see ``gather``. Differences are
            against the first one that did not fail.
        folder: Where to write.
        console: Console or function that gets progress; standard error by default.
        make_pool: Opens the environments, see ``train``.
        tables: Folder for tables of every tick, see ``ns3marl.evaluation.tables``; none by default.

    Returns:
        The path of ``results.json``.

    Raises:
        ConfigError: A policy is unknown, or training and evaluation share a seed.
        CheckpointError: A checkpoint cannot be read.
        OutputError: Results or tables cannot be written.
        Ns3MarlError: Every policy failed; this is the error of the first.
    """
    torch.set_num_threads(1)
    config = evaluated(config)
    home = homes.find(config.scenario.name)
    if not policies:
        raise ConfigError(
            "there is no policy to evaluate; name a run folder, a checkpoint or a simple policy"
        )
    entries = gather(policies, home)
    refuse_shared_seed(config, [config.training.seed, *(seed for entry in entries for seed in entry.seeds)])
    files.make_folder(folder)  # known before hours are spent
    if tables is not None:
        files.make_folder(tables, "choose another folder with --tables")
    total, done = sum(len(entry.sources) for entry in entries), 0
    failures: dict[str, Exception] = {}
    context: tuple[Spec, dict[str, Any]] | None = None
    with (
        ProgressDisplay("evaluating", console or Console(stderr=True)) as display,
        ExitStack() as stack,
    ):
        writer: TableWriter | None = None
        for entry in entries:
            for row, source in enumerate(entry.sources):
                name = _run_names(entry)[row]

                def show(share: float, text: str, done: int = done, name: str = name) -> None:
                    display.show((done + share) / total, f"{name}: {text}")

                envs = min(config.pool.num_envs, config.evaluation.episodes)
                try:
                    weights = None if simple.is_known(source, home) else checkpoint.digest(Path(source))
                    with make_pool(opened_for(config, source, home), config.evaluation.seed, envs, 1) as pool:
                        _, policy = load_policy(source, pool.spec, home, greedy=config.evaluation.greedy)
                        entry.central = is_central(source, policy, home)
                        entry.notes = getattr(policy, "notes", "")
                        if tables is not None and writer is None:
                            writer = stack.enter_context(TableWriter(tables, pool.spec))
                        entry.results.append(play(policy, name, pool, config, show, writer))
                        entry.checkpoints += [weights] if weights is not None else []
                        context = pool.spec, manifest(config, pool.spec, pool.hello)
                except Exception as error:  # noqa: BLE001 - a policy is anybody's code, and the others' hours are kept
                    failures[entry.name] = error
                    break
                finally:
                    done += 1
    if context is None:
        raise next(iter(failures.values()))
    whole = [entry for entry in entries if entry.name not in failures]
    if not whole:
        raise next(iter(failures.values()))
    spec, provenance = context
    told = {name: _told(error) for name, error in failures.items()}
    runs = {entry.name: _run_names(entry) for entry in whole}
    spread = [] if tables is None else distributions(tables, home.distributions, runs)
    return write(folder, config, spec, whole, provenance, told, home, spread)


def _run_names(entry: Entry) -> list[str]:
    """Names of the runs of a policy in tables and on the display."""
    if len(entry.sources) == 1:
        return [entry.name]
    return [f"{entry.name}/seed-{seed}" for seed in entry.seeds]


def _told(error: Exception) -> str:
    if isinstance(error, Ns3MarlError):
        return f"{type(error).__name__}: {error}"
    return homes.describe(error)


def opened_for(config: Config, source: str, home: ScenarioHome) -> Config:
    """The configuration that opens environments for a policy, with the observations that it needs."""
    if config.pool.builtin or not simple.needs_builtin(source, home):
        return config
    return dataclasses.replace(config, pool=dataclasses.replace(config.pool, builtin=True))


def is_central(source: str, policy: Policy, home: ScenarioHome) -> bool:
    """Whether a policy uses information at execution that no agent has on its own."""
    if simple.is_known(source, home):
        return simple.parse(source, home)[0].central
    return bool(getattr(policy, "central_execution", False))


def gather(policies: Sequence[str], home: ScenarioHome) -> list[Entry]:
    """The entries of a comparison. Run folders that differ only in their training seed become one entry.

    Args:
        policies: Simple policies by name, perhaps with options; checkpoints, run folders and experiments by path.
        home: Descriptor of the scenario.

    Raises:
        ConfigError: A name is unknown, or an experiment is unfinished.
        CheckpointError: A checkpoint cannot be used.
    """
    entries: list[Entry] = []
    alike: dict[str, Entry] = {}
    for policy in policies:
        for source in experiment.members(policy):
            made = None if simple.is_known(source, home) else experiment.made_by(Path(source))
            kind, seed = made or ("", 0)
            key = (
                policy if source != policy else kind
            )  # the runs of an experiment belong together in any case
            entry = alike.get(key)
            if entry is None or made is None or seed in entry.seeds:
                entry = Entry(free_name(_name(source, home), source, entries), [])
                entries.append(entry)
            if made is not None:
                alike[key] = entry
                entry.seeds.append(seed)
            entry.sources.append(source)
    return entries


def _name(source: str, home: ScenarioHome) -> str:
    if simple.is_known(source, home):
        simple.parse(source, home)
        return source
    path = Path(source)
    if not path.exists():
        of, known = f" of scenario {home.name!r}" if home.name else "", simple.known(home)
        raise ConfigError(
            f"no policy {source!r}{near(source, known)}: give a run folder, a checkpoint (.pt), or one of the simple policies{of}: {', '.join(known)}"
        )
    return checkpoint.load(path).algorithm


def free_name(name: str, source: str, entries: Sequence[Entry]) -> str:
    """A name for a policy that no entry has: with its folder's name, or a number, where it is taken."""
    taken = {entry.name for entry in entries}
    number = 2
    if name in taken and source != name:
        name = f"{name}:{_run_name(Path(source))}"
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def _run_name(path: Path) -> str:
    """The name of a run: its folder; the experiment's for a run of an experiment, the run's for a checkpoint."""
    if path.suffix == ".pt" and path.parent.name == "checkpoints":
        path = path.parent.parent
    return path.parent.name if path.name.startswith("seed-") else path.stem


def load_policy(
    source: str, spec: Spec, home: ScenarioHome | None = None, *, greedy: bool = False
) -> tuple[str, Policy]:
    """The policy with a name or path, and a short name for tables.

    Args:
        source: Simple policy by name; checkpoint or run folder by path.
        spec: Spec of the environments.
        home: Descriptor of the scenario; by default that of the spec's scenario.
        greedy: Whether a trained policy takes its most probable actions.

    Raises:
        ConfigError: It is neither a simple policy nor a path.
        CheckpointError: The file cannot be used.
    """
    home = homes.find(spec.scenario) if home is None else home
    if simple.is_known(source, home):
        return source, simple.make(source, spec, home)
    name = _name(source, home)
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
        policy: Chooses the actions.
        name: Name in the result.
        pool: New environments; episodes are numbered by their RngRun.
        config: Evaluation options.
        show: Called with the fraction done and a line of text.
        tables: Gets every counted episode.
    """
    spec, episodes = pool.spec, config.evaluation.episodes
    envs = pool.num_envs
    tally = _Tally(spec)
    done: dict[int, tuple[Final, float]] = {}
    rewards = np.zeros(envs)
    started_s, ticks = time.perf_counter(), 0
    batch = pool.reset()
    recorder = None if tables is None else Recorder(tables, name, batch)
    first_run = int(batch.run.min())
    while True:
        # What lies beyond the last episode asked for is played but not counted.
        counted: Bool = batch.run < first_run + episodes
        joint = policy.act(batch, action_generators(batch))
        for g, actions in enumerate(joint):
            tally.add(g, actions, batch.groups[g].active & counted[:, None])
        present = [group.present for group in batch.groups]
        batch = pool.step(joint)
        if recorder is not None:
            recorder.add(batch, counted.tolist())
        ticks += envs
        rewards += team_reward([group.rewards for group in batch.groups], present)
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
    """Counts the choices of active agents, per head, where the head was active."""

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
        """Counts the actions of a group where ``active``, [B,A]."""
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
        """Shares that sum to 1 for each head, or zeros where the head was never active."""
        return {name: (counts / max(counts.sum(), 1)).tolist() for name, counts in self.counts.items()}
