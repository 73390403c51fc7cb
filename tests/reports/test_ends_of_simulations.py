# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simulations that end too early, or wait for ever: users see a fault that names the cause."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import right_actions

from ns3marl.env.pool import Pool
from ns3marl.errors import SimulatorError, SpecViolation
from ns3marl.protocol import codec

Scenario = Callable[[str], Path]


def run(scenario: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([scenario, *words], capture_output=True, text=True, timeout=30, check=False)


def play(pool: Pool) -> None:
    """Plays an episode."""
    batch = pool.reset()
    while batch.final[0] is None:
        batch = pool.step(right_actions(batch))


@pytest.mark.report("C1")
def test_a_stopped_simulation_is_a_fault(scenario_path: Scenario) -> None:
    done = run(scenario_path("echo"), "--standalone", "--ticks=20", "--failure=stop", "--failureTick=2")
    assert done.returncode == 2
    assert "do not call Simulator::Stop(), call Finish()" in done.stderr
    with (
        Pool(scenario_path("echo"), arguments=["--ticks=20", "--failure=stop"], spares=0, restarts=0) as pool,
        pytest.raises(SimulatorError, match=r"the simulation ended at .* before the episode did"),
    ):
        play(pool)


@pytest.mark.report("C2")
@pytest.mark.report("T11")
def test_what_is_set_beside_the_arrays_is_refused_by_name(scenario_path: Scenario) -> None:
    words = ["--failure=index", "--failureTick=3", "--agents=2"]
    with (
        Pool(scenario_path("echo"), arguments=words, spares=0, restarts=0) as pool,
        pytest.raises(
            SpecViolation, match=r"group 'agents', feature 'wanted_choice': agent 2 does not exist"
        ),
    ):
        play(pool)


@pytest.mark.report("C12")
def test_a_fault_has_the_tick_at_which_observing_failed(
    scenario_path: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks: list[int] = []
    decode = codec.decode

    def note(*args: Any) -> Any:
        message = decode(*args)
        if isinstance(message, codec.Fault):
            ticks.append(message.tick)
        return message

    monkeypatch.setattr(codec, "decode", note)
    words = ["--failure=index", "--failureTick=3"]
    with (
        Pool(scenario_path("echo"), arguments=words, spares=0, restarts=0) as pool,
        pytest.raises(SpecViolation),
    ):
        play(pool)
    assert ticks == [3]


@pytest.mark.report("C2")
@pytest.mark.report("T1")
def test_rows_of_a_table_that_nobody_asked_for_are_dropped(scenario_path: Scenario) -> None:
    tables = {"echo": ["--ticks=5"], "aiot-mec": ["--devices=3", "--servers=2", "--ticks=5"]}
    for scenario, words in tables.items():
        done = run(scenario_path(scenario), "--standalone", *words)
        assert done.returncode == 0, done.stderr
    assert run(scenario_path("echo"), "--standalone", "--tables=answers").returncode == 0


@pytest.mark.report("C9")
@pytest.mark.parametrize("scenario", ["echo", "aiot-mec"])
def test_the_realtime_simulator_runs(scenario_path: Scenario, scenario: str) -> None:
    words = ["--ticks=3"] if scenario == "echo" else ["--devices=2", "--servers=1", "--ticks=3"]
    realtime = "--SimulatorImplementationType=ns3::RealtimeSimulatorImpl"
    done = run(scenario_path(scenario), "--standalone", realtime, *words)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ticks"] == 3


@pytest.mark.report("C8")
def test_connecting_ends_when_no_learner_answers(scenario_path: Scenario) -> None:
    with socket.socket() as server:  # takes the connection and says nothing, as a port of something else may
        server.bind(("127.0.0.1", 0))
        server.listen()
        silent = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            nobody = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        waiting = [
            subprocess.Popen(
                [scenario_path("echo"), f"--connect={endpoint}"], stderr=subprocess.PIPE, text=True
            )
            for endpoint in (silent, nobody)
        ]
        began = time.monotonic()
        for process in waiting:
            message = process.communicate(timeout=25)[1]
            assert process.returncode == 2
            assert "no learner answered within 10 s; is it running" in message
        assert time.monotonic() - began > 5
