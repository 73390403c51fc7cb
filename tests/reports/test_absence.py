# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""A learner that is stopped for a while (Ctrl-Z, a laptop that sleeps, a debugger) loses no simulator for it.

Its own absence is no silence of workers, no time that simulators took, and no waiting. Workers wait for it.
"""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dialled import workers

from ns3marl import clock, worker
from ns3marl.cli.main import parser
from ns3marl.clock import Clock
from ns3marl.env.pool import Pool
from ns3marl.errors import Lost

#: Prints how many simulators it has lost after each step.
LEARNER = """
import sys
sys.path[:0] = {path!r}
from support import right_actions
from ns3marl.env.pool import Pool
with Pool({scenario!r}, arguments=["--ticks=1000000"], tick_timeout_s=1.0, start_timeout_s=1.0, **{options!r}) as pool:
    batch = pool.reset()
    while True:
        batch = pool.step(right_actions(batch))
        print(pool.timing.losses, flush=True)
"""


@pytest.mark.report("M21")
def test_the_clock_stands_still_while_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    watch = Clock()
    for _ in range(10):
        now[0] += 0.1
        watch.now_s()
    assert watch.now_s() == pytest.approx(1.0)
    now[0] += 3600
    assert watch.now_s() == pytest.approx(1.0 + clock.MAX_STEP_S)
    now[0] += 0.1
    assert watch.now_s() == pytest.approx(1.1 + clock.MAX_STEP_S)


@pytest.mark.report("M15", "M21")
@pytest.mark.parametrize("dialled", [True, False])
def test_a_stopped_learner_goes_on_without_a_loss(
    tmp_path: Path, scenario_path: Callable[[str], Path], dialled: bool
) -> None:
    echo, endpoint = scenario_path("echo"), f"ipc://{tmp_path}/s"
    options = {"endpoint": endpoint, "spawn": False} if dialled else {}
    code = LEARNER.format(
        path=[str(Path(__file__).parents[1]), *sys.path], scenario=str(echo), options=options
    )
    with (
        workers(echo, endpoint, 1 if dialled else 0, slots=2),
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as learner,
    ):
        assert learner.stdout is not None
        try:
            for _ in range(2):
                assert learner.stdout.readline() == "0\n"
                os.kill(learner.pid, signal.SIGSTOP)
                time.sleep(
                    2.5
                )  # longer than a worker may be silent, a tick may take, an environment may wait
                os.kill(learner.pid, signal.SIGCONT)
            for _ in range(2000):  # more than what was still in the pipe
                assert learner.stdout.readline() == "0\n"
        finally:
            learner.kill()


@pytest.mark.report("M15")
def test_workers_wait_an_hour_by_default() -> None:
    assert inspect.signature(worker.serve).parameters["wait_s"].default == 3600
    assert parser().parse_args(["serve", "echo", "--connect", "ipc:///x"]).wait == 3600


@pytest.mark.report("M15", "M33")
def test_a_learner_says_what_to_start(tmp_path: Path, scenario_path: Callable[[str], Path]) -> None:
    endpoint = f"ipc://{tmp_path}/s"
    options = {"endpoint": endpoint, "spawn": False, "start_timeout_s": 1.0}
    with (
        workers(scenario_path("echo"), endpoint, slots=1),
        Pool("echo", num_envs=2, **options) as pool,  # type: ignore[arg-type] # of several types
        pytest.raises(Lost) as lost,
    ):
        pool.reset()
    assert "where 1 workers serve 1 simulators and 2 are needed" in str(lost.value)
    assert f"start more with `ns3marl serve echo --connect {endpoint} --slots 1`" in str(lost.value)
