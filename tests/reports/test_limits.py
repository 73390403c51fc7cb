# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Too few file descriptors or processes for the environments that are wanted: said at once, with the limit and what to raise."""

from __future__ import annotations

import errno
import os
import resource
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import children, default_actions

from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError, LaunchError
from ns3marl.local_router import LocalRouter
from ns3marl.simulator import Process


@contextmanager
def descriptors(limit: int | None) -> Iterator[None]:
    """At most so many; None: no more than are open."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free if limit is None else limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.report("P12")
@pytest.mark.report("M10")
@pytest.mark.parametrize("num_envs", [28, 40, 1_000_000])
def test_more_environments_than_descriptors(scenario_path: Callable[[str], Path], num_envs: int) -> None:
    before = set(children(os.getpid()))
    in_use = sum(1 for _ in os.scandir("/proc/self/fd"))
    with (
        descriptors(in_use + 64),
        pytest.raises(
            ConfigError,
            match=rf"{num_envs} environments need up to \d+ file descriptors with the \d+ in use, the limit of this process is "
            rf"{in_use + 64}; raise it with `ulimit -n \d+`.*, or lower num_envs",
        ),
    ):
        Pool(scenario_path("echo"), num_envs=num_envs)
    assert set(children(os.getpid())) <= before


@pytest.mark.report("P12")
def test_as_many_as_were_named_suffice(scenario_path: Callable[[str], Path]) -> None:
    with Pool(scenario_path("echo"), spares=0) as pool:  # what all pools share is open
        pool.reset()
    in_use = sum(1 for _ in os.scandir("/proc/self/fd"))
    with (
        descriptors(in_use + 2 * (3 + 3 + 1) + 16),
        Pool(scenario_path("echo"), num_envs=3, arguments=("--ticks=1",)) as pool,
    ):
        batch = pool.reset()
        for _ in range(3):  # all episodes end at once
            batch = pool.step(default_actions(pool.spec, 3))
            assert all(final is not None for final in batch.final)


@pytest.mark.report("M10")
def test_peer_that_finds_no_descriptor_free_is_no_endless_loop(tmp_path: Path) -> None:
    router = LocalRouter(str(tmp_path / "s"), 1024)
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(tmp_path / "s"))
        with (
            descriptors(None),
            pytest.raises(LaunchError, match=r"no file descriptor is left.*`ulimit -n NUMBER`"),
        ):
            router.recv(1000)
    router.close()


@pytest.mark.report("M10")
def test_process_that_finds_no_descriptor_free() -> None:
    with (
        descriptors(None),
        pytest.raises(LaunchError, match="'true' cannot be run: no file descriptor is left"),
    ):
        Process(["true"], "build it")


@pytest.mark.report("M10")
def test_limit_of_processes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(LaunchError, match=r"no further process may be started.*`ulimit -u NUMBER`.*pids.max"):
        Process(["true"], "build it")
