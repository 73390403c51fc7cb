# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The public APIs' own test suites, on real simulators, with warnings as errors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test
from pettingzoo.utils import parallel_to_aec

import ns3marl.env  # noqa: F401 - registers the ids
from ns3marl.env.gymnasium import Ns3Env
from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.errors import ConfigError, SpecViolation

SCENARIOS = {
    "echo": ("--agents=3", "--ticks=7", "--masked=true", "--idle=true"),
    "template": ("--ticks=6",),
    "aiot-mec": ("--devices=4", "--servers=2", "--channels=2", "--ticks=12"),
    "cognitive-v2x": ("--pairs=3", "--channels=2", "--ticks=12"),
}


@pytest.fixture(params=SCENARIOS)
def make(
    request: pytest.FixtureRequest, scenario_path: Callable[[str], Path]
) -> Iterator[Callable[..., Any]]:
    """Makes environments of the scenario and closes them."""
    made: list[Any] = []

    def build(kind: type, **options: Any) -> Any:
        made.append(kind(scenario_path(request.param), SCENARIOS[request.param], **options))
        return made[-1]

    yield build
    for environment in made:
        environment.close()


def test_parallel_api(make: Callable[..., Any]) -> None:
    parallel_api_test(make(Ns3ParallelEnv), num_cycles=30)


def test_parallel_seed(make: Callable[..., Any]) -> None:
    parallel_seed_test(lambda: make(Ns3ParallelEnv), num_cycles=10)


# AEC's test asks for Discrete or Box action spaces by warning; ours are Dict, as hybrid actions are.
@pytest.mark.filterwarnings("ignore:Action space:UserWarning")
def test_aec_api(make: Callable[..., Any]) -> None:
    api_test(parallel_to_aec(make(Ns3ParallelEnv)), num_cycles=30)


def test_gymnasium_check_env(make: Callable[..., Any]) -> None:
    check_env(make(Ns3Env), skip_render_check=True)


@pytest.mark.usefixtures("built_scenarios")
def test_registered_id() -> None:
    with gymnasium.make("ns3marl/echo-v0", arguments=("--ticks=3",)) as environment:
        environment.reset(seed=1)
        *_, truncated, _ = [environment.step(environment.action_space.sample()) for _ in range(3)][-1]
        assert truncated


def test_episodes_end_and_state_matches_space(make: Callable[..., Any]) -> None:
    environment = make(Ns3ParallelEnv)
    environment.reset(seed=3)
    ticks = 0
    while environment.agents:
        actions = {agent: environment.action_space(agent).sample() for agent in environment.agents}
        _, rewards, _, truncations, infos = environment.step(actions)
        assert environment.state_space.contains(environment.state())
        ticks += 1
    assert all(truncations.values())
    assert set(rewards) == set(environment.possible_agents)
    assert ticks == environment.spec_of_scenario.ticks
    assert infos[environment.possible_agents[0]]["metrics"]


@pytest.mark.parametrize(
    "scenario", ["echo", "aiot-mec"]
)  # the template's first observation is always the same
def test_reset_goes_on_with_the_next_episode_and_seed_starts_anew(
    scenario_path: Callable[[str], Path], scenario: str
) -> None:
    environment = Ns3ParallelEnv(scenario_path(scenario), SCENARIOS[scenario])

    def first_observation(seed: int | None) -> bytes:
        observations, _ = environment.reset(seed=seed)
        return b"".join(row.tobytes() for row in observations.values())

    first, second = first_observation(5), first_observation(None)
    assert first != second
    assert first_observation(5) == first
    assert first_observation(6) != first
    environment.close()


def test_masked_choices_are_remapped_or_refused(scenario_path: Callable[[str], Path]) -> None:
    arguments = ("--agents=1", "--choices=4", "--masked=true", "--ticks=4")
    action = {"agent_0": {"choice": 3, "level": np.zeros(1, np.float32)}}
    environment = Ns3ParallelEnv(scenario_path("echo"), arguments)
    environment.reset(seed=1)
    environment.step(action)
    observations, *_ = environment.step(
        action
    )  # choice 3 of 4 is masked at tick 1: the (3 mod 3)-th allowed is 0
    assert observations["agent_0"][2] == 0.0
    environment.close()

    environment = Ns3ParallelEnv(scenario_path("echo"), arguments, masked_choices="refuse")
    environment.reset(seed=1)
    environment.step(action)
    with pytest.raises(SpecViolation, match=r"head 'choice': choice 3 \('choice-3'\) is masked at this tick"):
        environment.step(action)
    environment.close()


def test_several_groups(scenario_path: Callable[[str], Path]) -> None:
    arguments = ("--groups=2", "--ticks=3")
    environment = Ns3ParallelEnv(scenario_path("echo"), arguments)
    observations, _ = environment.reset(seed=1)
    assert list(observations) == ["agent_0_0", "agent_0_1", "agent_1_0", "agent_1_1"]
    environment.step({agent: environment.action_space(agent).sample() for agent in environment.agents})
    environment.close()
    central = Ns3Env(scenario_path("echo"), arguments)
    check_env(central, skip_render_check=True)
    central.close()


@pytest.mark.usefixtures("built_scenarios")
def test_copies_in_a_vector_play_different_episodes() -> None:
    arguments = ("--agents=3", "--ticks=3")
    made: Any = gymnasium.make_vec("ns3marl/echo-v0", num_envs=3, arguments=arguments)
    with contextlib.closing(made) as copies:
        rows, _ = copies.reset()
        assert len({row.tobytes() for row in rows}) == 3
        again, other = copies.reset(seed=[5, 5, 6])[0], copies.reset(seed=[7, 5, 6])[0]
        np.testing.assert_array_equal(again[0], again[1])
        np.testing.assert_array_equal(again[1:], other[1:])
        assert not np.array_equal(again[0], other[0])


def test_misuse(scenario_path: Callable[[str], Path]) -> None:
    environment = Ns3ParallelEnv(scenario_path("echo"), ("--ticks=2",))
    with pytest.raises(SpecViolation, match="step\\(\\) came before reset\\(\\)"):
        environment.step({})
    environment.reset()
    with pytest.raises(SpecViolation, match="no action came for agent 'agent_0'"):
        environment.step({})
    with pytest.raises(SpecViolation, match="an action lacks head 'level'"):
        environment.step({agent: {"choice": 0} for agent in environment.agents})
    environment.close()
    with pytest.raises(ConfigError, match="masked_choices is 'maybe', expected one of remap, refuse"):
        Ns3ParallelEnv(scenario_path("echo"), masked_choices="maybe")
