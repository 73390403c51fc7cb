# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Training by asynchronous workers: processes with an environment each, on parameters in shared memory.

The parent plays nothing. It holds the shared learner, counts, logs and writes checkpoints; a worker plays a segment of ticks,
updates the shared parameters and reports through its pipe. The budget of ticks is shared too: a worker takes the ticks of a
segment from it before it plays them.

Such a training is not reproducible: which worker's update comes first is up to the operating system. A resumed one goes on with
the next episodes; those that were under way are not played to their end.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event, Lock
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.multiprocessing  # tensors in shared memory travel to other processes
from torch import Tensor

from ns3marl.algorithms import registry
from ns3marl.algorithms.a3c import A3c
from ns3marl.config import Config
from ns3marl.errors import CheckpointError, Ns3MarlError
from ns3marl.progress import ProgressDisplay
from ns3marl.rl.policy import action_generators
from ns3marl.training import checkpoint
from ns3marl.training.checkpoint import Checkpoint, Progress
from ns3marl.training.metrics import RunLog
from ns3marl.types import Metric

if TYPE_CHECKING:
    from ns3marl.launch.environments import PoolFactory

_EPISODES_APART = 1_000_000  # between the first RngRuns of two workers, so that no episode is played twice
_UNLIMITED = 2**62
_GRACE_S = 10.0  # for a worker that was asked to end


@dataclass(frozen=True)
class _Segment:
    """What a worker tells of the ticks behind one of its updates."""

    ticks: int
    figures: dict[str, float]
    ended: list[list[float]]  # metrics of the episodes that ended
    run: int  # RngRun of the running episode
    simulator_s: float
    wire_s: float
    learner_s: float


@dataclass
class Workers:
    """Trains a learner until the budget is spent or ``stop`` is set, and leaves a checkpoint either way.

    Args:
        config: What to train; there are ``pool.num_envs`` workers.
        learner: Fresh or restored.
        progress: So far.
        saved: The checkpoint to go on from; each worker then begins with its next episode.
        log: Of the run.
        display: Of the run.
        last: Where checkpoints go.
        make_pool: Opens the environment of a worker; must be importable there.
    """

    config: Config
    learner: A3c
    progress: Progress
    saved: Checkpoint | None
    log: RunLog
    display: ProgressDisplay
    last: Path
    make_pool: PoolFactory
    _gathered: list[_Segment] = field(default_factory=list)  # since the last row of the log
    _runs: list[int] = field(default_factory=list)  # RngRun of each worker's next episode
    _since_s: float = 0.0

    def run(self, stop: threading.Event) -> None:
        """Works.

        Raises:
            Ns3MarlError: A worker failed, or died; the others have ended, and the last checkpoint stays.
        """
        context = multiprocessing.get_context("spawn")
        self._lock, self._ending = context.Lock(), context.Event()
        ticks = self.config.training.ticks
        left = context.Value("q", ticks - self.progress.ticks if ticks else _UNLIMITED)
        self.learner.networks.share_memory()
        self.learner.normaliser.share_memory()
        for square in self.learner.squares:
            square.share_memory_()  # type: ignore[no-untyped-call] # torch's own
        shared = self.learner.tensors()
        self._runs = _first_runs(self.saved, self.config.pool.num_envs)
        self._since_s = time.perf_counter()
        before_s, started_s = self.progress.wall_s, self._since_s
        workers: dict[Connection, tuple[int, BaseProcess]] = {}
        processes: list[BaseProcess] = []
        try:
            for number, first_run in enumerate(list(self._runs)):
                ours, theirs = context.Pipe(duplex=False)
                post = _Post(self.config, first_run, self.make_pool, shared, self._lock, left, self._ending)
                process = context.Process(target=_work, args=(theirs, post), daemon=True)
                process.start()
                theirs.close()
                workers[ours] = (number, process)
                processes.append(process)
            while workers:
                ready = wait(list(workers), timeout=0.2)
                for pipe in [pipe for pipe in workers if pipe in ready]:
                    number, worker = workers[pipe]
                    segment = _received(pipe, number, worker)
                    if segment is None:
                        del workers[pipe]
                        continue
                    self._runs[number] = segment.run + 1
                    self.progress.wall_s = before_s + time.perf_counter() - started_s
                    self._take(segment)
                if stop.is_set() or (self.config.training.minutes and self._spent() >= 1):
                    self._ending.set()
        finally:
            self._ending.set()
            for _, worker in workers.values():
                worker.kill()  # its simulators notice
            for ended in processes:
                ended.join(_GRACE_S)
                if ended.is_alive():  # it has told everything, and does not come to an end
                    ended.kill()
                    ended.join()
        self._save()
        self.display.show(self._spent(), "stopped" if stop.is_set() else "done", force=True)

    def _spent(self) -> float:
        """Fraction of the budget."""
        options, ticks, wall_s = self.config.training, self.progress.ticks, self.progress.wall_s
        return max(
            ticks / options.ticks if options.ticks else 0.0,
            wall_s / 60 / options.minutes if options.minutes else 0.0,
        )

    def _take(self, segment: _Segment) -> None:
        self._gathered.append(segment)
        self.progress.ticks += segment.ticks
        self.progress.ended += segment.ended
        ticks = sum(one.ticks for one in self._gathered)
        wall_s = max(time.perf_counter() - self._since_s, 1e-9)
        reward = float(np.mean([one.figures["reward_per_tick"] for one in self._gathered]))
        text = f"{self.progress.ticks} ticks  reward {reward:.2f}  {ticks / wall_s:.0f} ticks/s"
        self.display.show(self._spent(), text)
        if ticks >= self.learner.options.log_ticks:
            self._write(ticks / wall_s)

    def _write(self, ticks_per_s: float) -> None:
        rows = self._gathered
        names = dict.fromkeys(name for one in rows for name in one.figures)
        self.progress.updates += 1
        figures = {
            name: float(np.mean([one.figures[name] for one in rows if name in one.figures])) for name in names
        }
        times = {
            "time/simulator_s": sum(one.simulator_s for one in rows),
            "time/wire_s": sum(one.wire_s for one in rows),
            "time/learner_s": sum(one.learner_s for one in rows),
        }
        self.log.write(
            self.progress.ticks,
            {
                "update": self.progress.updates,
                "wall_s": self.progress.wall_s,
                "worker_updates": len(rows),
                "ticks_per_s": ticks_per_s,
                **figures,
                **times,
                **_episodes(self.progress.ended, self.learner.spec.metrics),
            },
        )
        self.progress.ended, self._gathered, self._since_s = [], [], time.perf_counter()
        if self.progress.updates % self.config.training.checkpoint_every == 0:
            self._save()

    def _save(self) -> None:
        if not self._lock.acquire(timeout=_GRACE_S):  # a step takes milliseconds
            raise Ns3MarlError(
                "a worker died while it was changing the weights, which may be half changed; all workers have been ended. "
                "Continue from the last checkpoint with --resume"
            )
        position = {"next_runs": list(self._runs)}
        try:
            checkpoint.save(self.last, self.learner, self.config, self.progress, position)
            if self.config.training.keep_checkpoints:
                path = self.last.with_name(f"update-{self.progress.updates:06}.pt")
                checkpoint.save(path, self.learner, self.config, self.progress, position)
        finally:
            self._lock.release()


def _first_runs(saved: Checkpoint | None, workers: int) -> list[int]:
    """RngRun of the first episode of each worker.

    Raises:
        CheckpointError: The training had more or fewer workers.
    """
    if saved is None:
        return [1 + number * _EPISODES_APART for number in range(workers)]
    runs = saved.position.get("next_runs", [])
    if len(runs) != workers:
        raise CheckpointError(
            f"{saved.path} does not fit: the training had {len(runs)} workers, not {workers}; resume it with --set "
            f"pool.num_envs={len(runs)}"
        )
    return [int(run) for run in runs]


def _received(pipe: Connection, number: int, process: BaseProcess) -> _Segment | None:
    """What a worker has to tell; None once it has told everything.

    Raises:
        Ns3MarlError: It failed.
    """
    try:
        message = pipe.recv()
    except EOFError:
        process.join(_GRACE_S)
        code = process.exitcode
        what = (
            f"was ended by {signal.Signals(-code).name}" if code and code < 0 else f"ended with status {code}"
        )
        raise Ns3MarlError(
            f"worker {number} (process {process.pid}) {what} before the training was over; all workers have been ended. "
            "Continue from the last checkpoint with --resume"
        ) from None
    if isinstance(message, Ns3MarlError):
        raise type(message)(f"worker {number}: {message}")
    assert message is None or isinstance(message, _Segment)
    return message


def _episodes(ended: list[list[float]], metrics: Sequence[Metric]) -> dict[str, float]:
    """Mean metrics of episodes, as far as they were measured."""
    values = np.array(ended).reshape(-1, len(metrics))
    return {
        f"episode/{metric.name}": float(np.nanmean(column))
        for metric, column in zip(metrics, values.T, strict=True)
        if np.isfinite(column).any()
    }


@dataclass(frozen=True)
class _Post:
    """What a worker needs to know."""

    config: Config
    first_run: int
    make_pool: PoolFactory
    shared: list[Tensor]
    lock: Lock
    left: Synchronized[int]  # ticks
    ending: Event


def _work(pipe: Connection, post: _Post) -> None:
    """The life of a worker's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    try:
        _play(pipe, post)
        pipe.send(None)
    except Ns3MarlError as error:
        pipe.send(error)
    except BrokenPipeError:
        pass  # the parent is gone: so is the reason to go on
    pipe.close()


def _end_with_parent() -> None:
    """Ends this process at once when the parent is gone, even while it waits for a lock that the parent held."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # simulators notice


def _play(pipe: Connection, post: _Post) -> None:
    config, seed = post.config, post.config.training.seed
    with post.make_pool(config, seed, 1, post.first_run) as pool:
        learner = registry.configured(config, pool.spec)
        assert isinstance(learner, A3c)
        learner.work_for(post.shared, post.lock)
        batch = pool.reset()
        while not post.ending.is_set() and (ticks := _taken(post.left, learner.options.rollout_ticks)):
            before = pool.timing.simulator_s, pool.timing.wire_s
            figures: dict[str, float] | None = None
            ended: list[list[float]] = []
            learner_s = 0.0
            for _ in range(ticks):
                started_s = time.perf_counter()
                joint = learner.explore(batch, action_generators(batch))
                acted_s = time.perf_counter()
                batch = pool.step(joint)
                stepped_s = time.perf_counter()
                figures = learner.learn(batch)
                learner_s += acted_s - started_s + time.perf_counter() - stepped_s
                ended += [final.metrics.tolist() for final in batch.final if final is not None]
            simulator_s, wire_s = pool.timing.simulator_s - before[0], pool.timing.wire_s - before[1]
            assert figures is not None
            pipe.send(_Segment(ticks, figures, ended, int(batch.run[0]), simulator_s, wire_s, learner_s))


def _taken(left: Synchronized[int], ticks: int) -> int:
    """Takes a segment's ticks from what is left; 0 if nothing is. The last segment may exceed the budget by a part of itself."""
    with left.get_lock():
        if left.value <= 0:
            return 0
        left.value -= ticks
        return ticks
