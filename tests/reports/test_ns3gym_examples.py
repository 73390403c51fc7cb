# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""ns3-gym's seven examples, as they behave on the wire, driven by ``Ns3GymEnv`` and by the module ``ns3gym`` to drop in."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ns3gym_examples as examples
import numpy as np
import pytest
import zmq
from support import children

from ns3marl.compat import dropin
from ns3marl.compat.ns3gym import Ns3GymEnv, Ns3GymWarning
from ns3marl.errors import ConfigError, Crashed, LaunchError, SpecViolation

Act = Callable[[Any, Any], Any]


def sample(_observation: Any, space: Any) -> Any:
    return space.sample()


def one_more(_observation: Any, space: Any) -> Any:
    """An agent of linear-mesh: windows of 1 to 101, where the space ends at 100."""
    return np.full(space.shape, 100) + 1


def no_op(observation: Any, _space: Any) -> Any:
    """Another one."""
    return np.zeros(shape=len(observation), dtype=np.uint32)


def backpressure(observation: Any, _space: Any) -> Any:
    """Another one, which reckons with differences of queues."""
    differences = -np.diff(np.concatenate([observation, [0]]))
    action = np.ones(shape=len(observation), dtype=np.uint32) * 100
    action[np.argmax(differences)] = 5
    return action


def collide(observation: Any, _space: Any) -> Any:
    """Goes where the interferer goes next."""
    return (int(np.argmax(observation)) + 1) % 4


def keep_clear(observation: Any, _space: Any) -> Any:
    return (int(np.argmax(observation)) + 2) % 4


def new_reno(observation: Any, _space: Any) -> Any:
    """An agent of rl-tcp: a list of whole numbers reckoned from the observation."""
    window, segment, acked = observation[5], observation[6], observation[7]
    return [int(max(2 * segment, observation[8] / 2)), window + segment * min(acked, 1)]


# Example, arguments, agent, steps of an episode, whether the task ends it, and kinds of complaints of Ns3GymEnv.
RUNS = [
    ("opengym", {}, sample, 10, False, set()),
    ("opengym", {"--simTime": 2, "--testArg": 123}, sample, 20, False, set()),
    ("opengym-2", {"--simTime": 5, "--stepTime": 0.5, "--testArg": 123}, sample, 10, False, set()),
    ("linear-mesh", {"--simTime": 2, "--nodeNum": 5, "--distance": 500}, sample, 20, False, set()),
    ("linear-mesh", {"--simTime": 1}, one_more, 10, False, {"the action has 101 at [0]"}),
    ("linear-mesh", {"--simTime": 1}, no_op, 10, False, set()),
    ("linear-mesh", {"--simTime": 1}, backpressure, 10, False, set()),
    ("linear-mesh-2", {"--simTime": 3}, sample, None, False, set()),
    ("interference-pattern", {}, collide, 2, True, set()),
    ("interference-pattern", {"--simTime": 2}, keep_clear, 20, False, {"came with 0 values"}),
    ("rl-tcp", {"--duration": 2}, new_reno, 20, False, set()),
    ("rl-tcp", {"--duration": 2}, sample, 20, False, set()),
    ("rl-tcp-time", {"--duration": 1, "--transport_prot": "TcpRlTimeBased"}, new_reno, 10, False, set()),
]


def words(arguments: dict[str, Any]) -> list[str]:
    return [f"{key}={value}" for key, value in arguments.items()]


def said(caught: list[warnings.WarningMessage]) -> list[str]:
    assert all(issubclass(warning.category, Ns3GymWarning) for warning in caught)
    return [str(warning.message) for warning in caught]


def check_complaints(caught: list[warnings.WarningMessage], expected: set[str]) -> None:
    texts = said(caught)
    assert len(texts) == len(expected)
    assert all(any(part in text for text in texts) for part in expected)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as ns-3's, whose program ``ns3`` runs the examples."""
    program = tmp_path / "ns3"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = run ] || exit 9\nexec "{sys.executable}" "{examples.__file__}" $2\n'
    )
    program.chmod(0o755)
    return tmp_path


@pytest.fixture
def ns3env(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module ``ns3gym.ns3env``, in this process."""
    benchmarks = Path(__file__).parents[2] / "benchmarks"  # which has a module of this name
    monkeypatch.setattr(sys, "path", [p for p in sys.path if Path(p).resolve() != benchmarks])
    monkeypatch.syspath_prepend(dropin.FOLDER)
    yield importlib.import_module("ns3gym.ns3env")
    for name in [name for name in sys.modules if name.partition(".")[0] == "ns3gym"]:
        del sys.modules[name]


def free_ports(count: int) -> list[int]:
    with zmq.Context() as context:
        sockets = [context.socket(zmq.REP) for _ in range(count)]
        ports = [socket.bind_to_random_port("tcp://127.0.0.1") for socket in sockets]
        for socket in sockets:
            socket.close(linger=0)
    return ports


# ------------------------------------------------------------------------------------------------- simulations as they are


@pytest.mark.report("P18")
@pytest.mark.parametrize(("name", "arguments", "act", "length", "ends", "complaints"), RUNS)
def test_an_example_runs_as_a_gymnasium_environment(
    name: str, arguments: dict[str, Any], act: Act, length: int | None, ends: bool, complaints: set[str]
) -> None:
    command = [sys.executable, examples.__file__, name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        environment = Ns3GymEnv(command, words(arguments), lenient=bool(complaints))
        observation, _ = environment.reset(seed=1)
        steps, over = 0, False
        while not over:
            observation, _, terminated, truncated, _ = environment.step(
                act(observation, environment.action_space)
            )
            steps, over = steps + 1, terminated or truncated
        environment.close()
    assert steps == length or (length is None and steps > 10)
    assert (terminated, truncated) == (ends, not ends)
    check_complaints(caught, complaints)


@pytest.mark.report("P18")
@pytest.mark.parametrize(
    ("name", "arguments", "act", "message"),
    [
        ("linear-mesh", {}, one_more, r"the action has 101 at \[0\], expected a whole number in \[0, 100\]"),
        (
            "interference-pattern",
            {"--simTime": 1},
            keep_clear,
            "the observation came with 0 values, expected 4",
        ),
        ("odd-values", {}, no_op, "the observation has a value that is not finite, at index 0"),
        (
            "no-spaces",
            {},
            no_op,
            "the observation space is not declared by the simulation; give observation_space=",
        ),
    ],
)
def test_what_breaks_the_spaces_is_refused_and_the_way_out_named(
    name: str, arguments: dict[str, Any], act: Act, message: str
) -> None:
    def play() -> None:
        environment = Ns3GymEnv([sys.executable, examples.__file__, name], words(arguments))
        observation, _ = environment.reset()
        try:
            for _ in range(20):
                observation, *_ = environment.step(act(observation, environment.action_space))
        finally:
            environment.close()

    with pytest.raises(SpecViolation, match=f"{message}.*lenient=True goes on"):
        play()
    assert children(os.getpid()) == []


@pytest.mark.report("P18")
def test_odd_values_come_as_they_are_and_each_kind_is_told_once() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        environment = Ns3GymEnv([sys.executable, examples.__file__, "odd-values"], lenient=True)
        environment.reset()
        came = [environment.step(action) for action in ([np.nan, 5], [0, 7], [1, 1, 1], [0, 0])]
        environment.close()
    observations = [observation.tolist() for observation, *_ in came]
    assert observations[0] == [np.inf, 0]
    assert np.isnan(observations[1][0])
    assert observations[2:] == [[1, 2, 3], []]
    assert np.isnan(came[3][1])
    assert came[3][3]
    expected = [
        "the action has nan at [0], expected a number in [0.0, 1.0]",
        "the observation has a value that is not finite, at index 0",
        "the action has the shape (3,)",
        "the observation came with 3 values, expected 2",
        "the reward is nan, expected a finite number",
    ]
    assert [text for text, part in zip(said(caught), expected, strict=True) if part not in text] == []


@pytest.mark.report("P18")
def test_bounds_that_the_wire_lost_may_be_given() -> None:
    from gymnasium import spaces  # noqa: PLC0415 - beside what it is compared with

    command = [sys.executable, examples.__file__, "vector-bounds"]
    with pytest.warns(
        Ns3GymWarning, match="came as a Box from 0 to 0.*give observation_space= or action_space="
    ) as told:
        environment = Ns3GymEnv(command)
    assert len(told) == 3
    power = environment.action_space["power"]  # type: ignore[index]
    assert power == spaces.Box(-np.inf, np.inf, (2,))
    environment.reset()
    environment.step({"power": [30.0, -2.5], "slots": [7]})
    environment.close()

    observed = spaces.Box(np.zeros(2, np.float32), np.array([1, 3], np.float32))
    power = spaces.Box(np.array([0, 10], np.float32), np.array([20, 30], np.float32))
    acted = spaces.Dict({"power": power, "slots": spaces.Box(0, 9, (1,), np.int32)})
    environment = Ns3GymEnv(command, observation_space=observed, action_space=acted)
    environment.reset()
    with pytest.raises(SpecViolation, match=r"\['power'\] has 5.0 at \[1\], expected a number in \[10"):
        environment.step({"power": [5.0, 5.0], "slots": [7]})
    environment.step({"power": [5.0, 15.0], "slots": [7]})
    environment.close()
    with pytest.raises(
        ConfigError, match=r"action_space=.*but the simulation declares.*differ in bounds alone"
    ):
        Ns3GymEnv(command, observation_space=observed, action_space=power)
    assert children(os.getpid()) == []


@pytest.mark.report("P18")
def test_a_simulation_without_spaces() -> None:
    with pytest.warns(Ns3GymWarning, match="space is not declared") as told:
        environment = Ns3GymEnv([sys.executable, examples.__file__, "no-spaces"], lenient=True)
    assert len(told) == 2
    assert getattr(environment, "observation_space", 0) is None
    observation, _ = environment.reset()
    assert observation.tolist() == [1]
    observation, *_ = environment.step(None)
    assert observation.tolist() == [1, 2]
    environment.close()


def agents(make: Callable[[int], Any], drive: Callable[[Any], Any], arguments: list[str]) -> list[Any]:
    """Two agents of the example multi-agent, each with a port and a thread of its own."""
    ports = free_ports(2)
    results: list[Any] = [None, None]

    def run(i: int) -> None:
        results[i] = drive(make(ports[i]))

    threads = [threading.Thread(target=run, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    command = [sys.executable, examples.__file__, "multi-agent", f"--ports={ports[0]},{ports[1]}", *arguments]
    subprocess.run(command, check=True, timeout=60)
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return results


@pytest.mark.report("P18")
def test_two_agents_of_one_simulation_as_gymnasium_environments() -> None:
    def drive(environment: Ns3GymEnv) -> tuple[int, Any]:
        first, info = environment.reset()
        assert isinstance(first, tuple)  # as it came; the space is a Dict
        assert "sim_seed" not in info
        steps, truncated = 0, False
        while not truncated:
            *_, truncated, info = environment.step(environment.action_space.sample())
            steps += 1
        environment.close()
        return steps, info

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        played = agents(lambda port: Ns3GymEnv(port=port, lenient=True), drive, [])
    assert played == [(10, {"info": "testInfo|123"})] * 2
    check_complaints(caught[:1], {"the observation came as Tuple, expected Dict"})


# ------------------------------------------------------------------------------------------ Python sides as they are, too


def play_as_upstream(env: Any, act: Act, iterations: int) -> tuple[list[int], list[float], Any]:
    """The loop of ns3-gym's examples: reset before looking at the spaces, again before each iteration, and once more after it."""
    env.reset()
    lengths, totals, info = [], [], None
    for iteration in range(iterations):
        observation, total, steps, done = env.reset(), 0.0, 0, False
        while not done:
            steps += 1
            observation, reward, done, info = env.step(act(observation, env.action_space))
            total += reward
        lengths.append(steps)
        totals.append(total)
        if iteration + 1 < iterations:
            env.reset()
    env.close()
    return lengths, totals, info


@pytest.mark.parametrize(("name", "arguments", "act", "length", "ends", "complaints"), RUNS)
def test_an_agent_that_imports_ns3gym_runs(
    ns3env: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    arguments: dict[str, Any],
    act: Act,
    length: int | None,
    ends: bool,
    complaints: set[str],
) -> None:
    here = folder / "scratch" / name
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        env = ns3env.Ns3Env(port=0, stepTime=0.5, startSim=True, simSeed=0, simArgs=arguments, debug=False)
        first = env.reset()
        iterations = 2 if ends else 1
        lengths, totals, info = play_as_upstream(env, act, iterations)
    check_complaints(caught, complaints)
    if name == "opengym-2":
        assert (first["myVector"].dtype, type(first["myValue"])) == (np.int64, int)
        assert env.action_space["myActionVector"].dtype == np.uint64
    else:
        assert first.dtype == np.int64
        assert env.observation_space.dtype == np.uint64
    assert lengths == [length] * iterations or (length is None and lengths[0] > 10)
    if name == "opengym":
        assert totals == [sum(range(2, lengths[0] + 1)) + 11]
    if ends:
        assert totals == [-2, -2]
    assert info == (examples.EXAMPLES[name].last()[2] or {})
    assert children(os.getpid()) == []


def test_two_agents_that_import_ns3gym(ns3env: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        played = agents(
            lambda port: ns3env.Ns3Env(port=port, startSim=False),
            lambda env: play_as_upstream(env, sample, 1),
            ["--simTime=2"],
        )
    assert played == [([20], [sum(range(2, 21)) + 11.0], "testInfo|123")] * 2
    check_complaints(caught[:1], {"the observation came as Tuple, expected Dict"})
    assert "Waiting for the simulation to connect to tcp://localhost:" in capsys.readouterr().out


def test_what_ns3_gyms_client_goes_on_with(
    ns3env: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "no-spaces").mkdir()
    monkeypatch.chdir(folder / "no-spaces")
    with pytest.warns(Ns3GymWarning, match="space is not declared"):
        env = ns3env.Ns3Env()
    assert (env.observation_space, env.action_space) == (None, None)
    assert env.reset().tolist() == [1]
    assert env.step([3])[0].tolist() == [1, 2]
    env.close()
    assert env.reset().tolist() == [1]  # after close(), too
    env.close()
    monkeypatch.setenv(ns3env.COMMAND, f"{sys.executable} {examples.__file__} vector-bounds")
    env = ns3env.Ns3Env(simSeed=3)
    assert env.action_space["power"].high.tolist() == [0, 0]
    with pytest.warns(Ns3GymWarning, match=r"has 30.0 at \[0\], expected a number in \[0.0, 0.0\]"):
        env.step({"power": [30.0, 2.0], "slots": [0]})
    env.close()


def test_seeds_and_arguments_are_those_at_the_reset(
    ns3env: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "opengym").mkdir()
    monkeypatch.chdir(folder / "opengym")
    env = ns3env.Ns3Env(simSeed=5)
    observations = [env.reset()]
    for seed in (5, 0, 0):
        env.step(0)
        env.simSeed = seed
        observations.append(env.reset())
    np.testing.assert_array_equal(observations[0], observations[1])
    assert len({tuple(observation) for observation in observations[1:]}) == 3
    env.close()


def test_errors_of_the_module_to_drop_in(
    ns3env: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LaunchError, match=r"there is no program 'ns3' in .* set NS3MARL_NS3GYM_COMMAND"):
        ns3env.Ns3Env()
    with pytest.raises(ConfigError, match="port is 0, expected the one that the simulation connects to"):
        ns3env.Ns3Env(startSim=False)
    with pytest.raises(ConfigError, match="port is 70000, expected an integer from 0"):
        ns3env.Ns3Env(port=70000)
    with zmq.Context() as context, context.socket(zmq.REP) as socket:
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        monkeypatch.setattr("ns3marl.compat.ns3gym_simulation._REBIND_S", 0.1)
        with pytest.raises(
            LaunchError, match=f"port {port} cannot be bound on this host: Address already in use"
        ):
            ns3env.Ns3Env(port=port, startSim=False)
    monkeypatch.setenv(ns3env.COMMAND, f"{sys.executable} {examples.__file__} linear-mesh")
    env = ns3env.Ns3Env()
    with (
        pytest.warns(Ns3GymWarning, match="the action has the shape"),
        pytest.raises(Crashed, match="SIGABRT"),
    ):
        env.step([1, 2])
    with pytest.raises(SpecViolation, match="call reset"):
        env.step([1] * 5)
    env.close()
    assert children(os.getpid()) == []


def test_a_simulation_that_was_started_by_hand_and_goes(ns3env: Any) -> None:
    (port,) = free_ports(1)
    command = [sys.executable, examples.__file__, "opengym", f"--openGymPort={port}"]
    with subprocess.Popen(command) as process:
        env = ns3env.Ns3Env(port=port, startSim=False)
        process.kill()
        process.wait()
        with pytest.raises(Crashed, match=f"the simulation on port {port} closed the connection"):
            env.step(0)
    with subprocess.Popen(command) as process:
        assert len(env.reset()) == 5
        env.close()
        assert process.wait(10) == 0  # it was asked to stop


# ------------------------------------------------------------------------------------------------------ how it is found

_AGENT = """
import ns3gym
from ns3gym import ns3env
env = ns3env.Ns3Env(simArgs={"--simTime": 1}, debug=True)
while not env.step(env.action_space.sample())[2]: pass
env.close()
print(ns3gym.__file__)
"""


def test_the_module_is_found_by_its_folder_alone_and_hides_no_other_silently(
    folder: Path, tmp_path: Path
) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "ns3marl.compat.dropin"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert Path(printed) == dropin.FOLDER
    without = subprocess.run([sys.executable, "-c", "import ns3gym"], capture_output=True, check=False)
    assert b"No module named 'ns3gym'" in without.stderr

    other = tmp_path / "site"
    (other / "ns3gym").mkdir(parents=True)
    (other / "ns3gym" / "__init__.py").write_text("")
    # A gym that has a registry and a base class, as programs for ns3-gym import it.
    (other / "gym" / "envs").mkdir(parents=True)
    (other / "gym" / "__init__.py").write_text("from gymnasium import Env, spaces\n")
    (other / "gym" / "envs" / "__init__.py").write_text("")
    (other / "gym" / "envs" / "registration.py").write_text(
        "def register(id, entry_point): print('registered', id, entry_point)\n"
    )
    (folder / "opengym").mkdir()
    path = os.pathsep.join([printed, str(other), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", _AGENT],
        cwd=folder / "opengym",
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    registered, file = done.stdout.splitlines()
    assert registered == "registered ns3-v0 ns3gym.ns3env:Ns3Env"
    assert Path(file).parent.parent == dropin.FOLDER
    assert f"hides {other / 'ns3gym' / '__init__.py'}" in done.stderr


def test_it_is_installed_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    dropin.install()
    dropin.install()
    assert sys.path.count(str(dropin.FOLDER)) == 1
    monkeypatch.setitem(sys.modules, "ns3gym", os)
    with pytest.raises(ConfigError, match=r"ns3gym has been imported from .* already"):
        dropin.install()
