# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Registered ids, and the views of the environments that other libraries take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pettingzoo
import pytest
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import parallel_api_test

import ns3marl.env  # noqa: F401 - registers the ids
from ns3marl.env.gymnasium import Ns3Env
from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.wrappers import SingleAgent, flat_actions, multi_discrete_actions
from ns3marl.errors import ConfigError

SMALL = ("--devices=4", "--servers=2", "--channels=2", "--ticks=5")
ECHO = ("--agents=2", "--choices=4", "--ticks=6")


@pytest.fixture
def open_env(scenario_path: Callable[[str], Path]) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def build(kind: Callable[..., Any], name: str, arguments: tuple[str, ...], **options: Any) -> Any:
        made.append(kind(scenario_path(name), arguments, spares=0, **options))
        return made[-1]

    yield build
    for environment in made:
        environment.close()


@pytest.mark.usefixtures("built_scenarios")
def test_registered_ids() -> None:
    with gymnasium.make("ns3marl/aiot-mec-v0", arguments=SMALL) as environment:
        observation, _ = environment.reset(seed=1)
        assert observation.shape == (4, 128)
    parallel: Any = pettingzoo.make("parallel", "ns3marl/aiot-mec-v0", arguments=SMALL)
    assert len(parallel.reset(seed=1)[0]) == 4
    parallel.close()
    one_by_one: Any = pettingzoo.make("aec", "ns3marl/echo-v0", arguments=ECHO)
    one_by_one.reset(seed=1)
    for agent in one_by_one.agent_iter(8):
        *_, terminated, truncated, _ = one_by_one.last()
        assert not terminated
        assert not truncated
        one_by_one.step(one_by_one.action_space(agent).sample())
    one_by_one.close()
    assert "ns3marl/ns3gym-v0" in gymnasium.registry


# The check is of the wrapper; it would rather see what is inside.
@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version:UserWarning")
@pytest.mark.parametrize("view", [flat_actions, multi_discrete_actions])
@pytest.mark.parametrize(("name", "arguments"), [("aiot-mec", SMALL), ("echo", (*ECHO, "--masked=true"))])
def test_views_keep_the_apis(
    open_env: Callable[..., Any], view: Callable[..., Any], name: str, arguments: tuple[str, ...]
) -> None:
    for seen in (
        open_env(Ns3Env, name, arguments),
        SingleAgent(open_env(Ns3ParallelEnv, name, arguments)),
    ):
        viewed = view(seen)
        assert not isinstance(viewed.action_space, spaces.Dict)
        check_env(viewed, skip_render_check=True)
    parallel_api_test(view(open_env(Ns3ParallelEnv, name, arguments)), num_cycles=12)


def test_flat_actions_cut_the_range_evenly(open_env: Callable[..., Any]) -> None:
    environment = flat_actions(open_env(Ns3Env, "echo", ECHO))
    assert environment.action_space == spaces.Box(-1, 1, (4,))
    environment.reset(seed=1)
    did = []
    for first in (-1, -0.51, -0.49, 0.01, 0.99, 1):
        # Agent 0: choice and level, then agent 1.
        observation, *_ = environment.step(np.array([first, 0.5, -first, -1], np.float32))
        did.append((observation[0, 2], observation[1, 2]))
        np.testing.assert_allclose(observation[:, 3], [0.75, 0])
    assert did == [(0, 3), (0, 3), (1, 2), (2, 1), (3, 0), (3, 0)]


def test_multi_discrete_actions_space_the_levels_evenly(open_env: Callable[..., Any]) -> None:
    environment = multi_discrete_actions(open_env(Ns3Env, "echo", ECHO), levels=3)
    assert environment.action_space == spaces.MultiDiscrete([4, 3, 4, 3])
    environment.reset(seed=1)
    levels = []
    for level in range(3):
        observation, *_ = environment.step(np.array([2, level, 3, 2 - level]))
        np.testing.assert_array_equal(observation[:, 2], [2, 3])
        levels.append(tuple(observation[:, 3]))
    assert levels == [(0, 1), (0.5, 0.5), (1, 0)]


def test_masks_follow_the_tick(open_env: Callable[..., Any]) -> None:
    environment = multi_discrete_actions(open_env(Ns3Env, "echo", (*ECHO, "--masked=true")), levels=2)
    environment.reset(seed=1)
    assert environment.action_masks().all()
    environment.step(np.zeros(4, np.int64))
    np.testing.assert_array_equal(environment.action_masks(), [1, 1, 1, 0, 1, 1] * 2)
    with pytest.raises(ConfigError, match="flat actions have no masks"):
        flat_actions(open_env(Ns3Env, "echo", ECHO)).action_masks()


def test_one_agent_acts_and_the_others_follow(open_env: Callable[..., Any]) -> None:
    parallel = open_env(Ns3ParallelEnv, "echo", ("--agents=3", "--ticks=3"))
    environment = SingleAgent(parallel, "agent_1")
    environment.reset(seed=1)
    observation, reward, *_ = environment.step({"choice": 2, "level": np.ones(1, np.float32)})
    np.testing.assert_array_equal(observation[2:4], [2, 1])
    others, _ = environment._seen
    np.testing.assert_array_equal(others["agent_2"][2:4], [0, 0])  # echo's default action

    def wanted(_name: str, row: Any, _info: dict[str, Any]) -> dict[str, Any]:
        return {"choice": int(row[0]), "level": np.array([row[1] * 2 - 1])}

    environment = SingleAgent(parallel, "agent_1", wanted)
    seen, _ = environment.reset(seed=1)
    environment.step({"choice": 0, "level": np.zeros(1, np.float32)})
    np.testing.assert_allclose(environment._seen[0]["agent_2"][2:4], seen[:2], rtol=1e-6)
    assert isinstance(reward, float)


def test_misuse(open_env: Callable[..., Any]) -> None:
    parallel = open_env(Ns3ParallelEnv, "echo", ECHO)
    with pytest.raises(ConfigError, match="no agent 'nobody'; there are: agent_0, agent_1"):
        SingleAgent(parallel, "nobody")
    with pytest.raises(ConfigError, match="levels is 1, expected 2 or more"):
        multi_discrete_actions(parallel, levels=1)
    with pytest.raises(ConfigError, match="neither Ns3Env nor SingleAgent"):
        flat_actions(gymnasium.make("CartPole-v1"))
