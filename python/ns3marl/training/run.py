# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Training: from a configuration to a run folder.

    RUN/config.toml          the resolved configuration
        manifest.json        versions, seeds, commit, machine
        metrics.jsonl, .csv  metrics of every update
        tensorboard/         the same, live
        checkpoints/last.pt  the learner
        evaluation/, report.html, report.md   from ``evaluate`` and ``report``

Runs are reproducible for a given number of ticks: the same configuration gives the same weights, whatever the machine's
speed, and whether it was stopped and resumed or not: unfinished episodes are played again up to where they stood. The exception
is A3C, whose workers race by design (``asynchronous``).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from ns3marl.algorithms import registry
from ns3marl.algorithms.a3c import A3c
from ns3marl.config import Config, TrainingOptions, dumps, refuse_shared_seed
from ns3marl.errors import ConfigError
from ns3marl.launch.environments import Environments, PoolFactory, open_pool
from ns3marl.launch.interrupt import stop_on_signal
from ns3marl.manifest import manifest
from ns3marl.progress import ProgressDisplay, Report
from ns3marl.rl.learner import Learner
from ns3marl.rl.policy import action_generators
from ns3marl.training import checkpoint, metrics
from ns3marl.training.asynchronous import Workers
from ns3marl.training.checkpoint import Checkpoint, Progress
from ns3marl.training.metrics import RunLog


def train(
    config: Config,
    folder: Path,
    *,
    resume: bool = False,
    console: Console | Report | None = None,
    make_pool: PoolFactory = open_pool,
) -> Path:
    """Trains until the budget is spent or Ctrl-C is pressed, and leaves a checkpoint either way.

    Args:
        config: What to train.
        folder: The run folder; it must not hold a run yet, unless ``resume``.
        resume: Continue the run in ``folder`` from its last checkpoint.
        console: Where to show progress, or who is told; standard error by default.
        make_pool: Opens the environments (configuration, RngSeed, number, first RngRun), whose actions are recorded.

    Returns:
        The run folder.

    Raises:
        ConfigError: The folder is taken, the budget of the resumed run is spent, or training and evaluation share a seed.
        CheckpointError: The checkpoint to resume from, or to start from, cannot be used.
        SimulatorError, ProtocolError: A simulator failed; the last checkpoint stays.
    """
    torch.set_num_threads(1)
    last = folder / "checkpoints" / "last.pt"
    if not resume and (folder / "config.toml").exists():
        raise ConfigError(
            f"{folder} holds a run already; choose another folder, or continue it with --resume"
        )
    refuse_shared_seed(config, [config.training.seed])
    saved = checkpoint.load(last) if resume else None
    progress = saved.progress if saved else Progress()
    if spent(config, progress) >= 1:
        raise ConfigError(
            f"{folder} has spent its budget ({progress.ticks} ticks, {progress.wall_s / 60:.1f} minutes); raise it with "
            "--set training.ticks=… or --set training.minutes=…"
        )
    options, num_envs = config.training, config.pool.num_envs
    with ExitStack() as environments:
        pool = environments.enter_context(make_pool(config, options.seed, num_envs, 1))
        learner = registry.configured(config, pool.spec)
        if saved is None and options.start_from:
            checkpoint.load(start(options)).begin(learner, options.algorithm)
        if saved:
            saved.restore(learner)
            metrics.rewind(folder, progress.updates)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(dumps(config), encoding="utf-8")
        if not resume:
            text = json.dumps(manifest(config, pool.spec, pool.hello), indent=2)
            (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
        with (
            RunLog(folder, tensorboard=options.tensorboard, wandb=options.wandb) as log,
            ProgressDisplay("training", console or Console(stderr=True), spent(config, progress)) as display,
            stop_on_signal() as stop,
        ):
            if isinstance(learner, A3c):
                environments.close()  # its workers open their own
                Workers(config, learner, progress, saved, log, display, last, make_pool).run(stop)
            else:
                _Loop(config, pool, learner, progress, saved, log, display, last).run(stop)
    return folder


def start(options: TrainingOptions) -> Path:
    """The run that a training starts from: of an experiment the run with the same seed."""
    folder = Path(options.start_from)
    own = folder / f"seed-{options.seed}"
    return own if own.exists() else folder


def taken_up(folder: Path) -> bool:
    """Whether a run can be gone on with: it has a checkpoint. One that was ended before its first is removed, to begin anew."""
    if (folder / "checkpoints" / "last.pt").exists():
        return True
    if (folder / "config.toml").exists():
        metrics.rewind(folder, 0)
        (folder / "config.toml").unlink()
    return False


def spent(config: Config, progress: Progress) -> float:
    """Fraction of the budget that is spent."""
    ticks, minutes = config.training.ticks, config.training.minutes
    return max(progress.ticks / ticks if ticks else 0.0, progress.wall_s / 60 / minutes if minutes else 0.0)


@dataclass
class _Loop:
    """Explore, learn, log, checkpoint, until done."""

    config: Config
    pool: Environments
    learner: Learner
    progress: Progress
    saved: Checkpoint | None  # to go on from
    log: RunLog
    display: ProgressDisplay
    last: Path
    reward: str = "-"  # of the last update

    def run(self, stop: threading.Event) -> None:
        started_s, before_s = time.perf_counter(), self.progress.wall_s
        batch = self.pool.reset() if self.saved is None else self.saved.take_up(self.pool)
        window = _Window(self.pool)
        while spent(self.config, self.progress) < 1 and not stop.is_set():
            with window.learning():
                joint = self.learner.explore(batch, action_generators(batch))
            batch = self.pool.step(joint)
            with window.learning():
                figures = self.learner.learn(batch)
            ended = [final for final in batch.final if final is not None]
            self.progress.ended += [final.metrics.tolist() for final in ended]
            self.progress.ticks += self.pool.num_envs
            self.progress.wall_s = before_s + time.perf_counter() - started_s
            self._show(window)
            if figures is not None:
                self._log({**figures, **window.figures(), **self._episodes()})
                window = _Window(self.pool)
        self._save()
        self.display.show(
            spent(self.config, self.progress), "stopped" if stop.is_set() else "done", force=True
        )

    def _log(self, figures: dict[str, float]) -> None:
        self.reward = f"{figures['reward_per_tick']:.2f}"
        self.progress.updates += 1
        self.log.write(
            self.progress.ticks,
            {"update": self.progress.updates, "wall_s": self.progress.wall_s, **figures},
        )
        if self.progress.updates % self.config.training.checkpoint_every == 0:
            self._save()

    def _episodes(self) -> dict[str, float]:
        """Mean metrics of the episodes that ended since the last update, as far as they were measured."""
        values = np.array(self.progress.ended).reshape(-1, len(self.pool.spec.metrics))
        self.progress.ended = []
        return {
            f"episode/{metric.name}": float(np.nanmean(column))
            for metric, column in zip(self.pool.spec.metrics, values.T, strict=True)
            if np.isfinite(column).any()
        }

    def _show(self, window: _Window) -> None:
        text = f"{self.progress.ticks} ticks  reward {self.reward}  {window.line()}"
        self.display.show(spent(self.config, self.progress), text)

    def _save(self) -> None:
        position = self.pool.state_dict()
        checkpoint.save(self.last, self.learner, self.config, self.progress, position)
        if self.config.training.keep_checkpoints:
            path = self.last.with_name(f"update-{self.progress.updates:06}.pt")
            checkpoint.save(path, self.learner, self.config, self.progress, position)


class _Window:
    """Speed between two updates, and where the time went."""

    def __init__(self, pool: Environments) -> None:
        self._pool = pool
        self._started_s = time.perf_counter()
        self._before = (pool.timing.ticks, pool.timing.simulator_s, pool.timing.wire_s)
        self._losses = pool.timing.losses
        self._learner_s = 0.0

    @contextmanager
    def learning(self) -> Iterator[None]:
        """Counts the time inside as the learner's."""
        started_s = time.perf_counter()
        yield
        self._learner_s += time.perf_counter() - started_s

    @property
    def ticks(self) -> int:
        """Ticks of this window, over all environments."""
        return self._pool.timing.ticks - self._before[0]

    def line(self) -> str:
        """For a person: speed, and shares of simulator, wire and learner."""
        wall_s = max(time.perf_counter() - self._started_s, 1e-9)
        simulator_s, wire_s = (
            self._pool.timing.simulator_s - self._before[1],
            self._pool.timing.wire_s - self._before[2],
        )
        shares = " ".join(
            f"{name} {100 * seconds / wall_s:.0f}%"
            for name, seconds in (("simulation", simulator_s), ("wire", wire_s), ("learner", self._learner_s))
        )
        return f"{self.ticks / wall_s:.0f} ticks/s  {shares}"

    def figures(self) -> dict[str, float]:
        """For the log."""
        wall_s = time.perf_counter() - self._started_s
        return {
            "ticks_per_s": self.ticks / wall_s,
            "time/simulator_s": self._pool.timing.simulator_s - self._before[1],
            "time/wire_s": self._pool.timing.wire_s - self._before[2],
            "time/learner_s": self._learner_s,
            "simulators_lost": self._pool.timing.losses - self._losses,
        }
