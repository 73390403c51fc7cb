# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Runs jobs in processes, some at a time; no process outlives its parent.

A job reports to its parent through a pipe. When the pipe closes, because the parent stops or has ended, the job gets the signal
of Ctrl-C: a training then ends with a checkpoint.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import torch

from ns3marl.errors import Ns3MarlError
from ns3marl.launch.interrupt import stop_on_signal
from ns3marl.progress import ProgressDisplay, Report

_REPORT_EVERY_S = 0.5
_GRACE_S = 30.0  # for a checkpoint after a stop


@dataclass(frozen=True)
class Job:
    """A function of a module, and its arguments after the ``Report``."""

    name: str
    work: Callable[..., None]
    arguments: tuple[Any, ...] = ()


def work_off(jobs: Sequence[Job], at_once: int, display: ProgressDisplay) -> bool:
    """Runs jobs, each in its own process with one torch thread, until all have ended or Ctrl-C is pressed.

    A job that fails does not end the others.

    Args:
        jobs: The jobs, in this order.
        at_once: Number of jobs at a time.
        display: Shows the progress.

    Returns:
        Whether all are complete; False after Ctrl-C.

    Raises:
        Ns3MarlError: Jobs failed; the message names them with their errors.
    """
    waiting, running = list(jobs), dict[str, _Running]()
    shares = dict.fromkeys((job.name for job in jobs), 0.0)
    failures: dict[str, str] = {}
    with stop_on_signal() as stop:
        try:
            while (waiting and not stop.is_set()) or running:
                while waiting and len(running) < at_once and not stop.is_set():
                    job = waiting.pop(0)
                    running[job.name] = _Running(job)
                wait([pipe for process in running.values() if not (pipe := process.pipe).closed], timeout=0.2)
                if stop.is_set():
                    time.sleep(0.05)  # closed pipes tell nothing any more
                for name, process in list(running.items()):
                    for share, text in process.news():
                        shares[name] = share
                        line = "  ".join(f"{other} {100 * shares[other]:.0f} %" for other in running)
                        display.show(sum(shares.values()) / len(jobs), f"{line}  {name}: {text}")
                    if process.ended:
                        del running[name]
                        shares[name] = 1.0
                        if (reason := process.failure()) and not stop.is_set():
                            failures[name] = reason
                if stop.is_set():
                    for process in running.values():
                        process.stop()
        finally:
            for process in running.values():
                process.kill()
    if failures:
        listed = "; ".join(f"{name}: {reason}" for name, reason in failures.items())
        raise Ns3MarlError(
            f"{len(failures)} of {len(jobs)} runs failed, the others are complete; mend the cause and go on with --resume. "
            f"{listed}"
        )
    return not stop.is_set()


class _Running:
    """A job in its process."""

    def __init__(self, job: Job) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(target=_begin, args=(theirs, job), name=job.name)
        self._process.start()
        theirs.close()
        self._failure: str | None = None
        self._stopped_s: float | None = None
        self.ended = False

    def news(self) -> list[tuple[float, str]]:
        """Reports since the last call."""
        reports: list[tuple[float, str]] = []
        try:
            while not self.ended and not self.pipe.closed and self.pipe.poll():
                message = self.pipe.recv()
                if isinstance(message, str):
                    self._failure = message
                else:
                    reports.append(message)
        except (EOFError, OSError):
            self.ended = True
        if self.pipe.closed and not self._process.is_alive():
            self.ended = True
        return reports

    def failure(self) -> str | None:
        """Why it failed, once it has ended; None if it did not."""
        self._process.join()
        code = self._process.exitcode or 0
        if self._failure is None and code < 0:
            return f"ended by {signal.Signals(-code).name}"
        return self._failure or (f"ended with status {code}" if code else None)

    def stop(self) -> None:
        """Interrupts it, and kills it if it takes too long."""
        if self._stopped_s is None:
            self._stopped_s = time.monotonic()
            self.pipe.close()
        elif time.monotonic() - self._stopped_s > _GRACE_S:
            self._process.kill()

    def kill(self) -> None:
        """Kills it at once; its simulators then end too."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join()


def _begin(pipe: Connection, job: Job) -> None:
    """Main function of a job's process."""
    os.setpgid(0, 0)  # Ctrl-C in a terminal reaches the parent alone, which passes it on once
    torch.set_num_threads(1)
    threading.Thread(target=_watch, args=(pipe,), daemon=True).start()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            job.work(_reporter(pipe), *job.arguments)
    except Ns3MarlError as error:
        _send(pipe, f"{type(error).__name__}: {error}")
        raise SystemExit(2) from None


def _watch(pipe: Connection) -> None:
    """Interrupts this process when the parent has closed its end of the pipe; it never sends anything."""
    try:
        pipe.recv()
    except (EOFError, OSError):
        os.kill(os.getpid(), signal.SIGINT)


def _reporter(pipe: Connection) -> Report:
    last_s = 0.0

    def report(share: float, text: str) -> None:
        nonlocal last_s
        if share >= 1 or time.monotonic() - last_s >= _REPORT_EVERY_S:
            last_s = time.monotonic()
            _send(pipe, (share, text))

    return report


def _send(pipe: Connection, message: Any) -> None:
    with contextlib.suppress(OSError):  # the parent is gone or reads no more; the watcher ends this process
        pipe.send(message)
