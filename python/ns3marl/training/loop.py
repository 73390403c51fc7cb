# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The loop of a training: explore, learn, log, checkpoint, until the budget is spent.

``training.overlap`` says who works while the learner is busy. With "none" everybody takes turns. With "decisions" the environments
form two parts, each of which acts as soon as all of it is ready, so one part simulates while the learner decides for the other; both
stop at the end of a rollout. With "updates" the learner also updates in a thread of its own while they go on (``rl.on_policy``). Double
buffering of environments is that of Petrenko et al., "Sample Factory" (ICML 2020).

The same configuration gives the same weights in each case: parts are fixed, the random numbers of an action follow from the episode
and the tick alone, weights change between rollouts only, and nothing depends on which part is quicker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from ns3marl import cores
from ns3marl.launch.environments import Divisible, Environments
from ns3marl.rl.policy import action_generators
from ns3marl.training.book import Book
from ns3marl.types import Actions, Batch

PARTS = 2


@dataclass
class Loop:
    """Trains a team in environments.

    Args:
        book: Of the training.
        pool: The environments.
    """

    book: Book
    pool: Environments
    _reward: str = "-"  # of the last update

    def run(self, stop: threading.Event) -> None:
        """Trains until the budget is spent or ``stop`` is set, and leaves a checkpoint either way."""
        book, team = self.book, self.book.team
        overlap = book.config.training.overlap if team.overlapping else "none"
        divisible = self.pool if isinstance(self.pool, Divisible) and self.pool.num_envs >= PARTS else None
        book.position = self.pool.state_dict
        self._started_s = time.perf_counter() - book.progress.wall_s
        with _updating(overlap == "updates") as executor:
            if overlap != "none":
                team.overlap(executor, self.pool.num_envs)
            batch = self.pool.reset() if book.saved is None else book.saved.take_up(self.pool)
            self._window = Window(self.pool)
            if executor is None:  # of an earlier sitting that was overlapped
                self._tell(team.finish())

            def goes_on() -> bool:
                return book.spent < 1 and not stop.is_set()

            if overlap == "none" or divisible is None:
                self._play_together(batch, goes_on)
            else:
                self._play_apart(divisible, batch, goes_on)
            if book.spent >= 1:  # a training that was stopped tells of the running update when it goes on
                self._tell(team.finish())
            book.close(stopped=stop.is_set())

    def _play_together(self, batch: Batch, goes_on: Callable[[], bool]) -> None:
        """All environments take each tick together."""
        while goes_on():
            batch = self.pool.step(self._decide(batch))
            self._take(batch)

    def _play_apart(self, pool: Divisible, batch: Batch, goes_on: Callable[[], bool]) -> None:
        """Each part goes on as soon as it is ready; all stand at the same tick where a rollout ends and where playing ends."""
        parts = np.array_split(np.arange(len(batch.env_id)), PARTS)
        seen = [batch[part.tolist()] for part in parts]
        while goes_on():
            goal, played = min(self.book.team.ticks_left, self._ticks_left(len(batch.env_id))), [0] * PARTS
            for part, shown in zip(parts, seen, strict=True):
                pool.send(part, self._decide(shown))
            while min(played) < goal:
                outcome = pool.recv_part(parts)
                number = int(outcome.env_id[0] > parts[0][-1])
                seen[number] = outcome
                played[number] += 1
                self._take(outcome)
                if not goes_on():
                    goal = max(played)
                if played[number] < goal:
                    pool.send(outcome.env_id, self._decide(outcome))

    def _ticks_left(self, num_envs: int) -> int:
        """Ticks of each environment that the budget has left."""
        ticks = self.book.config.training.ticks
        return -(-(ticks - self.book.progress.ticks) // num_envs) if ticks else 2**62

    def _decide(self, batch: Batch) -> list[Actions]:
        with self._window.learning():
            return self.book.team.explore(batch, action_generators(batch))

    def _take(self, outcome: Batch) -> None:
        """Learns from an outcome, and keeps the books."""
        book, team, progress = self.book, self.book.team, self.book.progress
        with self._window.learning():
            metrics = team.learn(outcome)
        progress.ended += [final.metrics.tolist() for final in outcome.final if final is not None]
        progress.ticks += len(outcome.env_id)
        progress.wall_s = time.perf_counter() - self._started_s
        book.show(f"{progress.ticks} ticks  reward {self._reward}  {self._window.line()}")
        if metrics is not None and not progress.awaited:
            progress.awaited = self._row()
        self._tell(metrics)
        if team.begins and not progress.awaited:
            progress.awaited = self._row()
        if metrics is not None:
            book.save_if_due()

    def _row(self) -> dict[str, float]:
        """What is known of an update when its rollout is full."""
        row = {**self.book.row(), **self._window.metrics()}
        self._window = Window(self.pool)
        return row

    def _tell(self, metrics: dict[str, float] | None) -> None:
        """Logs an update that has ended."""
        if metrics is not None:
            self._reward = f"{metrics['reward_per_tick']:.2f}"
            self.book.write(self.book.progress.awaited, metrics)
            self.book.progress.awaited = {}


@contextmanager
def _updating(wanted: bool) -> Iterator[Executor | None]:
    """A thread for updates. When playing fails, whatever it does is left behind."""
    if not wanted:
        yield None
        return
    executor = ThreadPoolExecutor(1, "ns3marl-update", lambda: torch.set_num_threads(torch.get_num_threads()))
    try:
        yield executor
    finally:
        executor.shutdown(wait=False)


class Window:
    """Speed between two rows of the log, and where the time went.

    Args:
        pool: The environments.
    """

    def __init__(self, pool: Environments) -> None:
        self._pool = pool
        self._started_s, self._process_s = time.perf_counter(), time.process_time()
        timing = pool.timing
        self._before = (timing.ticks, timing.simulator_s, timing.wire_s, timing.losses, timing.cpu_s)
        self._learner_s = 0.0

    @contextmanager
    def learning(self) -> Iterator[None]:
        """Counts the time inside as the learner's."""
        started_s = time.perf_counter()
        yield
        self._learner_s += time.perf_counter() - started_s

    def line(self) -> str:
        """For a person: speed, what the learner's main thread does, and how busy the cores are."""
        now = self.metrics()
        wall_s = max(time.perf_counter() - self._started_s, 1e-9)
        shares = " ".join(
            f"{name} {100 * now[f'time/{key}_s'] / wall_s:.0f}%"
            for name, key in (("simulation", "simulator"), ("wire", "wire"), ("learner", "learner"))
        )
        busy = now["cores/simulators"] + now["cores/learner"]
        return f"{now['ticks_per_s']:.0f} ticks/s  {shares}  cores {100 * busy:.0f}%"

    def metrics(self) -> dict[str, float]:
        """For the log."""
        timing = self._pool.timing
        wall_s = max(time.perf_counter() - self._started_s, 1e-9)
        cores_s = wall_s * cores.usable()
        ticks, simulator_s, wire_s, losses, cpu_s = self._before
        return {
            "ticks_per_s": (timing.ticks - ticks) / wall_s,
            "time/simulator_s": timing.simulator_s - simulator_s,
            "time/wire_s": timing.wire_s - wire_s,
            "time/learner_s": self._learner_s,
            "cores/simulators": (timing.cpu_s - cpu_s) / cores_s,
            "cores/learner": (time.process_time() - self._process_s) / cores_s,
            "simulators_lost": timing.losses - losses,
        }
