# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Actions that are no elements of the action space: nothing is rounded, cut off or wrapped in silence, and errors name the agent, the
head, the value and what is expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ns3marl.env.gymnasium import Ns3Env
from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.pool import Pool
from ns3marl.env.wrappers import flat_actions, multi_discrete_actions
from ns3marl.errors import SpecViolation
from ns3marl.types import Actions

ECHO = ("--agents=1", "--choices=4", "--masked=true", "--ticks=100")
NAMES = "step(): action of agent 'agent_0', head "


@pytest.fixture(scope="module")
def parallel(scenario_path: Callable[[str], Path]) -> Iterator[Ns3ParallelEnv]:
    environment = Ns3ParallelEnv(scenario_path("echo"), ECHO)
    environment.reset(seed=1)
    yield environment
    environment.close()


@pytest.fixture(scope="module")
def central(scenario_path: Callable[[str], Path]) -> Iterator[Ns3Env]:
    environment = Ns3Env(scenario_path("echo"), ("--agents=3", "--choices=4", "--ticks=100"))
    environment.reset(seed=1)
    yield environment
    environment.close()


def step(parallel: Ns3ParallelEnv, choice: Any = 0, level: Any = 0.0) -> tuple[float, float]:
    """The choice and the level that the simulator got."""
    observations, *_ = parallel.step({"agent_0": {"choice": choice, "level": level}})
    return tuple(observations["agent_0"][2:4].tolist())


@pytest.mark.report("P7")
def test_choice_out_of_range_is_not_remapped_where_the_last_one_is_masked(parallel: Ns3ParallelEnv) -> None:
    parallel.reset(seed=1)
    step(parallel)  # at tick 1 the last choice is masked
    for choice in (4, 99, -1):
        with pytest.raises(
            SpecViolation, match=re.escape(f"{NAMES}'choice': {choice} is not one of the choices 0 to 3")
        ):
            step(parallel, choice)


@pytest.mark.report("P8")
@pytest.mark.report("M22")
@pytest.mark.parametrize(
    "choice",
    [0.999, 2**32, 2**32 + 1, 2**70, np.int64(2**32 + 1), np.uint64(2**63), np.nan, np.inf, "x", None],
)
def test_choice_that_is_none_is_refused(parallel: Ns3ParallelEnv, choice: Any) -> None:
    with pytest.raises(
        SpecViolation, match=f"{re.escape(NAMES)}'choice': .* is not one of the choices 0 to 3"
    ):
        step(parallel, choice)


@pytest.mark.report("P8")
@pytest.mark.parametrize("level", [np.zeros(2, np.float32), np.nan, 5.0, [], "x", None, 1.001])
def test_level_that_is_none_is_refused(parallel: Ns3ParallelEnv, level: Any) -> None:
    with pytest.raises(
        SpecViolation,
        match=rf"{re.escape(NAMES)}'level': .* is not one number from -1 to 1, which stand for 0 to 1 \[1\]",
    ):
        step(parallel, 0, level)


@pytest.mark.report("P10")
@pytest.mark.parametrize(
    "choice",
    [
        2,
        2.0,
        np.int8(2),
        np.uint64(2),
        np.float32(2),
        np.array(2),
        np.array([2]),
        [2],
        np.array([2.0]),
        np.array([[2]]),
    ],
)
def test_forms_of_a_choice_that_policies_give(parallel: Ns3ParallelEnv, choice: Any) -> None:
    parallel.reset(seed=1)
    assert step(parallel, choice) == (2.0, 0.5)


@pytest.mark.report("P8")
def test_forms_of_a_level_that_policies_give(parallel: Ns3ParallelEnv) -> None:
    forms = (0.5, np.float64(0.5), [0.5], np.array([0.5]), np.array(0.5, np.float16))
    assert {step(parallel, 0, level)[1] for level in forms} == {0.75}
    assert step(parallel, 0, np.nextafter(np.float32(1), np.float32(2)))[1] == 1.0  # rounding


@pytest.mark.report("P10")
@pytest.mark.report("M29")
@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.zeros(6), "is no dictionary by head; expected an element of Dict"),
        (None, "the action None of group 'agents' is no dictionary by head"),
        ({"choice": np.zeros(2, int), "level": np.zeros(3)}, "head 'choice' got shape [2], expected [3]"),
        ({"choice": 1, "level": np.zeros(3)}, "head 'choice' got shape [], expected [3]"),
        (
            {"choice": [0, 0, 99], "level": np.zeros(3)},
            "'agent_2', head 'choice': 99 is not one of the choices",
        ),
        (
            {"choice": [0, 2**32 + 1, 0], "level": np.zeros(3)},
            "'agent_1', head 'choice': 4294967297 is not one of",
        ),
        ({"choice": [0, np.nan, 0], "level": np.zeros(3)}, "'agent_1', head 'choice': nan is not one of"),
        (
            {"choice": np.zeros(3), "level": np.zeros((3, 2))},
            "'agent_0', head 'level': array([0., 0.]) is not one number",
        ),
        ({"choice": np.zeros(3)}, "an action lacks head 'level'; expected choice, level"),
        (
            {"choice": np.zeros(3), "level": np.zeros(3), "x": 1},
            "an action has head 'x'; expected choice, level",
        ),
    ],
)
def test_central_action_of_another_form_is_refused(central: Ns3Env, action: Any, message: str) -> None:
    with pytest.raises(SpecViolation, match=re.escape(message)):
        central.step(action)
    central.step({"choice": np.zeros((3, 1)), "level": np.zeros(3)})  # nothing was lost


@pytest.mark.report("M16")
def test_actions_by_other_agents_are_refused(parallel: Ns3ParallelEnv) -> None:
    right = {"choice": 0, "level": 0.0}
    wrong: list[tuple[Any, str]] = [
        (None, "None is no dictionary; expected an action by agent"),
        ({}, "no action came for agent 'agent_0'"),
        (
            {"agent_0": right, "nobody": right},
            "there is no agent 'nobody' in scenario 'echo'; there are: agent_0",
        ),
        ({"agent_0": None}, "the action None of agent 'agent_0' is no dictionary by head"),
        ({"agent_0": {"choice": 0}}, "lacks head 'level'"),
    ]
    for actions, message in wrong:
        with pytest.raises(SpecViolation, match=message):
            parallel.step(actions)
    for space in (parallel.observation_space, parallel.action_space):
        with pytest.raises(SpecViolation, match="there is no agent 'nobody'"):
            space("nobody")
    parallel.step({"agent_0": right})


@pytest.mark.report("P7")
def test_what_an_agent_says_that_is_not_asked_is_ignored(scenario_path: Callable[[str], Path]) -> None:
    environment = Ns3Env(scenario_path("echo"), ("--agents=2", "--idle=true", "--ticks=6"))
    _, info = environment.reset(seed=1)
    while info["active"].all():
        *_, info = environment.step({"choice": np.zeros(2), "level": np.zeros(2)})
    choices = np.where(info["active"], 0, 99)
    environment.step({"choice": choices, "level": np.where(info["active"], 0, np.nan)})
    environment.close()


@pytest.mark.report("M22")
def test_pool_wraps_no_choice(scenario_path: Callable[[str], Path]) -> None:
    with Pool(scenario_path("echo"), arguments=("--agents=2", "--ticks=5")) as pool:
        pool.reset()
        choices = np.array([[[0], [4294967297]]])
        with pytest.raises(
            SpecViolation,
            match=r"environment 0: action of agent 'agent_1', head 'choice': 4294967297 is not one of the choices 0 to 2",
        ):
            pool.step([Actions(choices, np.zeros((1, 2, 1), np.float32))])
        pool.step([Actions(choices % 2, np.zeros((1, 2, 1)))])  # type: ignore[arg-type]


@pytest.mark.report("M22")
@pytest.mark.report("M29")
@pytest.mark.parametrize(
    ("wrap", "action", "message"),
    [
        (flat_actions, np.zeros(5), r"float64 \[5\] came for 3 agents of group 'agents', expected \[6\]"),
        (flat_actions, None, r"object \[1\] came for 3 agents"),
        (
            flat_actions,
            [0, 0, np.nan, 0, 0, 0],
            r"head 'choice' got \[0.0, nan, 0.0\], expected numbers from -1 to 1",
        ),
        (
            flat_actions,
            [0, 0, 0, 0, 1.5, 0],
            r"head 'choice' got \[0.0, 0.0, 1.5\], expected numbers from -1 to 1",
        ),
        (multi_discrete_actions, np.zeros(7, int), r"int64 \[7\] came for 3 agents"),
        (
            multi_discrete_actions,
            [2**32, 0, 0, 0, 0, 0],
            "'agent_0', head 'choice': 4294967296 is not one of the choices",
        ),
        (
            multi_discrete_actions,
            [0, 0, 0, 5, 0, 0],
            "'agent_1', head 'level': 1.5 is not one number from -1 to 1",
        ),
    ],
)
def test_wrapped_action_of_another_form_is_refused(
    central: Ns3Env, wrap: Callable[[Ns3Env], Any], action: Any, message: str
) -> None:
    wrapped = wrap(central)
    wrapped.reset(seed=1)
    with pytest.raises(SpecViolation, match=message):
        wrapped.step(action)
    wrapped.step(wrapped.action_space.sample())
