# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Environments of ns3-gym's simulations: used after their end, copied, forked, or interrupted.

What users saw: a ``ValueError`` and a simulation that stayed for ever, copies that all played one seed, a forked child that took its
parent's simulation with it, and a learner's simulation that outlived it as long as a process forked from it.
"""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import gymnasium
import ns3gym_peer as peer
import numpy as np
import pytest
from support import children, is_running

import ns3marl.env  # noqa: F401 - registers the ids
from ns3marl.compat.ns3gym import Ns3GymEnv
from ns3marl.errors import ConfigError, OutOfStep

PEER = [sys.executable, peer.__file__]


@pytest.fixture
def environment() -> Iterator[Ns3GymEnv]:
    made = Ns3GymEnv(PEER, seed=1)
    yield made
    made.close()


@pytest.mark.report("P4")
def test_a_closed_environment_says_so_and_starts_nothing(environment: Ns3GymEnv) -> None:
    environment.reset()
    environment.close()
    for use in (environment.reset, lambda: environment.step(np.zeros(3))):
        with pytest.raises(OutOfStep, match="this Ns3GymEnv is closed; make another one"):
            use()
    assert children(os.getpid()) == []


@pytest.mark.report("P1")
@pytest.mark.parametrize("seeds", [{}, {"seed": 5}])
def test_copies_in_a_vector_get_seeds_of_their_own(seeds: dict[str, int]) -> None:
    vectors = [
        gymnasium.make_vec("ns3marl/ns3gym-v0", num_envs=2, vectorization_mode="sync", command=PEER)
        for _ in range(2)
    ]
    told = [set(vector.reset(**seeds)[1]["sim_seed"].tolist()) for vector in vectors]  # type: ignore[arg-type]
    for vector in vectors:
        vector.close()
    assert [len(each) for each in told] == [2, 2]
    assert (told[0] == told[1]) == bool(seeds)


@pytest.mark.report("P14")
def test_a_copy_is_a_new_environment(environment: Ns3GymEnv) -> None:
    observation, _ = environment.reset()
    other = copy.deepcopy(environment)
    theirs, _ = other.reset()
    assert observation[1, 1] != theirs[1, 1]  # the pid
    assert observation[0, 1] == theirs[0, 1]  # the seed
    other.close()
    environment.step(np.zeros(3))


@pytest.mark.report("P2")
@pytest.mark.report("M13")
def test_a_forked_child_ends_nothing_and_may_not_use_it(environment: Ns3GymEnv) -> None:
    environment.reset()
    read, write = os.pipe()
    if os.fork() == 0:
        try:
            for use in (environment.reset, lambda: environment.step(np.zeros(3))):
                with pytest.raises(OutOfStep, match="was forked off process"):
                    use()
            environment.close()
            os.write(write, b"right")
        finally:
            os._exit(0)
    os.close(write)
    os.wait()
    assert os.read(read, 5) == b"right"
    os.close(read)
    environment.step(np.zeros(3))


_LEARNER = """
import multiprocessing, sys, time
from ns3marl.compat.ns3gym import Ns3GymEnv
environment = Ns3GymEnv(sys.argv[1:])
child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
child.start()
print(child.pid, int(environment.reset()[0][1, 1]), flush=True)
time.sleep(60)
"""


@pytest.mark.report("P3")
def test_a_simulation_ends_with_its_learner_though_a_forked_process_lives() -> None:
    with subprocess.Popen([sys.executable, "-c", _LEARNER, *PEER], stdout=subprocess.PIPE) as learner:
        assert learner.stdout is not None
        forked, simulation = map(int, learner.stdout.readline().split())
        learner.kill()
        learner.wait()
        deadline_s = time.monotonic() + 5
        while is_running(simulation):
            assert time.monotonic() < deadline_s, "the simulation outlives its learner"
            time.sleep(0.01)
        os.kill(forked, signal.SIGKILL)


@pytest.mark.report("P4")
def test_a_wait_that_was_interrupted_is_not_answered_twice() -> None:
    environment = Ns3GymEnv(PEER, ["--behaviour=hang"])
    environment.reset()
    environment.step(np.zeros(3))
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    with pytest.raises(KeyboardInterrupt):
        environment.step(np.zeros(3))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with pytest.raises(OutOfStep, match="the last step was interrupted before its state came; call reset"):
        environment.step(np.zeros(3))
    environment.reset()
    environment.close()
    assert children(os.getpid()) == []


@pytest.mark.report("P20")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tick_timeout_s": 0}, "tick_timeout_s is 0, expected a time above 0 s"),
        ({"start_timeout_s": float("nan")}, "start_timeout_s is nan, expected a time above 0 s"),
        ({"port": -1}, "port is -1, expected an integer from 0"),
        (
            {"command": None},
            "without a command a simulation that is started elsewhere is awaited; give the port",
        ),
    ],
)
def test_arguments_that_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Ns3GymEnv(**({"command": PEER} | options))  # type: ignore[arg-type]
    assert children(os.getpid()) == []
