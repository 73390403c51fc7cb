# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Training by asynchronous workers: processes with one environment each and parameters in shared memory.

The parent holds the shared learners, counts, logs and writes checkpoints. A worker plays a segment of ticks, updates the shared
parameters and reports through its pipe. The budget of ticks is shared: a worker takes the ticks of a segment from it before it
plays them.

Such a training is not reproducible, because the operating system determines the order of updates. A resumed training continues with
the next episodes; it does not finish those that were under way.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event, Lock
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.multiprocessing  # tensors in shared memory travel to other processes
from torch import Tensor

from ns3marl.config import Config, team_of
from ns3marl.errors import CheckpointError, Ns3MarlError
from ns3marl.rl.policy import action_generators
from ns3marl.training.book import Book
from ns3marl.training.checkpoint import Checkpoint

if TYPE_CHECKING:
    from ns3marl.launch.environments import PoolFactory

_EPISODES_APART = 1_000_000  # between the first RngRuns of two workers, so that no episode is played twice
_UNLIMITED = 2**62
_GRACE_S = 10.0  # for a worker that was asked to end


@dataclass(frozen=True)
class _Segment:
    """A worker's report of the ticks of one of its updates."""

    ticks: int
    metrics: list[dict[str, float]]  # of all updates in it
    reward_per_tick: float
    ended: list[list[float]]  # metrics of the episodes that ended
    run: int  # RngRun of the running episode
    simulator_s: float
    wire_s: float
    learner_s: float


@dataclass
class Workers:
    """Trains learners until the budget is spent or ``stop`` is set, and leaves a checkpoint either way.

    Args:
        book: Books of the training. There are ``pool.num_envs`` workers; after a resumption each begins with its next episode.
        make_pool: Opens the environment of a worker; must be importable there.
    """

    book: Book
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
        config, progress = self.book.config, self.book.progress
        ticks = config.training.ticks
        left = context.Value("q", ticks - progress.ticks if ticks else _UNLIMITED)
        shared = self.book.team.tensors()
        for tensor in (tensor for tensors in shared for tensor in tensors):
            tensor.share_memory_()  # type: ignore[no-untyped-call] # torch's own
        self._runs = _first_runs(self.book.saved, config.pool.num_envs)
        self.book.position = lambda: {"next_runs": list(self._runs)}
        self._since_s = time.perf_counter()
        before_s, started_s = progress.wall_s, self._since_s
        workers: dict[Connection, tuple[int, BaseProcess]] = {}
        processes: list[BaseProcess] = []
        try:
            for number, first_run in enumerate(list(self._runs)):
                ours, theirs = context.Pipe(duplex=False)
                post = _Post(config, first_run, self.make_pool, shared, self._lock, left, self._ending)
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
                    progress.wall_s = before_s + time.perf_counter() - started_s
                    self._take(segment)
                if stop.is_set() or (config.training.minutes and self.book.spent >= 1):
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
        with self._whole_weights():
            self.book.close(stopped=stop.is_set())

    def _take(self, segment: _Segment) -> None:
        progress = self.book.progress
        self._gathered.append(segment)
        progress.ticks += segment.ticks
        progress.ended += segment.ended
        ticks = sum(one.ticks for one in self._gathered)
        wall_s = max(time.perf_counter() - self._since_s, 1e-9)
        reward = float(np.mean([one.reward_per_tick for one in self._gathered]))
        self.book.show(f"{progress.ticks} ticks  reward {reward:.2f}  {ticks / wall_s:.0f} ticks/s")
        if ticks >= self.book.team.report_ticks:
            self._write(ticks / wall_s)

    def _write(self, ticks_per_s: float) -> None:
        segments = self._gathered
        rows = [row for one in segments for row in one.metrics]
        names = dict.fromkeys(name for row in rows for name in row)
        metrics = {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}
        times = {
            "time/simulator_s": sum(one.simulator_s for one in segments),
            "time/wire_s": sum(one.wire_s for one in segments),
            "time/learner_s": sum(one.learner_s for one in segments),
        }
        with self._whole_weights():
            told = {"worker_updates": len(segments), "ticks_per_s": ticks_per_s, **metrics, **times}
            self.book.write(self.book.row(), told)
            self.book.save_if_due()
        self._gathered, self._since_s = [], time.perf_counter()

    @contextmanager
    def _whole_weights(self) -> Iterator[None]:
        """Prevents workers from changing the weights inside the context."""
        if not self._lock.acquire(timeout=_GRACE_S):  # a step takes milliseconds
            raise Ns3MarlError(
                "a worker died while it was changing the weights, which may be half changed; all workers have been ended. "
                "Continue from the last checkpoint with --resume"
            )
        try:
            yield
        finally:
            self._lock.release()


def _first_runs(saved: Checkpoint | None, workers: int) -> list[int]:
    """RngRun of the first episode of each worker.

    Raises:
        CheckpointError: The training had more or fewer workers.
    """
    if saved is None or not saved.position:  # the beginning
        return [1 + number * _EPISODES_APART for number in range(workers)]
    runs = saved.position.get("next_runs", [])
    if len(runs) != workers:
        raise CheckpointError(
            f"{saved.path} does not fit: the training had {len(runs)} workers, not {workers}; resume it with --set "
            f"pool.num_envs={len(runs)}"
        )
    return [int(run) for run in runs]


def _received(pipe: Connection, number: int, process: BaseProcess) -> _Segment | None:
    """The next report of a worker; None after its last one.

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


@dataclass(frozen=True)
class _Post:
    """The inputs of a worker."""

    config: Config
    first_run: int
    make_pool: PoolFactory
    shared: list[list[Tensor]]
    lock: Lock
    left: Synchronized[int]  # ticks
    ending: Event


def _work(pipe: Connection, post: _Post) -> None:
    """Main function of a worker's process."""
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
    """Ends this process at once when the parent has ended, even while it waits for a lock that the parent held."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # simulators notice


def _play(pipe: Connection, post: _Post) -> None:
    config, seed = post.config, post.config.training.seed
    with post.make_pool(config, seed, 1, post.first_run) as pool:
        team = team_of(config, pool.spec)
        team.work_for(post.shared, post.lock)
        batch = pool.reset()
        while not post.ending.is_set() and (ticks := _taken(post.left, team.segment_ticks)):
            before = pool.timing.simulator_s, pool.timing.wire_s
            rows: list[dict[str, float]] = []
            rewards: list[float] = []
            ended: list[list[float]] = []
            learner_s = 0.0
            for _ in range(ticks):
                started_s = time.perf_counter()
                joint = team.explore(batch, action_generators(batch))
                acted_s = time.perf_counter()
                batch = pool.step(joint)
                stepped_s = time.perf_counter()
                metrics = team.learn(batch)
                learner_s += acted_s - started_s + time.perf_counter() - stepped_s
                if metrics is not None:
                    rows.append(metrics)
                    rewards.append(metrics["reward_per_tick"])
                ended += [final.metrics.tolist() for final in batch.final if final is not None]
            simulator_s, wire_s = pool.timing.simulator_s - before[0], pool.timing.wire_s - before[1]
            reward = float(np.mean(rewards))
            run = int(batch.run[0])
            pipe.send(_Segment(ticks, rows, reward, ended, run, simulator_s, wire_s, learner_s))


def _taken(left: Synchronized[int], ticks: int) -> int:
    """Takes a segment's ticks from the remaining budget; 0 if it is spent. The last segment may exceed the budget."""
    with left.get_lock():
        if left.value <= 0:
            return 0
        left.value -= ticks
        return ticks
