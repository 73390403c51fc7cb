# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Scenarios that serve ns3-gym's client: `--dialect=ns3gym`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from ns3gym_peer import FLOAT, UINT, Client

from ns3marl.compat.ns3gym import Ns3GymEnv
from ns3marl.env.pool import Pool
from ns3marl.errors import LaunchError
from ns3marl.types import Actions


class Served:
    """A client, and a scenario that serves it."""

    def __init__(self, scenario: Path, *arguments: str) -> None:
        self.client = Client()
        self.process = subprocess.Popen(
            [scenario, "--dialect=ns3gym", f"--openGymPort={self.client.port}", *arguments],
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self) -> tuple[int, str]:
        """Exit status and stderr."""
        assert self.process.stderr is not None
        return self.process.wait(10), self.process.stderr.read()


@pytest.fixture
def serve(scenario_path: Callable[[str], Path]) -> Iterator[Callable[..., Served]]:
    served: list[Served] = []

    def start(name: str, *arguments: str) -> Served:
        served.append(Served(scenario_path(name), *arguments))
        return served[-1]

    yield start
    for each in served:
        each.process.kill()
        each.process.wait()
        assert each.process.stderr is not None
        each.process.stderr.close()
        each.client.close()


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        (
            "echo",
            ("--agents=3", "--features=8", "--choices=4"),
            (
                ("box", FLOAT, 0, 3, [24]),
                ("dict", {"choice": ("box", UINT, 0, 3, [3]), "level": ("box", FLOAT, 0, 1, [3])}),
            ),
        ),
        (
            "echo",
            ("--groups=2", "--agents=1"),
            (
                ("box", FLOAT, 0, 2, [16]),
                (
                    "dict",
                    {
                        "agents-0/choice": ("box", UINT, 0, 2, [1]),
                        "agents-0/level": ("box", FLOAT, 0, 1, [1]),
                        "agents-1/choice": ("box", UINT, 0, 2, [1]),
                        "agents-1/level": ("box", FLOAT, 0, 1, [1]),
                    },
                ),
            ),
        ),
        (
            "template",
            (),
            (
                ("box", FLOAT, 0, 20, [21]),
                ("dict", {"slot": ("box", UINT, 0, 3, [3]), "power": ("box", FLOAT, 0, 20, [3])}),
            ),
        ),
    ],
)
def test_spaces_follow_from_the_spec(
    serve: Callable[..., Served], name: str, arguments: tuple[str, ...], expected: Any
) -> None:
    served = serve(name, *arguments)
    assert served.client.start(stop=True) == expected
    assert served.end() == (0, "")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("echo", ("--agents=3", "--ticks=6", "--masked=true", "--idle=true")),
        ("aiot-mec", ("--devices=4", "--servers=2", "--channels=2", "--ticks=6")),
        ("cognitive-v2x", ("--pairs=3", "--channels=2", "--ticks=6")),
    ],
)
@pytest.mark.parametrize("run", [1, 7])
def test_an_episode_is_the_one_of_our_own_wire(
    serve: Callable[..., Served],
    scenario_path: Callable[[str], Path],
    name: str,
    arguments: tuple[str, ...],
    run: int,
) -> None:
    served = serve(name, f"--simSeed={run}", *arguments)
    _, action_space = served.client.start()
    random = np.random.default_rng(run)
    with Pool(scenario_path(name), arguments=arguments, seed=1, first_run=run, spares=0) as pool:
        batch = pool.reset()
        (group,) = pool.spec.groups
        agents = len(group.agents)
        for tick in range(pool.spec.ticks + 1):
            state = served.client.state()
            final = batch.final[0]
            observations = (batch.groups[0][0] if final is None else final.groups[0]).observations
            from_wire = np.frombuffer(state.obsData.data.value[-observations.nbytes :], np.float32)
            np.testing.assert_array_equal(from_wire, observations.ravel())
            assert state.isGameOver == (tick == pool.spec.ticks)
            told = json.loads(state.info)
            assert told["tick"] == tick
            for metric, value in zip(pool.spec.metrics, batch.metrics[0], strict=True):
                there = told["metrics"][metric.name]
                assert there is None if np.isnan(value) else there == pytest.approx(value, rel=1e-8)
            if tick:
                assert state.reward == pytest.approx(float(batch.groups[0].rewards[0].mean()), rel=1e-6)
            if state.isGameOver:
                assert state.reason == 0
                break
            masks, offsets = batch.groups[0].masks[0], group.mask_offsets
            discrete = np.stack(
                [
                    np.argmax(random.random((agents, last - first)) * masks[:, first:last], axis=1)
                    for first, last in pairwise(offsets)
                ],
                axis=1,
            )
            low = np.array([head.low for head in group.continuous_heads])
            high = np.array([head.high for head in group.continuous_heads])
            continuous = random.uniform(low, high, (agents, len(low))).astype(np.float32)
            action = {head.name: discrete[:, i].tolist() for i, head in enumerate(group.discrete_heads)}
            action |= {head.name: continuous[:, i].tolist() for i, head in enumerate(group.continuous_heads)}
            served.client.act(action, action_space)
            batch = pool.step([Actions(discrete[None].astype(np.int32), continuous[None])])
    served.client.stop()
    assert served.end() == (0, "")


def test_an_episode_that_its_task_ends_is_game_over(serve: Callable[..., Served]) -> None:
    served = serve("echo", "--agents=1", "--terminate=2")
    _, space = served.client.start()
    for _ in range(2):
        assert not served.client.state().isGameOver
        served.client.act({"choice": [0], "level": [0.5]}, space)
    state = served.client.state()
    assert (state.isGameOver, state.reason) == (True, 1)
    served.client.stop()
    assert served.end() == (0, "")


def test_masked_choices_become_allowed_ones(serve: Callable[..., Served]) -> None:
    served = serve("echo", "--agents=1", "--choices=4", "--masked=true", "--features=4")
    _, space = served.client.start()
    chosen = []
    for _ in range(3):
        chosen.append(np.frombuffer(served.client.state().obsData.data.value[-16:], np.float32)[2])
        served.client.act({"choice": [3], "level": [0]}, space)
    # Choice 3 of 4 is masked at tick 1: the (3 modulo 3)-th of the three that are allowed is 0.
    assert chosen == [0, 3, 0]
    served.client.state()
    served.client.stop()
    assert served.end() == (0, "")


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            {"choice": [0, 0], "level": [0.5, float("nan")]},
            "agent 'agent_1', head 'level' [1]: nan is outside [0, 1]",
        ),
        ({"choice": [0, 3], "level": [0, 0]}, "head 'choice': 3 is not one of the choices 0 to 2"),
        ({"choice": [0], "level": [0, 0]}, "'choice' came with 1 values, expected one for each of 2 agents"),
        ({"choice": [0, 0]}, "the action lacks the key 'level'"),
    ],
)
def test_actions_that_break_the_spec_end_the_episode_and_say_why(
    serve: Callable[..., Served], action: Any, message: str
) -> None:
    served = serve("echo")
    _, (_, heads) = served.client.start()
    served.client.state()
    served.client.act(action, ("dict", {key: heads[key] for key in action}))
    state = served.client.state()
    assert (state.isGameOver, state.reason) == (True, 1)
    assert message in json.loads(state.info)["error"]
    served.client.stop()
    status, said = served.end()
    assert status == 1
    assert message in said


def test_a_scenario_that_fails_says_so(serve: Callable[..., Served]) -> None:
    served = serve("echo", "--failure=throw", "--failureTick=1")
    _, space = served.client.start()
    served.client.state()
    served.client.act({"choice": [0, 0], "level": [0, 0]}, space)
    assert json.loads(served.client.state().info) == {"error": "the scenario failed on request"}
    served.client.stop()
    assert served.end()[0] == 1


def test_bytes_that_are_no_message(serve: Callable[..., Served]) -> None:
    served = serve("echo")
    served.client.start()
    served.client.state()
    served.client.socket.send(b"\xff\xff")
    assert (
        "2 bytes is no ns3-gym message, expected EnvActMsg" in json.loads(served.client.state().info)["error"]
    )


@pytest.mark.parametrize("when", ["at-the-handshake", "in-an-episode"])
def test_a_client_that_goes_leaves_no_scenario_behind(serve: Callable[..., Served], when: str) -> None:
    served = serve("echo")
    if when == "at-the-handshake":
        served.client.socket.recv()
    else:
        served.client.start()
        served.client.state()
    served.client.socket.close(linger=0)
    status, said = served.end()
    assert status == 1
    assert f"the ns3-gym client on port {served.client.port} closed the connection" in said


def test_stopping_in_mid_episode(serve: Callable[..., Served]) -> None:
    served = serve("echo")
    served.client.start()
    served.client.state()
    served.client.stop()
    assert served.end() == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--dialect=french",), "argument '--dialect': 'french' is unknown; there is: ns3gym"),
        (("--dialect=ns3gym", "--openGymPort=0"), "argument '--openGymPort': expected 1 to 65535, came 0"),
        (("--dialect=ns3gym", "--simSeed=x"), "argument '--simSeed' cannot be read from 'x'"),
        (("--dialect=ns3gym", "--agent=3"), "argument '--agent' with value '3' is neither an argument"),
    ],
)
def test_wrong_arguments(
    scenario_path: Callable[[str], Path], arguments: tuple[str, ...], message: str
) -> None:
    done = subprocess.run([scenario_path("echo"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in done.stderr


# ------------------------------------------------------------------------------------------------- both ends are ours


# ns3-gym's wire carries actions in their own units.
@pytest.mark.filterwarnings("ignore:.*For Box action spaces, we recommend:UserWarning")
def test_our_client_drives_our_scenario(scenario_path: Callable[[str], Path]) -> None:
    command = [str(scenario_path("echo")), "--dialect=ns3gym"]
    environment = Ns3GymEnv(command, ["--agents=2", "--ticks=4"])
    check_env(environment, skip_render_check=True)
    first, _ = environment.reset(seed=1)
    second, _ = environment.reset()
    assert not np.array_equal(first, second)
    again, _ = environment.reset(seed=1)
    np.testing.assert_array_equal(first, again)
    ends = [environment.step(environment.action_space.sample())[2:4] for _ in range(4)]
    assert ends == [(False, False)] * 3 + [(False, True)]
    environment.close()
    with pytest.raises(LaunchError, match="argument '--agent' with value '3' is neither"):
        Ns3GymEnv(command, ["--agent=3"])
