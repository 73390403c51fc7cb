# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Workers for tests: in a thread where they only serve, in a process where they are to be killed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from ns3marl.worker import serve


class WorkerThread(threading.Thread):
    """``serve`` in this process; what it raised and said is kept."""

    def __init__(self, scenario: Path, endpoint: str, **options: Any) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self.said: list[str] = []
        self._stop_serving = threading.Event()
        settings: dict[str, Any] = {"wait_s": 20.0, **options}
        self._serve = partial(
            serve, scenario, endpoint, stop=self._stop_serving, say=self.said.append, **settings
        )
        self.start()

    def run(self) -> None:
        try:
            self._serve()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def leave(self) -> None:
        """Ends it, with its simulators."""
        self._stop_serving.set()
        self.join(20)
        assert not self.is_alive()


@contextmanager
def workers(scenario: Path, endpoint: str, number: int = 1, **options: Any) -> Iterator[list[WorkerThread]]:
    """Workers that serve while the context lasts."""
    threads = [WorkerThread(scenario, endpoint, **options) for _ in range(number)]
    try:
        yield threads
    finally:
        for thread in threads:
            thread.leave()


@contextmanager
def worker_process(scenario: Path, endpoint: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A worker with a process of its own, as ``ns3marl serve`` starts it."""
    command = [sys.executable, "-m", "ns3marl.cli", "serve", str(scenario), f"--connect={endpoint}", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
