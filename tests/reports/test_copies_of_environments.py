# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``copy.deepcopy`` and ``pickle`` of an environment failed with "cannot pickle 'socket' object", as libraries do to make vectors.

A copy is a new environment that is made with the same arguments: it plays on when the first one is closed, and differs where no seed was given.
"""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

import ns3marl.env  # noqa: F401 - registers the ids
from ns3marl.compat.ns3gym import Ns3GymEnv
from ns3marl.env.gymnasium import Ns3Env
from ns3marl.env.pettingzoo import Ns3ParallelEnv, aec_env
from ns3marl.env.wrappers import (
    SingleAgent,
    discrete_actions,
    flat_actions,
    masked_observations,
    multi_discrete_actions,
    scaled_observations,
)
from ns3marl.errors import SpecViolation

ARGUMENTS = ("--agents=2", "--ticks=3", "--masked=true")


def _pickled(environment: Any) -> Any:
    return pickle.loads(pickle.dumps(environment))  # noqa: S301 - our own bytes


def _first(environment: Any, seed: int | None) -> bytes:
    observation, _ = environment.reset(seed=seed)
    rows = observation.values() if isinstance(observation, dict) else [observation]
    return b"".join(np.asarray(row).tobytes() for row in rows)


VIEWS: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda environment: environment,
    "flat": flat_actions,
    "scaled": lambda environment: scaled_observations(multi_discrete_actions(environment)),
    "discrete": lambda environment: discrete_actions(environment, levels=2),
}


@pytest.mark.report("P14")
@pytest.mark.parametrize("copied", [copy.deepcopy, _pickled])
@pytest.mark.parametrize(
    "kind", [Ns3Env, Ns3ParallelEnv, lambda *a, **k: SingleAgent(Ns3ParallelEnv(*a, **k))]
)
@pytest.mark.parametrize("view", VIEWS)
def test_a_copy_is_a_new_environment(
    scenario_path: Callable[[str], Path], kind: Any, view: str, copied: Callable[[Any], Any]
) -> None:
    environment = VIEWS[view](kind(scenario_path("echo"), ARGUMENTS, spares=0))
    expected = _first(environment, 7)
    other = copied(environment)
    gc.collect()  # what a copy was made of takes nothing with it
    environment.close()
    with pytest.raises(SpecViolation, match="before reset"):
        other.unwrapped.step({})
    assert _first(other, 7) == expected
    other.close()


@pytest.mark.report("P14")
def test_copies_without_a_seed_differ_and_those_with_one_repeat(scenario_path: Callable[[str], Path]) -> None:
    for seed, episodes in ((None, 2), (5, 1)):
        environment = Ns3ParallelEnv(scenario_path("echo"), ARGUMENTS, seed=seed, spares=0)
        other = copy.deepcopy(environment)
        assert len({_first(environment, None), _first(other, None)}) == episodes
        environment.close()
        other.close()


@pytest.mark.report("P14")
@pytest.mark.usefixtures("built_scenarios")
def test_what_the_libraries_make_can_be_copied() -> None:
    made = gymnasium.make("ns3marl/echo-v0", arguments=ARGUMENTS)
    one_by_one = aec_env("echo", ARGUMENTS)
    masked = masked_observations(discrete_actions(Ns3ParallelEnv("echo", ARGUMENTS)))
    for environment in (made, one_by_one, masked):
        other = copy.deepcopy(environment)
        other.reset(seed=1)
        environment.close()
        other.close()


@pytest.mark.report("P14")
@pytest.mark.parametrize("copied", [copy.deepcopy, _pickled])
def test_a_simulation_of_ns3_gym(scenario_path: Callable[[str], Path], copied: Callable[[Any], Any]) -> None:
    environment = Ns3GymEnv(scenario_path("echo"), ["--dialect=ns3gym", *ARGUMENTS], seed=3)
    other = copied(environment)
    gc.collect()
    environment.close()
    other.reset(seed=3)
    *_, truncated, _ = other.step(other.action_space.sample())
    assert not truncated
    other.close()
