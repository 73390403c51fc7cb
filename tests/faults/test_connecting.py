# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Scenarios that are started by hand: what they say when nobody, or the wrong one, listens."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest


def run(scenario: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(scenario), *arguments], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            b"HTTP/1.1 400 Bad Request\r\n" + bytes(64),
            "the peer is no ZeroMQ socket of version 3 without encryption",
        ),
        (b"", "the learner closed the connection"),
    ],
)
def test_peer_that_is_no_learner(
    tmp_path: Path, scenario_path: Callable[[str], Path], answer: bytes, message: str
) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(64)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        done = run(scenario_path("echo"), f"--connect=ipc://{path}")
        thread.join()
    assert done.returncode == 2
    assert f"echo: cannot connect to endpoint 'ipc://{path}': {message}; expected ipc://PATH" in done.stderr


def test_nobody_listens(tmp_path: Path, scenario_path: Callable[[str], Path]) -> None:
    done = run(scenario_path("echo"), f"--connect=ipc://{tmp_path}/none")
    assert done.returncode == 2
    assert "No such file or directory" in done.stderr


def test_without_a_mode(scenario_path: Callable[[str], Path]) -> None:
    done = run(scenario_path("echo"), "--agents=3")
    assert done.returncode == 2
    assert (
        "expected --connect=ENDPOINT, --describe, --arguments, --standalone or --dialect, and not '--agents=3'; see --help"
        in done.stderr
    )
