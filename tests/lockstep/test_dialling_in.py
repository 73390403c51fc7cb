# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simulators that dial in give what launched ones give, come and go as they like, and are let in only where they belong."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dialled import Link, WorkerThread, worker_process, workers
from support import children, is_running, right_actions, run_episode, transcript

from ns3marl import keys
from ns3marl.env.pool import Pool
from ns3marl.errors import ConfigError, Crashed, Hung, Lost, SimulatorError

ECHO = ("--ticks=20", "--masked=true")
#: Says that it was built with another ns-3.
OTHER_BUILD = f"""#!{sys.executable}
import os, sys, time
import zmq
from ns3marl.protocol import codec
from ns3marl.types import Hello
options = dict(word.removeprefix("--").split("=", 1) for word in sys.argv[1:])
dealer = zmq.Context().socket(zmq.DEALER)
dealer.setsockopt_string(zmq.IDENTITY, options["identity"])
dealer.connect(options["connect"])
dealer.send(codec.encode_hello(Hello("echo", "3.0", "release", os.getpid(), codec.PROTOCOL_MAJOR, codec.PROTOCOL_MINOR)))
dealer.recv()
"""
AIOT_MEC = ("--devices=5", "--servers=2", "--channels=2", "--ticks=10")


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No process outlives a test."""
    yield
    assert children(os.getpid()) == []


@pytest.fixture
def echo(scenario_path: Callable[[str], Path]) -> Path:
    return scenario_path("echo")


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/s"


def free_port() -> int:
    """A TCP port that nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.mark.parametrize(("scenario", "arguments"), [("echo", ECHO), ("aiot-mec", AIOT_MEC)])
def test_the_same_bytes_as_launched_ones(
    scenario_path: Callable[[str], Path], endpoint: str, scenario: str, arguments: tuple[str, ...]
) -> None:
    path = scenario_path(scenario)
    launched = transcript(path, arguments, range(1, 5), num_envs=2)
    with workers(path, endpoint, 2, slots=2):
        assert (
            transcript(path, arguments, range(1, 5), num_envs=2, endpoint=endpoint, spawn=False) == launched
        )
    both = f"{endpoint}-both"
    with workers(path, both):
        assert transcript(path, arguments, range(1, 5), num_envs=2, endpoint=both) == launched


def test_over_tcp_with_keys(echo: Path, tmp_path: Path) -> None:
    keys.make(tmp_path / "keys", ["here"])
    launched = transcript(echo, ECHO, range(1, 3))
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    with workers(echo, endpoint, key_folder=tmp_path / "keys" / "here"):
        dialled = transcript(
            echo, ECHO, range(1, 3), endpoint=endpoint, spawn=False, key_folder=tmp_path / "keys" / "learner"
        )
    assert dialled == launched


@pytest.mark.parametrize("stranger", ["unknown", "none", "other-learner"])
def test_unknown_keys_are_refused(echo: Path, tmp_path: Path, stranger: str) -> None:
    keys.make(tmp_path / "keys", ["known", "unknown"])
    keys.make(tmp_path / "others", ["known"])
    (tmp_path / "keys" / "learner" / "simulators" / "unknown.key").unlink()
    folder = {
        "unknown": tmp_path / "keys" / "unknown",
        "none": None,
        "other-learner": tmp_path / "others" / "known",
    }[stranger]
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    learner = tmp_path / "keys" / "learner"
    with (
        workers(echo, endpoint, key_folder=folder),
        pytest.raises(
            Lost,
            match=r"waited 1 s for a simulator of scenario 'echo' at tcp://.* where 0 workers serve 0 simulators and 1 are",
        ),
    ):
        Pool("echo", endpoint=endpoint, spawn=False, key_folder=learner, start_timeout_s=1.0)


def test_keys_and_endpoints_that_do_not_go_together(echo: Path, tmp_path: Path, endpoint: str) -> None:
    with pytest.raises(ConfigError, match="keys are for tcp"):
        Pool("echo", endpoint=endpoint, spawn=False, key_folder=tmp_path)
    with pytest.raises(
        ConfigError, match=r"learner.key_secret cannot be read .* make keys with `ns3marl keys FOLDER`"
    ):
        Pool("echo", endpoint="tcp://127.0.0.1:0", spawn=False, key_folder=tmp_path)
    with pytest.raises(ConfigError, match="launched here need no keys"):
        Pool(echo, endpoint="tcp://127.0.0.1:0", key_folder=tmp_path)
    with pytest.raises(ConfigError, match="spawn is False, so simulators dial in: give an endpoint"):
        Pool("echo", spawn=False)


def test_workers_come_and_go(echo: Path, endpoint: str) -> None:
    undisturbed = transcript(echo, ECHO, range(1, 9), num_envs=2)
    present = [WorkerThread(echo, endpoint, slots=2)]

    def relieve(ticks: int) -> None:
        if ticks % 15 == 7:  # in mid-episode; the new one comes before the old one leaves, or after
            present.append(WorkerThread(echo, endpoint, slots=2))
            present.pop(0).leave()

    losses: list[int] = []
    disturbed = transcript(
        echo,
        ECHO,
        range(1, 9),
        num_envs=2,
        endpoint=endpoint,
        spawn=False,
        restarts=9,
        each_tick=relieve,
        losses=losses,
    )
    present.pop().leave()
    assert disturbed == undisturbed
    assert losses[0] >= 4


def test_a_worker_of_another_scenario_is_sent_away(
    scenario_path: Callable[[str], Path], endpoint: str
) -> None:
    wrong = WorkerThread(scenario_path("template"), endpoint)
    with pytest.raises(Lost, match="the last one was sent away: this learner trains on scenario 'echo'"):
        Pool("echo", endpoint=endpoint, spawn=False, start_timeout_s=1.0)
    wrong.leave()
    assert isinstance(wrong.error, ConfigError)
    assert "this learner trains on scenario 'echo', the worker serves 'template'" in str(wrong.error)


def test_a_worker_that_is_built_otherwise_ends_with_the_reason(
    echo: Path, tmp_path: Path, endpoint: str
) -> None:
    other = tmp_path / "echo"
    other.write_text(OTHER_BUILD)
    other.chmod(0o755)
    with Pool(echo, endpoint=endpoint, arguments=["--ticks=1000000"]) as pool:
        batch = pool.reset()
        worker = WorkerThread(other, endpoint)
        deadline_s = time.monotonic() + 60
        while worker.is_alive() and time.monotonic() < deadline_s:
            batch = pool.step(right_actions(batch))
        worker.leave()
        assert pool.timing.losses == 0
    assert isinstance(worker.error, SimulatorError)
    assert "6 failures in a row, the last one: this pool's simulators are ('echo', " in str(worker.error)
    assert "yours are ('echo', '3.0', " in str(worker.error)


def test_a_partition_over_tcp(echo: Path) -> None:
    undisturbed = transcript(echo, ECHO, range(1, 9), num_envs=2)
    port = free_port()
    endpoint = f"tcp://127.0.0.1:{port}"
    losses: list[int] = []
    others: list[WorkerThread] = []
    with Link(port) as link, workers(echo, link.endpoint, slots=2) as (cut_off,):

        def cut(ticks: int) -> None:
            if ticks == 10:  # in mid-episode
                link.cut.set()
                others.append(WorkerThread(echo, endpoint, slots=2))

        disturbed = transcript(
            echo,
            ECHO,
            range(1, 9),
            num_envs=2,
            endpoint=endpoint,
            spawn=False,
            restarts=1,
            each_tick=cut,
            losses=losses,
        )
        others.pop().leave()
        deadline_s = time.monotonic() + 10
        while not any("is gone" in line for line in cut_off.said):
            assert time.monotonic() < deadline_s, "the worker does not notice that it is cut off"
            time.sleep(0.05)
    assert disturbed == undisturbed
    assert losses == [2]


def test_what_ended_elsewhere_is_told(echo: Path, endpoint: str) -> None:
    with (
        workers(echo, endpoint) as (worker,),
        Pool("echo", endpoint=endpoint, spawn=False, arguments=["--failure=exit"]) as pool,
    ):
        with pytest.raises(
            Crashed,
            match=r"\(pid \d+ of worker .*\), environment 0, RngRun 1 ended with exit status 3 before its",
        ):
            run_episode(pool)
        pool.reset()
        assert any("ended with exit status 3; its last lines of output" in line for line in worker.said)


def test_hung_elsewhere(echo: Path, endpoint: str) -> None:
    options = {"endpoint": endpoint, "spawn": False, "tick_timeout_s": 0.5}
    with (
        workers(echo, endpoint) as (worker,),
        Pool("echo", arguments=["--failure=hang"], **options) as pool,  # type: ignore[arg-type] # of several types
    ):
        with pytest.raises(Hung, match=r"of worker .* lives but sent nothing for 0.5 s"):
            run_episode(pool)
        pool.reset()  # on a new simulator: the worker has ended the one that hung
        assert not worker.error
        assert children(os.getpid()) == pool.pids


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_a_worker_that_vanishes_is_lost(echo: Path, endpoint: str, number: signal.Signals) -> None:
    with (
        worker_process(echo, endpoint) as process,
        Pool("echo", endpoint=endpoint, spawn=False, arguments=["--ticks=1000000"]) as pool,
    ):
        batch = pool.reset()
        (simulator,) = children(process.pid)
        os.kill(process.pid, number)
        os.kill(simulator, number)
        started_s = time.monotonic()
        with pytest.raises(Lost, match=r"environment 0, RngRun 1 is gone: worker .* has been silent for 2 s"):
            pool.step(right_actions(batch))
        assert time.monotonic() - started_s < 10
    # its simulator ends with it, however it ended
    started_s = time.monotonic()
    os.kill(simulator, signal.SIGCONT) if is_running(simulator) else None
    while is_running(simulator):
        assert time.monotonic() - started_s < 5
        time.sleep(0.01)


def test_a_busy_learner_loses_nobody(echo: Path, endpoint: str) -> None:
    with workers(echo, endpoint), Pool("echo", endpoint=endpoint, spawn=False) as pool:
        batch = pool.reset()
        for _ in range(2):
            time.sleep(2.5)  # longer than a worker may be silent
            batch = pool.step(right_actions(batch))
        assert batch.tick.tolist() == [2]
        assert pool.timing.losses == 0


def test_a_worker_serves_one_learner_after_the_other(echo: Path, endpoint: str) -> None:
    with workers(echo, endpoint, slots=2) as (worker,):
        for _ in range(3):
            with Pool("echo", endpoint=endpoint, spawn=False, num_envs=2) as pool:
                pool.step(right_actions(pool.reset()))
                pids = pool.pids
            deadline_s = time.monotonic() + 5
            while any(is_running(pid) for pid in pids):
                assert time.monotonic() < deadline_s, "simulators outlive their learner"
                time.sleep(0.01)
    assert worker.error is None
    assert sum("serves echo" in line for line in worker.said) == 3


def test_a_worker_that_nobody_wants_ends(echo: Path, endpoint: str) -> None:
    worker = WorkerThread(echo, endpoint, wait_s=0.3)
    worker.join(10)
    assert not worker.is_alive()
    assert isinstance(worker.error, Lost)
    assert f"no learner came to {endpoint} within 0.3 s" in str(worker.error)
    assert worker.said[-1].endswith(f"no learner came to {endpoint}")


def test_simulators_that_never_start_end_the_worker(tmp_path: Path, endpoint: str) -> None:
    broken = tmp_path / "echo"
    broken.write_text("#!/bin/sh\necho no library >&2\nexit 127\n")
    broken.chmod(0o755)
    worker = WorkerThread(broken, endpoint)
    with pytest.raises(Lost):
        Pool("echo", endpoint=endpoint, spawn=False, start_timeout_s=8.0)
    worker.leave()
    assert isinstance(worker.error, SimulatorError)
    assert "6 failures in a row, the last one: exit status 127\nno library" in str(worker.error)
