# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Workers for tests: in a thread where they only serve, in a process where they are to be killed."""

from __future__ import annotations

import select
import socket
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
        settings: dict[str, Any] = {"slots": 1, "wait_s": 20.0, **options}
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


class Link(threading.Thread):
    """Passes TCP connections on to a port of this host until it is cut: they stay open then, and nothing passes."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.cut = threading.Event()
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._ends: dict[socket.socket, socket.socket] = {}
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            readable, _, _ = select.select([self._listener, *self._ends], [], [], 0.05)
            for end in [] if self.cut.is_set() else readable:
                if end is self._listener:
                    self._join()
                else:
                    self._pass_on(end)

    def _join(self) -> None:
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self._port))
        except OSError:  # nobody listens there yet
            near.close()
            return
        self._ends |= {near: far, far: near}

    def _pass_on(self, end: socket.socket) -> None:
        if end not in self._ends:  # closed with the other one in this round
            return
        try:
            data = end.recv(1 << 16)
            self._ends[end].sendall(data)
        except OSError:
            data = b""
        if not data:
            for closed in (self._ends.pop(end), end):
                self._ends.pop(closed, None)
                closed.close()

    def __enter__(self) -> Link:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
        for end in (self._listener, *self._ends):
            end.close()


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
    command = [
        sys.executable,
        "-m",
        "ns3marl.cli",
        "serve",
        str(scenario),
        f"--connect={endpoint}",
        "--slots=1",
        *options,
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
