# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""``action_space.sample(info["action_mask"])`` failed, because masks had another form than the action space, or that of another view.

The mask in the info is one of the space beside it, for every view: sampled actions are never refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from pettingzoo.test import api_test, parallel_api_test
from pettingzoo.utils import parallel_to_aec

from ns3marl.env.gymnasium import Ns3Env
from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.spaces import MaskableMultiDiscrete
from ns3marl.env.wrappers import (
    SingleAgent,
    discrete_actions,
    flat_actions,
    masked_observations,
    multi_discrete_actions,
    scaled_observations,
)
from ns3marl.errors import ConfigError, SpecViolation

SCENARIOS = {
    "echo": ("--agents=2", "--choices=3", "--ticks=6", "--masked=true"),
    "aiot-mec": ("--devices=2", "--servers=2", "--channels=2", "--ticks=6"),
    "edge-cloud": ("--devices=2", "--gateways=2", "--ticks=6"),
}
VIEWS: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda environment: environment,
    "scaled": scaled_observations,
    "multi-discrete": lambda environment: scaled_observations(multi_discrete_actions(environment, levels=2)),
    "masked observations": lambda environment: masked_observations(
        multi_discrete_actions(environment, levels=2)
    ),
}


@pytest.mark.report("P15")
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_sampled_actions_are_allowed(scenario_path: Callable[[str], Path], scenario: str, view: str) -> None:
    make = scenario_path(scenario), SCENARIOS[scenario]
    central = VIEWS[view](Ns3Env(*make, masked_choices="refuse", spares=0))
    single = VIEWS[view](SingleAgent(Ns3ParallelEnv(*make, masked_choices="refuse", spares=0)))
    for environment in (central, single):
        observation, info = environment.reset(seed=1)
        over = False
        while not over:
            assert environment.observation_space.contains(observation)
            action = environment.action_space.sample(mask=info["action_mask"])
            assert environment.action_space.contains(action)
            observation, _, terminated, truncated, info = environment.step(action)
            over = terminated or truncated
        environment.close()
    parallel = VIEWS[view](Ns3ParallelEnv(*make, masked_choices="refuse", spares=0))
    _, infos = parallel.reset(seed=1)
    while parallel.agents:
        actions = {
            agent: parallel.action_space(agent).sample(mask=infos[agent]["action_mask"])
            for agent in parallel.agents
        }
        observations, *_, infos = parallel.step(actions)
        assert all(parallel.observation_space(agent).contains(row) for agent, row in observations.items())
    parallel.close()


@pytest.mark.report("P15")
@pytest.mark.report("P16")
def test_every_combination_of_allowed_choices_is_allowed(scenario_path: Callable[[str], Path]) -> None:
    arguments = ("--agents=2", "--choices=4", "--ticks=4", "--masked=true")
    parallel = Ns3ParallelEnv(scenario_path("echo"), arguments, masked_choices="refuse", spares=0)
    environment = discrete_actions(parallel, levels=2)
    assert environment.action_space("agent_0") == spaces.Discrete(8)
    environment.reset(seed=1)
    *_, infos = environment.step(dict.fromkeys(environment.agents, 0))
    # Now echo masks a choice of each agent. The number of a combination is choice * 2 + level.
    masks = [infos[agent]["action_mask"].reshape(4, 2) for agent in environment.agents]
    assert [mask.sum() for mask in masks] == [6, 6]
    np.testing.assert_array_equal(masks[0][:, 0], masks[0][:, 1])
    chosen = {agent: int(np.flatnonzero(infos[agent]["action_mask"])[-1]) for agent in environment.agents}
    observations, *_ = environment.step(chosen)
    assert observations["agent_0"][2:4].tolist() == [chosen["agent_0"] // 2, 1]
    parallel.close()

    central = discrete_actions(
        Ns3Env(scenario_path("echo"), arguments, masked_choices="refuse", spares=0), levels=2
    )
    assert central.action_space == spaces.Discrete(64)
    _, info = central.reset(seed=1)
    over = False
    while not over:
        assert info["action_mask"].astype(np.bool_).tolist() == central.action_masks().tolist()
        _, _, _, over, info = central.step(central.action_space.sample(mask=info["action_mask"]))
    central.close()
    with pytest.raises(ConfigError, match="has 16777216 combinations, expected at most 65536"):
        discrete_actions(Ns3Env(scenario_path("echo"), ("--agents=8", "--choices=4"), spares=0), levels=2)


@pytest.mark.report("P15")
@pytest.mark.filterwarnings("ignore:Action space for each agent probably should be:UserWarning")
@pytest.mark.filterwarnings("ignore:Observation space for each agent probably should be:UserWarning")
@pytest.mark.parametrize("view", [multi_discrete_actions, discrete_actions, flat_actions])
def test_pettingzoos_own_tests_take_the_masks(scenario_path: Callable[[str], Path], view: Any) -> None:
    make = scenario_path("echo"), SCENARIOS["echo"]
    refuse: dict[str, Any] = {"masked_choices": "remap" if view is flat_actions else "refuse", "spares": 0}
    api_test(parallel_to_aec(view(Ns3ParallelEnv(*make, **refuse))), num_cycles=20)
    if view is not flat_actions:
        parallel_api_test(masked_observations(view(Ns3ParallelEnv(*make, **refuse))), num_cycles=20)


@pytest.mark.report("P15")
@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.usefixtures("built_scenarios")
def test_vectors_keep_the_masks(mode: str) -> None:
    settings: dict[str, Any] = {"arguments": SCENARIOS["echo"], "masked_choices": "refuse"}
    made: Any = gymnasium.make_vec("ns3marl.env:ns3marl/echo-v0", 2, mode, **settings)
    _, infos = made.reset(seed=1)
    numbers = np.random.default_rng(1)
    ends = 0
    for _ in range(14):
        masks = infos["action_mask"]["choice"]
        assert (masks.shape, masks.dtype) == ((2, 2, 3), np.int8)
        choices = np.argmax(masks * numbers.random(masks.shape), axis=-1)
        _, _, _, truncated, infos = made.step({"choice": choices, "level": np.zeros((2, 2), np.float32)})
        ends += int(truncated.sum())
    assert ends == 4
    made.close()


def test_a_mask_of_another_size_is_refused() -> None:
    space = MaskableMultiDiscrete([2, 3])
    assert space.sample(np.array([0, 1, 0, 0, 1])).tolist() == [1, 2]
    assert space.sample((np.array([0, 1], np.int8), np.array([0, 0, 1], np.int8))).tolist() == [1, 2]
    with pytest.raises(SpecViolation, match="the mask has 4 values, expected 5"):
        space.sample(np.ones(4))
    with pytest.raises(ConfigError, match="which no one mask fits; wrap the environment with multi_discrete"):
        masked_observations(_without_choices())


def _without_choices() -> Any:
    environment = gymnasium.Env[Any, Any]()
    environment.observation_space = environment.action_space = spaces.Box(-1, 1, (2,))
    return environment
