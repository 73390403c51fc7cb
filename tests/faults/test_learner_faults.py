# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Learners that are killed: their simulators end, and the socket goes with them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import children, is_running

_LEARNER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it, and so do their children
from ns3marl.env.pool import Pool
pool = Pool(sys.argv[1], num_envs=2, arguments=sys.argv[2:])
from support import right_actions
batch = pool.reset()
print("stands", flush=True)
{then}
"""


@contextmanager
def learner(folder: Path, scenario: Path, arguments: list[str], then: str) -> Iterator[subprocess.Popen[str]]:
    """A learner whose simulators run."""
    path = f"{Path(__file__).parents[1]}:{os.environ.get('PYTHONPATH', '')}"
    environment = os.environ | {"TMPDIR": str(folder), "PYTHONPATH": path}
    command = [sys.executable, "-c", _LEARNER.format(then=then), str(scenario), *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stands\n"
        yield process


def wait_until_gone(pids: list[int], limit_s: float) -> float:
    """Seconds until none of the processes runs."""
    start_s = time.monotonic()
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() - start_s < limit_s, "simulators outlive their learner"
        time.sleep(0.01)
    return time.monotonic() - start_s


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("arguments", "then"),
    [
        ([], "import time; time.sleep(60)"),  # simulators wait for an action
        (
            ["--failure=hang", "--failureTick=1"],
            "pool.step(right_actions(batch))",
        ),  # simulators are inside a tick
    ],
    ids=["waiting", "in-a-tick"],
)
def test_simulators_end_within_5_s_of_their_learner(
    tmp_path: Path,
    scenario_path: Callable[[str], Path],
    number: signal.Signals,
    arguments: list[str],
    then: str,
) -> None:
    with learner(tmp_path, scenario_path("echo"), arguments, then) as process:
        simulators = children(process.pid)
        assert len(simulators) >= 2
        time.sleep(0.2)
        process.send_signal(number)
        process.wait(10)
        wait_until_gone(simulators, limit_s=5)
    time.sleep(0.1)
    assert list(tmp_path.iterdir()) == []


def test_learner_that_forgets_to_close(tmp_path: Path, scenario_path: Callable[[str], Path]) -> None:
    with learner(tmp_path, scenario_path("echo"), [], "") as process:
        simulators = children(process.pid)
        assert process.wait(10) == 0
        wait_until_gone(simulators, limit_s=5)
    assert list(tmp_path.iterdir()) == []
