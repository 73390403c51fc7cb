# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Learners that fork, as PyTorch's data loaders and multiprocessing do: a child that ends takes nothing of its parent's along, and
one that lives keeps no simulator of a killed learner alive."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import children, is_running

from ns3marl.local_router import LocalRouter

_LEARNER = """
import multiprocessing, os, sys, time
from ns3marl.env.pool import Pool
from ns3marl.errors import OutOfStep
from support import right_actions
pool = Pool(sys.argv[1], num_envs=2, arguments=sys.argv[2:])
batch = pool.reset()
{then}
"""
_PLAY_ON = """
for _ in range(10):  # episodes have 4 ticks: new simulators dial in, too
    batch = pool.step(right_actions(batch))
pool.close()
print("played on")
"""


def learner(folder: Path, scenario: Path, then: str, *arguments: str) -> subprocess.Popen[str]:
    path = f"{Path(__file__).parents[1]}:{os.environ.get('PYTHONPATH', '')}"
    return subprocess.Popen(
        [sys.executable, "-c", _LEARNER.format(then=then), str(scenario), *arguments],
        env=os.environ | {"TMPDIR": str(folder), "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.report("P2")
@pytest.mark.parametrize(
    "child",
    ["sys.exit()", "pool.close()", "del pool, batch", "with pool: pass", "raise SystemExit(3)"],
)
def test_child_that_ends_cleans_up_nothing_of_its_parent(
    tmp_path: Path, scenario_path: Callable[[str], Path], child: str
) -> None:
    then = f"if os.fork() == 0:\n    {child}\n    sys.exit()\nos.wait()\n{_PLAY_ON}"
    with learner(tmp_path, scenario_path("echo"), then, "--ticks=4") as process:
        assert process.communicate(timeout=60)[0] == "played on\n"
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.report("M13")
def test_child_may_not_step_the_pool_of_its_parent(
    tmp_path: Path, scenario_path: Callable[[str], Path]
) -> None:
    refused = """
if os.fork() == 0:
    for use in (lambda: pool.step(right_actions(batch)), pool.reset, pool.recv):
        try:
            use()
        except OutOfStep as error:
            assert f"the pool belongs to process {os.getppid()}, and this is process {os.getpid()}" in str(error)
        else:
            os._exit(1)
    own = Pool(sys.argv[1], arguments=sys.argv[2:])
    own.step(right_actions(own.reset()))
    own.close()
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
"""
    with learner(tmp_path, scenario_path("echo"), refused + _PLAY_ON, "--ticks=4") as process:
        assert process.communicate(timeout=60)[0] == "played on\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.report("P3")
@pytest.mark.parametrize(
    ("arguments", "then"),
    [
        ([], "time.sleep(60)"),  # simulators wait for an action
        (["--failure=hang", "--failureTick=1"], "pool.step(right_actions(batch))"),  # and are inside a tick
    ],
    ids=["waiting", "in-a-tick"],
)
def test_simulators_of_a_killed_learner_end_though_its_child_lives(
    tmp_path: Path, scenario_path: Callable[[str], Path], arguments: list[str], then: str
) -> None:
    fork = (
        'child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))\nchild.start()\n'
        f"print(child.pid, flush=True)\n{then}\n"
    )
    with learner(tmp_path, scenario_path("echo"), fork, *arguments) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        simulators = [pid for pid in children(process.pid) if pid != child]
        assert len(simulators) >= 2
        process.kill()
        process.wait(10)
        deadline_s = time.monotonic() + 5
        while any(is_running(pid) for pid in simulators):
            assert time.monotonic() < deadline_s, "simulators outlive their learner"
            time.sleep(0.05)
        assert is_running(child)
        os.kill(child, signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.report("P3")
def test_connection_that_a_child_holds_is_forgotten(tmp_path: Path) -> None:
    router = LocalRouter(str(tmp_path / "s"), 1024)
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(tmp_path / "s"))
        while not router._connections:
            router.recv(10)
        (held,) = [os.dup(connection.socket.fileno()) for connection in router._connections.values()]
        stranger.sendall(b"GET / HTTP/1.1\r\n")
        while router._connections:
            router.recv(10)
    assert select.select([held], [], [], 0)[0] == [held]  # the end of the connection is there to be read
    assert router._epoll.poll(0) == []
    os.close(held)
    router.close()
