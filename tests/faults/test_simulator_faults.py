# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simulators that crash, hang, misbehave or refuse: each gives its typed error in bounded time and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from support import children, default_actions, is_running, right_actions, run_episode, scripted_executable

from ns3marl.env.pool import Pool
from ns3marl.errors import (
    ConfigError,
    Crashed,
    Hung,
    LaunchError,
    Ns3MarlError,
    OutOfStep,
    SimulatorError,
    SpecViolation,
    VersionMismatch,
)
from ns3marl.types import Actions, Batch


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No process and no socket file outlives a test."""
    sockets = tmp_path / "t"
    sockets.mkdir()
    monkeypatch.setenv("TMPDIR", str(sockets))
    monkeypatch.setattr("tempfile.tempdir", None)
    yield
    assert children(os.getpid()) == []
    assert list(sockets.iterdir()) == []


def run_first_come(pool: Pool, batch: Batch) -> None:
    while True:
        pool.send(batch.env_id, right_actions(batch))
        batch = pool.recv(1)


FAILURES: list[tuple[str, type[Ns3MarlError], str]] = [
    (
        "crash",
        Crashed,
        r"ended with signal SIGSEGV before its episode did; its last lines of output:\n\(nothing\)",
    ),
    ("exit", Crashed, r"ended with exit status 3 before its episode did"),
    ("throw", SimulatorError, r"the scenario failed on request"),
    ("nan", SpecViolation, r"tick 5: agent 'agent_0', feature 'filler_4' \[1\]: nan is outside \[0, 1\]"),
    (
        "bounds",
        SpecViolation,
        r"tick 5: agent 'agent_0', feature 'last_level' \[1\]: 1.5 is outside \[0, 1\]",
    ),
    (
        "what",
        ConfigError,
        r"argument '--failure': 'what' is none of none, crash, exit, hang, throw, nan, bounds, index and stop",
    ),
]


@pytest.mark.parametrize(("failure", "error", "message"), FAILURES)
def test_failures_of_a_scenario(
    scenario_path: Callable[[str], Path], failure: str, error: type[Ns3MarlError], message: str
) -> None:
    with Pool(scenario_path("echo"), arguments=[f"--failure={failure}", "--ticks=9"]) as pool:
        pattern = rf"scenario 'echo' \(pid \d+\), environment 0, RngRun 1.*{message}"
        with pytest.raises(error, match=re.compile(pattern, re.DOTALL)) as raised:
            run_episode(pool)
        assert type(raised.value) is error
        pool.reset()  # the pool goes on
        pool.step(right_actions(pool.reset()))


def test_hang(scenario_path: Callable[[str], Path]) -> None:
    with Pool(scenario_path("echo"), arguments=["--failure=hang"], tick_timeout_s=0.5) as pool:
        start_s = time.monotonic()
        with pytest.raises(
            Hung,
            match=r"environment 0, RngRun 1 lives but sent nothing for 0.5 s; if its ticks take that long",
        ):
            run_episode(pool)
        assert time.monotonic() - start_s < 10


def test_hang_is_noticed_while_others_go_on(scenario_path: Callable[[str], Path]) -> None:
    # Environment 1 stops; environment 0 keeps the learner busy.
    with Pool(scenario_path("echo"), num_envs=2, arguments=["--ticks=1000000"], tick_timeout_s=1.0) as pool:
        batch = pool.reset()
        os.kill(pool.pids[1], signal.SIGSTOP)
        with pytest.raises(Hung, match="environment 1"):
            run_first_come(pool, batch)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_in_mid_episode(scenario_path: Callable[[str], Path], number: signal.Signals) -> None:
    with Pool(scenario_path("echo"), num_envs=2) as pool:
        batch = pool.reset()
        os.kill(pool.pids[1], number)
        with pytest.raises(
            Crashed, match=rf"environment 1, RngRun 2 ended with signal {number.name} before its episode did"
        ):
            pool.step(right_actions(batch))
        assert pool.reset().tick.tolist() == [0, 0]


def test_killed_spare_is_replaced(scenario_path: Callable[[str], Path]) -> None:
    with Pool(scenario_path("echo"), arguments=["--ticks=2"], spares=1) as pool:
        batch = pool.reset()
        while not all(peer.hello for peer in pool._simulators):
            pool._receive()
        (spare,) = set(children(os.getpid())) - {pool.pids[0]}
        os.kill(spare, signal.SIGKILL)
        time.sleep(0.2)
        for _ in range(6):
            batch = pool.step(right_actions(batch))
        assert batch.final[0] is not None
        assert batch.final[0].run == 3


def test_stderr_is_in_the_message(scenario_path: Callable[[str], Path]) -> None:
    # ns-3's own fatal error ends the process by a signal; its words are in the message.
    arguments = ["--ns3::UniformRandomVariable::Stream=x"]
    with pytest.raises(
        ConfigError, match="argument '--ns3::UniformRandomVariable::Stream' with value 'x' is neither"
    ):
        Pool(scenario_path("echo"), arguments=arguments)


def test_unknown_argument(scenario_path: Callable[[str], Path]) -> None:
    with pytest.raises(
        ConfigError,
        match=r"argument '--nodes' with value '3' is neither .* the scenario has: --agents, --groups, --features",
    ):
        Pool(scenario_path("echo"), arguments=["--nodes=3"])
    with pytest.raises(ConfigError, match=r"argument '--agents' cannot be read from '3x'"):
        Pool(scenario_path("echo"), arguments=["--agents=3x"])
    with pytest.raises(ConfigError, match=r"argument '--RngRun' is not taken here"):
        Pool(scenario_path("echo"), arguments=["--RngRun=3"])


def test_missing_executable(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="no-such-scenario"):
        Pool("no-such-scenario")
    text = tmp_path / "text"
    text.write_text("not a program")
    text.chmod(0o755)
    with pytest.raises(LaunchError, match="cannot be run: Exec format error; build it with `ns3marl build`"):
        Pool(text)


def test_executable_that_is_no_scenario() -> None:
    with pytest.raises(
        LaunchError, match=r"ended with exit status 0 before it said Hello; is it a ns3marl scenario\?"
    ):
        Pool(Path("/bin/true"))


ACTIONS: list[tuple[str, Callable[[Actions], Actions], str]] = [
    (
        "shape",
        lambda a: Actions(a.discrete[:, :1], a.continuous),
        r"came as int32 \[1, 1, 1\], expected int32 \[1, 2, 1\]",
    ),
    (
        "kind",
        lambda a: Actions(cast(Any, a.discrete + 0.5), a.continuous),
        r"came as float64 \[1, 2, 1\], expected int32",
    ),
    (
        "nan",
        lambda a: Actions(a.discrete, a.continuous * np.float32(np.nan)),
        r"agent 'agent_0', head 'level' \[1\]: -?nan is outside",
    ),
    (
        "high",
        lambda a: Actions(a.discrete, a.continuous * 0 + np.float32(1.1)),
        r"head 'level' \[1\]: 1.1 is outside \[0, 1\]",
    ),
    (
        "choice",
        lambda a: Actions(a.discrete * 0 + 3, a.continuous),
        r"head 'choice': 3 is not one of the choices 0 to 2",
    ),
    (
        "negative",
        lambda a: Actions(a.discrete * 0 - 1, a.continuous),
        r"head 'choice': -1 is not one of the choices 0 to 2",
    ),
]


@pytest.mark.parametrize(
    ("spoil", "message"), [case[1:] for case in ACTIONS], ids=[case[0] for case in ACTIONS]
)
def test_wrong_actions(
    scenario_path: Callable[[str], Path], spoil: Callable[[Actions], Actions], message: str
) -> None:
    with Pool(scenario_path("echo")) as pool:
        batch = pool.reset()
        with pytest.raises(SpecViolation, match=message):
            pool.step([spoil(action) for action in right_actions(batch)])


def test_actions_within_tolerance_are_clipped(scenario_path: Callable[[str], Path]) -> None:
    with Pool(scenario_path("echo")) as pool:
        batch = pool.reset()
        actions = right_actions(batch)
        actions[0].continuous[:] = 1 + 5e-6
        assert pool.step(actions).groups[0].observations[0, 0, 3] == 1.0


def test_actions_out_of_step(scenario_path: Callable[[str], Path]) -> None:
    with Pool(scenario_path("echo"), num_envs=2) as pool:
        with pytest.raises(OutOfStep, match=r"call reset\(\) or recv\(\) first"):
            pool.step(default_actions(pool.spec, 2))
        with pytest.raises(OutOfStep, match=r"1 environments were asked for, 0 have an observation coming"):
            pool.recv(1)
        batch = pool.reset()
        with pytest.raises(OutOfStep, match=r"environments \[5\], expected some of \[0, 1\] in this order"):
            pool.send(np.array([5]), default_actions(pool.spec, 1))
        with pytest.raises(OutOfStep, match=r"environments \[1 0\], expected some of \[0, 1\] in this order"):
            pool.send(np.array([1, 0]), default_actions(pool.spec, 2))
        pool.send(batch.env_id, right_actions(batch))
        with pytest.raises(OutOfStep, match="3 environments were asked for"):
            pool.recv(3)


PEERS: list[tuple[str, type[Ns3MarlError], str]] = [
    (
        "version",
        VersionMismatch,
        r"scenario 'scripted' \(pid \d+\) speaks protocol version 1, this learner speaks 2; use one release of ns3marl",
    ),
    (
        "garbage",
        OutOfStep,
        r"9 bytes came that are no message of the lockstep wire; is the peer a ns3marl scenario\?",
    ),
    (
        "empty",
        OutOfStep,
        r"a message came that holds none of Hello, Spec, Ready, Observation, Fault and Worker",
    ),
    ("short", SpecViolation, r"tick 1: arrays of 32 bytes came, expected 40"),
    (
        "nan",
        SpecViolation,
        r"agent 'agent_1', feature 'queue' \[bit\]: nan came, expected a value in \[0.0, 8.0\]",
    ),
    ("nan-reward", SpecViolation, r"agent 'agent_1': the reward inf came, expected a finite one"),
    ("flag", SpecViolation, r"a flag \(present, active or mask\) is neither 0 nor 1"),
    ("skip", OutOfStep, r"the observation of tick 2 came, expected that of tick 1"),
    ("hello-again", OutOfStep, r"a Hello came where an observation was expected"),
    (
        "hash",
        SpecViolation,
        r"the episode's spec has hash fedcba9876543210, that of the pool 0123456789abcdef",
    ),
]


def play_a_tick(executable: Path) -> None:
    with Pool(executable, spares=0) as pool:
        pool.reset()
        pool.step(default_actions(pool.spec, 1))


@pytest.mark.parametrize(("behaviour", "error", "message"), PEERS)
def test_peers_that_break_the_wire(
    tmp_path: Path, behaviour: str, error: type[Ns3MarlError], message: str
) -> None:
    executable = scripted_executable(tmp_path, behaviour)
    with pytest.raises(error, match=message):
        play_a_tick(executable)


def test_peer_that_never_says_hello(tmp_path: Path) -> None:
    executable = scripted_executable(tmp_path, "mute")
    with pytest.raises(LaunchError, match=r"did not say Hello within 0.5 s; is it a ns3marl scenario\?"):
        Pool(executable, spares=0, start_timeout_s=0.5)


@pytest.mark.parametrize("behaviour", ["right", "multipart"])
def test_stray_parts_do_no_harm(tmp_path: Path, behaviour: str) -> None:
    with Pool(scripted_executable(tmp_path, behaviour), spares=0) as pool:
        pool.reset()
        for _ in range(3):
            batch = pool.step(default_actions(pool.spec, 1))
        assert batch.tick.tolist() == [3]


def test_processes_are_gone_after_close(scenario_path: Callable[[str], Path]) -> None:
    pool = Pool(scenario_path("echo"), num_envs=2, spares=2)
    pool.reset()
    pids = children(os.getpid())
    assert len(pids) == 4
    pool.close()
    pool.close()
    assert not any(is_running(pid) for pid in pids)
