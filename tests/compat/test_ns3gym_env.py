# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simulations that speak ns3-gym's wire, driven as Gymnasium environments."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import ns3gym_peer as peer
import numpy as np
import pytest
from google.protobuf import descriptor_pb2
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env
from support import children, is_running

from ns3marl.compat import ns3gym_wire as wire
from ns3marl.compat.ns3gym import Ns3GymEnv
from ns3marl.errors import ConfigError, Crashed, Hung, LaunchError, Ns3MarlError, OutOfStep, SpecViolation

PEER = [sys.executable, peer.__file__]


@pytest.fixture
def made() -> Iterator[list[Ns3GymEnv]]:
    environments: list[Ns3GymEnv] = []
    yield environments
    for environment in environments:
        environment.close()


def make(made: list[Ns3GymEnv], *arguments: str, **options: Any) -> Ns3GymEnv:
    made.append(Ns3GymEnv(PEER, arguments, **options))
    return made[-1]


def pid_of(observation: Any) -> int:
    return int(np.ravel(observation)[3])


@pytest.mark.parametrize(
    ("name", "observed", "acted", "action", "total"),
    [
        (
            "box",
            spaces.Box(-1e10, 1e10, (2, 2)),
            spaces.Box(-1, 1, (3,)),
            np.array([0.5, -0.25, 1], np.float32),
            1.25,
        ),
        (
            "double",
            spaces.Box(-1e10, 1e10, (4,), np.float64),
            spaces.Box(-1, 1, (3,), np.float64),
            [0.5, -0.25, 1],
            1.25,
        ),
        ("int", None, spaces.Box(-5, 5, (3,), np.int32), [-5, 4, 3], 2),
        ("uint", None, spaces.Box(0, 5, (3,), np.uint32), [5, 4, 3], 12),
        ("discrete", spaces.Box(-1e10, 1e10, (2, 2)), spaces.Discrete(4), 3, 3),
        (
            "tuple",
            spaces.Tuple([spaces.Box(-1e10, 1e10, (2, 2)), spaces.Discrete(9)]),
            spaces.Tuple([spaces.Discrete(4), spaces.Box(0, 3, (2,), np.uint32)]),
            (2, [1, 3]),
            6,
        ),
        (
            "dict",
            spaces.Dict({"all": spaces.Box(-1e10, 1e10, (2, 2)), "steps": spaces.Discrete(9)}),
            spaces.Dict({"channel": spaces.Discrete(4), "power": spaces.Box(0, 20, (2,))}),
            {"power": [1.5, 20], "channel": 1},
            22.5,
        ),
    ],
)
def test_every_space_there_and_back(
    made: list[Ns3GymEnv], name: str, observed: Any, acted: Any, action: Any, total: float
) -> None:
    environment = make(made, f"--spaces={name}")
    assert environment.action_space == acted
    if observed is not None:
        assert environment.observation_space == observed
    environment.reset(seed=4)
    observation, reward, terminated, truncated, info = environment.step(action)
    if name == "tuple":
        observation, steps = observation
        assert steps == 1
    elif name == "dict":
        assert observation["steps"] == 1
        observation = observation["all"]
    np.testing.assert_allclose(np.ravel(observation)[[0, 2]], [1, total])
    assert (reward, terminated, truncated) == (0.5, False, False)
    assert info["info"] == "step 1"


@pytest.mark.parametrize(("behaviour", "ticks"), [("none", peer.STEPS), ("game-over", 3)])
def test_episodes_end_and_the_simulation_with_them(made: list[Ns3GymEnv], behaviour: str, ticks: int) -> None:
    environment = make(made, f"--behaviour={behaviour}")
    observation, _ = environment.reset()
    pid = pid_of(observation)
    for tick in range(1, ticks + 1):
        assert is_running(pid)
        _, reward, terminated, truncated, _ = environment.step(np.zeros(3))
        assert reward == 0.5 * tick
    assert (terminated, truncated) == (behaviour == "game-over", behaviour == "none")
    assert not is_running(pid)
    with pytest.raises(SpecViolation, match="after the end of the episode; call reset"):
        environment.step(np.zeros(3))
    observation, _ = environment.reset()
    assert pid_of(observation) != pid


def test_gymnasiums_own_check(made: list[Ns3GymEnv]) -> None:
    check_env(make(made, "--pid=hidden"), skip_render_check=True)


def test_seeds_change_per_episode_and_repeat(made: list[Ns3GymEnv]) -> None:
    environment, other = make(made, seed=7), make(made, seed=8)

    def seeds(of: Ns3GymEnv, seed: int | None) -> list[int]:
        return [of.reset(seed=seed if i == 0 else None)[1]["sim_seed"] for i in range(3)]

    first = seeds(environment, None)
    assert len(set(first)) == 3
    assert first == seeds(environment, 7)
    assert first == seeds(other, 7)
    assert not set(first) & set(seeds(other, 8))
    observation, info = environment.reset(options={"sim_seed": 17})
    assert np.ravel(observation)[1] == info["sim_seed"] == 17


@pytest.mark.parametrize(
    ("spaces_name", "action", "message"),
    [
        ("box", np.zeros(4), r"shape \(4,\) and type float64, expected Box"),
        ("box", [0, np.nan, 0], r"has nan at \[1\], expected a number in \[-1"),
        ("box", [0, 0, 1.5], r"has 1.5 at \[2\], expected a number in"),
        ("int", [0, 0.5, 0], r"has 0.5 at \[1\], expected a whole number in \[-5"),
        ("discrete", 4, "is 4, expected a whole number from 0 to 3"),
        ("discrete", 1.5, "is 1.5, expected a whole number from 0 to 3"),
        ("tuple", (1,), "expected a tuple of 2"),
        ("dict", {"power": [0, 0]}, r"expected a dict with the keys \['channel', 'power'\]"),
        ("dict", {"power": [0, 30], "channel": 0}, r"\['power'\] has 30 at \[1\]"),
    ],
)
def test_actions_outside_the_space_are_refused_and_may_be_mended(
    made: list[Ns3GymEnv], spaces_name: str, action: Any, message: str
) -> None:
    environment = make(made, f"--spaces={spaces_name}")
    environment.reset()
    with pytest.raises(SpecViolation, match=message):
        environment.step(action)
    *_, info = environment.step(environment.action_space.sample())
    assert info["info"] == "step 1"


@pytest.mark.parametrize(
    ("behaviour", "error", "message"),
    [
        (
            "crash",
            Crashed,
            r"simulation '.*' \(pid \d+, --simSeed=\d+\) ended with signal SIGSEGV before its episode did",
        ),
        ("exit", Crashed, "ended with exit status 0 before its episode did"),
        ("hang", Hung, "lives but sent nothing for 1.0 s; if its steps take that long, raise tick_timeout_s"),
        ("nan", SpecViolation, "the observation has a value that is not finite, at index 2"),
        ("size", SpecViolation, "the observation came with 5 values, expected 4"),
        ("garbage", OutOfStep, "2 bytes came that are no EnvStateMsg"),
    ],
)
def test_faults_in_mid_episode_are_typed_and_survived(
    made: list[Ns3GymEnv], behaviour: str, error: type[Ns3MarlError], message: str
) -> None:
    environment = make(made, f"--behaviour={behaviour}", tick_timeout_s=1.0)
    observation, _ = environment.reset()
    environment.step(np.zeros(3))
    with pytest.raises(error, match=message):
        environment.step(np.zeros(3))
    assert not is_running(pid_of(observation))
    observation, _ = environment.reset()
    assert np.ravel(observation)[0] == 0


def test_simulations_that_never_say_a_word() -> None:
    with pytest.raises(LaunchError, match=r"exit status 3 before it connected.*\n.*there is no such module"):
        Ns3GymEnv(PEER, ["--behaviour=exit-at-once"])
    before_s = time.monotonic()
    with pytest.raises(LaunchError, match=r"did not connect within 0\.5 s"):
        Ns3GymEnv(PEER, ["--behaviour=never-connect"], start_timeout_s=0.5)
    assert time.monotonic() - before_s < 10
    with pytest.raises(LaunchError, match="cannot be run: No such file or directory"):
        Ns3GymEnv("nowhere/to/be/found")
    with pytest.raises(ConfigError, match="the command is empty"):
        Ns3GymEnv([])
    with pytest.raises(ConfigError, match="seed is -1, expected an integer of 0 or above"):
        Ns3GymEnv(PEER, seed=-1)
    assert children(os.getpid()) == []


@pytest.mark.parametrize("behaviour", ["none", "hang", "linger"])
def test_close_leaves_nothing_behind(made: list[Ns3GymEnv], behaviour: str) -> None:
    environment = make(made, f"--behaviour={behaviour}")
    observation, _ = environment.reset()
    environment.close()
    environment.close()
    assert not is_running(pid_of(observation))
    assert children(os.getpid()) == []


def test_reset_in_mid_episode_ends_the_old_simulation(made: list[Ns3GymEnv]) -> None:
    environment = make(made)
    pids = [pid_of(environment.reset()[0]) for _ in range(3)]
    assert len(set(pids)) == 3
    assert [is_running(pid) for pid in pids] == [False, False, True]


_LEARNER = """
import signal, sys, time
from ns3marl.compat.ns3gym import Ns3GymEnv
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
environment = Ns3GymEnv(sys.argv[1:3], sys.argv[3:])
print(int(environment.reset()[0][1, 1]), flush=True)
{then}
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, None])
def test_simulations_end_with_their_learner(number: signal.Signals | None) -> None:
    then = "time.sleep(60)" if number else "time.sleep(0.5)  # and forgets to close"
    command = [sys.executable, "-c", _LEARNER.format(then=then), *PEER, "--behaviour=linger"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        helpers = [child for child in children(process.pid) if child != pid]
        assert len(helpers) == 1
        if number:
            process.send_signal(number)
        process.wait(10)
    deadline_s = time.monotonic() + 5
    while any(is_running(p) for p in [pid, *helpers]):
        assert time.monotonic() < deadline_s, "the simulation or its guard outlives its learner"
        time.sleep(0.01)


@pytest.mark.parametrize("kind", [gymnasium.vector.SyncVectorEnv, gymnasium.vector.AsyncVectorEnv])
def test_copies_side_by_side(kind: Any) -> None:
    copies = kind([lambda: Ns3GymEnv(PEER) for _ in range(3)])
    observations, infos = copies.reset(seed=1)
    pids = observations[:, 1, 1].astype(int)
    assert len(set(pids)) == 3
    assert len(set(infos["sim_seed"])) == 3
    for _ in range(peer.STEPS):
        *_, truncations, _ = copies.step(np.zeros((3, 3), np.float32))
    assert truncations.all()
    copies.close()


def test_ns3_gyms_own_messages_may_be_loaded_too(tmp_path: Path) -> None:
    # They have the same names; in one descriptor pool they would clash.
    code = "import messages_pb2, ns3marl.compat.ns3gym_wire as wire; wire.encode_ack()"
    proto = Path(__file__).parents[2] / "proto" / "ns3gym"
    subprocess.run(["protoc", f"-I{proto}", f"--python_out={tmp_path}", "messages.proto"], check=True)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_the_messages_are_those_of_the_proto_file(tmp_path: Path) -> None:
    proto = Path(__file__).parents[2] / "proto"
    out = tmp_path / "set"
    subprocess.run(
        ["protoc", f"-I{proto}", f"--descriptor_set_out={out}", "ns3gym/messages.proto"], check=True
    )
    (file,) = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file
    ours = dict(wire._MESSAGES)
    for what in ("Space", "DataContainer"):  # one stands for two of the same make
        ours[f"Tuple{what}"] = ours[f"Dict{what}"] = ours.pop(f"Element{what}")
    assert {message.name for message in file.message_type} == set(ours)
    for message in file.message_type:
        fields = []
        for field in message.field:
            kind = (
                field.type_name.rsplit(".")[-1] or field.Type.Name(field.type).removeprefix("TYPE_").lower()
            )
            if field.type == field.TYPE_ENUM:
                kind = "int32"
            fields.append(
                f"{field.number} {field.name} {kind}{'*' if field.label == field.LABEL_REPEATED else ''}"
            )
        assert ours[message.name] == ", ".join(fields)


def test_an_environment_that_nobody_holds_ends_its_simulation() -> None:
    environment = Ns3GymEnv(PEER)
    pid = pid_of(environment.reset()[0])
    del environment
    gc.collect()
    assert not is_running(pid)
