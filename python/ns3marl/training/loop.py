# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The loop of a training: explore, learn, log, checkpoint, until the budget is spent.

``training.overlap`` selects what runs while the learner computes. With "none" learner and environments take turns. With "decisions" the
environments form two parts; the learner decides for a part as soon as all of it is ready, and the other part simulates in the meantime.
Both stop at the end of a rollout. With "updates" the learner also updates in a separate thread while environments continue
(``rl.on_policy``). Double buffering of environments follows Petrenko et al., "Sample Factory" (ICML 2020).

With each value, the same configuration gives the same weights: parts are fixed, the random numbers of an action follow only from episode
and tick, weights change only between rollouts, and nothing depends on which part is faster.
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
from ns3marl.errors import ConfigError
from ns3marl.launch.environments import Divisible, Environments
from ns3marl.rl.on_device import DeviceEnvironments, DeviceLearner, OnDevice
from ns3marl.rl.policy import action_generators
from ns3marl.rl.team import Team
from ns3marl.training.book import Book
from ns3marl.types import Actions, Batch

PARTS = 2


@dataclass
class Loop:
    """Trains a team in environments.

    Args:
        book: Books of the training.
        pool: The environments.
    """

    book: Book
    pool: Environments
    _reward: str = "-"  # of the last update

    def run(self, stop: threading.Event) -> None:
        """Trains until the budget is spent or ``stop`` is set, and leaves a checkpoint either way."""
        book, team = self.book, self.book.team
        team.budget(self._spent)
        if book.config.training.device:
            self._run_on_device(stop)
            return
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
        """Steps all environments together."""
        while goes_on():
            batch = self.pool.step(self._decide(batch))
            self._take(batch)

    def _play_apart(self, pool: Divisible, batch: Batch, goes_on: Callable[[], bool]) -> None:
        """Steps each part as soon as it is ready; at the end of a rollout and of playing all are at the same tick."""
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

    def _run_on_device(self, stop: threading.Event) -> None:
        """Like ``run``, with tensors that stay on the environments' device."""
        book, progress = self.book, self.book.progress
        learner, environments = on_device(book.team, self.pool)
        book.position = environments.state_dict
        self._started_s = time.perf_counter() - progress.wall_s
        player = OnDevice(environments.spec, learner, environments.num_envs, environments.device)
        shown = environments.reset() if book.saved is None else book.saved.take_up(environments)
        self._window = Window(environments)
        self._tell(book.team.finish())
        while book.spent < 1 and not stop.is_set():
            with self._window.learning():
                actions = player.explore(shown)
            shown = environments.step(*actions)
            with self._window.learning():
                metrics = player.learn(shown)
            if shown.metrics is not None:
                progress.ended += shown.metrics.tolist()
            self._count(environments.num_envs, metrics)
        book.close(stopped=stop.is_set())

    def _spent(self, ticks: int) -> float:
        """Fraction of the budget after the first ticks; with a budget in minutes, the fraction spent now."""
        training = self.book.config.training
        share = ticks / training.ticks if training.ticks else 0.0
        return max(share, self.book.spent) if training.minutes else share

    def _ticks_left(self, num_envs: int) -> int:
        """Ticks of each environment that remain in the budget."""
        ticks = self.book.config.training.ticks
        return -(-(ticks - self.book.progress.ticks) // num_envs) if ticks else 2**62

    def _decide(self, batch: Batch) -> list[Actions]:
        with self._window.learning():
            return self.book.team.explore(batch, action_generators(batch))

    def _take(self, outcome: Batch) -> None:
        """Learns from an outcome, and keeps the books."""
        team, progress = self.book.team, self.book.progress
        with self._window.learning():
            metrics = team.learn(outcome)
        progress.ended += [final.metrics.tolist() for final in outcome.final if final is not None]
        self._count(len(outcome.env_id), metrics)

    def _count(self, ticks: int, metrics: dict[str, float] | None) -> None:
        """Keeps the books after some ticks, which may have completed an update."""
        book, team, progress = self.book, self.book.team, self.book.progress
        progress.ticks += ticks
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
        """The row of an update when its rollout is full."""
        row = {**self.book.row(), **self._window.metrics()}
        self._window = self._window.next()
        return row

    def _tell(self, metrics: dict[str, float] | None) -> None:
        """Logs an update that has ended."""
        if metrics is not None:
            self._reward = f"{metrics['reward_per_tick']:.2f}"
            self.book.write(self.book.progress.awaited, metrics)
            self.book.progress.awaited = {}


def on_device(team: Team, pool: Environments) -> tuple[DeviceLearner, DeviceEnvironments]:
    """Checks a team's only learner and its environments for ``training.device``.

    Raises:
        ConfigError: There are several learners, or learner or environments cannot stay on a device.
    """
    asked = "training.device is set, which"
    (number, learner), *others = team.learners.items()
    if others or not isinstance(learner, DeviceLearner):
        raise ConfigError(
            f"{asked} takes one group of agents with imappo, ippo or ppo; group {team.spec.groups[number].name!r} has "
            f"{type(learner).__name__}, and {len(others)} more groups act; leave training.device out"
        )
    open_there = getattr(pool, "on_device", None)
    if open_there is None:
        raise ConfigError(
            f"{asked} takes environments that compute there, and {type(pool).__name__} does not; set scenario.backend to "
            '"fastsim" and pool.ns3_envs to 0, or leave training.device out'
        )
    return learner, open_there()


@contextmanager
def _updating(wanted: bool) -> Iterator[Executor | None]:
    """A thread for updates. If playing fails, an update in it is abandoned."""
    if not wanted:
        yield None
        return
    executor = ThreadPoolExecutor(1, "ns3marl-update", lambda: torch.set_num_threads(torch.get_num_threads()))
    try:
        yield executor
    finally:
        executor.shutdown(wait=False)


class Window:
    """Speed between two rows of the log, and how the time was used.

    Args:
        pool: The environments.
    """

    def __init__(self, pool: Environments | DeviceEnvironments) -> None:
        self._pool = pool
        self._started_s, self._process_s = time.perf_counter(), time.process_time()
        timing = pool.timing
        self._before = (timing.ticks, timing.simulator_s, timing.wire_s, timing.losses, timing.cpu_s)
        self._learner_s = 0.0
        self._cores = cores.usable()

    def next(self) -> Window:
        """Starts a window."""
        return Window(self._pool)

    @contextmanager
    def learning(self) -> Iterator[None]:
        """Counts the time inside the context as the learner's."""
        started_s = time.perf_counter()
        yield
        self._learner_s += time.perf_counter() - started_s

    def line(self) -> str:
        """For the display: speed, use of the learner's main thread, and load of the cores."""
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
        cores_s = wall_s * self._cores
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
