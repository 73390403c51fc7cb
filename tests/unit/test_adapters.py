# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""PettingZoo's and Gymnasium's views of groups whose agents join and leave, and of their seeds, on a pool of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import api_test, parallel_api_test
from pettingzoo.utils import parallel_to_aec

from ns3marl.checks import MAX_SEED
from ns3marl.env import gymnasium as gymnasium_api
from ns3marl.env import pettingzoo as pettingzoo_api
from ns3marl.env.gymnasium import Ns3Env
from ns3marl.env.pettingzoo import Ns3ParallelEnv
from ns3marl.env.seeds import rng_seed
from ns3marl.env.wrappers import (
    SingleAgent,
    flat_actions,
    multi_discrete_actions,
    scaled_observations,
)
from ns3marl.episodes import Episodes
from ns3marl.errors import ConfigError, SpecViolation
from ns3marl.types import (
    Actions,
    Batch,
    ContinuousHead,
    DiscreteHead,
    Feature,
    Final,
    Group,
    GroupArrays,
    Hello,
    Metric,
    Spec,
)

TICKS = 6
SPEC = Spec(
    "comings and goings",
    tick_ns=1,
    ticks=TICKS,
    groups=(
        Group(
            "cars",
            ("car_0", "car_1", "car_2"),
            (Feature("tick", "1", 1, 9), Feature("run", "1", 0, 1e6)),
            (DiscreteHead("lane", ("left", "right")),),
            (ContinuousHead("power", "W", 0, 4, default_value=1),),
        ),
        Group(
            "masts",
            ("mast_0", "mast_1"),
            (Feature("tick", "1", 1, 9), Feature("run", "1", 0, 1e6)),
            (DiscreteHead("beam", ("a", "b", "c"), default_choice=2),),
        ),
    ),
    metrics=(Metric("ticks", "1"),),
    hash="x",
)
#: Ticks at which an agent is present, from the first to before the last.
STAYS = {"car_0": (0, 9), "car_1": (2, 4), "car_2": (0, 3), "mast_0": (1, 9), "mast_1": (0, 9)}


class FakePool:
    """One environment whose agents come and go as in ``stays``; a row's reward is the tick for those who were asked."""

    stays = STAYS
    made: list[FakePool] = []  # noqa: RUF012 - of all tests

    def __init__(self, scenario: str, *, arguments: Any = (), seed: int = 1, **options: Any) -> None:
        del scenario, arguments, options
        self.spec, self.hello, self.num_envs = SPEC, Hello("x", "", "", 0, 2, 0), 1
        self.seed = seed
        self.got: list[list[Actions]] = []
        self.episodes = Episodes("FakePool", num_envs=1, seed=seed, first_run=1)
        self.made.append(self)

    def reset(self, seed: int | None = None) -> Batch:
        if seed is not None:
            self.episodes = Episodes("FakePool", num_envs=1, seed=seed, first_run=1)
        self.episodes.begin_all()
        return self._batch(0, None)

    def step(self, actions: list[Actions]) -> Batch:
        self.got.append(actions)
        self.episodes.play(actions)
        tick = int(self.episodes.tick[0])
        if tick < TICKS:
            return self._batch(tick, None)
        groups = tuple([group[0] for group in self._batch(tick, None).groups])
        run = int(self.episodes.run[0])
        final = Final(tick, tick, False, True, groups, (), np.array([1.0]), self.episodes.seed, run)
        self.episodes.begin_all()
        return self._batch(tick, final)

    def close(self) -> None:
        pass

    def _batch(self, tick: int, final: Final | None) -> Batch:
        groups = []
        for group in SPEC.groups:
            there = [self.stays[agent][0] <= tick % TICKS < self.stays[agent][1] for agent in group.agents]
            rows = np.zeros((1, len(there), len(group.features)), np.float32)
            rows[0, there, 0] = 1 + tick
            rows[0, there, 1:] = self.episodes.run[0]
            present = np.array([there])
            masks = np.repeat(present[..., None], group.mask_offsets[-1], axis=2)
            masks[:, :, 0] &= group.name == "cars"  # the first beam is never allowed
            rewards = np.full((1, len(there)), tick, np.float32)
            groups.append(GroupArrays(rows, rewards, present, present.copy(), masks))
        over = np.array([final is not None])
        return Batch(
            env_id=np.arange(1),
            seed=np.full(1, self.episodes.seed),
            run=self.episodes.run.copy(),
            tick=np.array([tick % TICKS]),
            sim_time_ns=np.array([tick % TICKS]),
            groups=tuple(groups),
            state=(),
            metrics=np.array([[1.0]]),
            terminated=~over & over,
            truncated=over,
            final=[final],
        )


@pytest.fixture(autouse=True)
def pools(monkeypatch: pytest.MonkeyPatch) -> list[FakePool]:
    """The pools that the adapters made."""
    made: list[FakePool] = []
    monkeypatch.setattr(FakePool, "made", made)
    monkeypatch.setattr(gymnasium_api, "Pool", FakePool)
    monkeypatch.setattr(pettingzoo_api, "Pool", FakePool)
    return made


def sampled(environment: Ns3ParallelEnv) -> dict[str, Any]:
    return {agent: environment.action_space(agent).sample() for agent in environment.agents}


def test_agents_follow_presence() -> None:
    environment = Ns3ParallelEnv("x")
    observations, infos = environment.reset(seed=1)
    assert environment.possible_agents == list(STAYS)
    assert environment.agents == list(observations) == list(infos) == ["car_0", "car_2", "mast_1"]
    agents, left = [], []
    while environment.agents:
        before = environment.agents
        observations, rewards, terminations, truncations, infos = environment.step(sampled(environment))
        agents.append(environment.agents)
        left.append([agent for agent, over in terminations.items() if over])
        assert {*before, *environment.agents} == {*observations}
        for told in (rewards, terminations, truncations, infos):
            assert list(told) == list(observations)
        assert environment.state_space.contains(environment.state())
        for agent, row in observations.items():
            assert environment.observation_space(agent).contains(row)
    assert agents == [
        ["car_0", "car_2", "mast_0", "mast_1"],
        ["car_0", "car_1", "car_2", "mast_0", "mast_1"],
        ["car_0", "car_1", "mast_0", "mast_1"],
        ["car_0", "mast_0", "mast_1"],
        ["car_0", "mast_0", "mast_1"],
        [],
    ]
    assert left == [[], [], ["car_2"], ["car_1"], [], []]
    assert all(truncations.values())
    # The next episode waits at its beginning.
    environment.reset()
    assert environment.agents == ["car_0", "car_2", "mast_1"]


def test_what_is_told_of_who_comes_stays_and_goes() -> None:
    environment = Ns3ParallelEnv("x")
    environment.reset(seed=1)
    environment.step(sampled(environment))
    environment.step(sampled(environment))
    observations, rewards, _, _, infos = environment.step(sampled(environment))
    assert rewards == {"car_0": 3, "car_1": 3, "car_2": 3, "mast_0": 3, "mast_1": 3}
    assert observations["car_0"].tolist() == [4, 1]
    assert observations["car_2"].tolist() == [1, 0]  # within the bounds, and nothing else
    assert [infos[agent]["present"] for agent in infos] == [True, True, False, True, True]
    assert [infos[agent]["active"] for agent in infos] == [True, True, False, True, True]
    assert infos["car_0"]["metrics"] == {"ticks": 1}


def test_actions_are_needed_of_those_present_only(pools: list[FakePool]) -> None:
    environment = Ns3ParallelEnv("x")
    environment.reset(seed=1)
    full = {"lane": 0, "power": np.ones(1, np.float32)}
    environment.step({"car_0": full, "car_2": full, "mast_1": {"beam": 1}, "car_1": {"nonsense": 1}})
    cars, masts = pools[0].got[-1]
    assert cars.discrete[0, :, 0].tolist() == [0, 0, 0]
    assert cars.continuous[0, :, 0].tolist() == [4, 1, 4]
    assert masts.discrete[0, :, 0].tolist() == [2, 1]
    with pytest.raises(SpecViolation, match="no action came for agent 'mast_0'"):
        environment.step({"car_0": full, "car_2": full, "mast_1": {"beam": 0}})


def test_time_goes_on_while_nobody_is_there(monkeypatch: pytest.MonkeyPatch, pools: list[FakePool]) -> None:
    monkeypatch.setattr(FakePool, "stays", dict.fromkeys(STAYS, (9, 9)) | {"car_1": (2, 3), "mast_1": (5, 9)})
    environment = Ns3ParallelEnv("x")
    observations, _ = environment.reset()
    assert (environment.agents, observations["car_1"].tolist()) == (["car_1"], [3, 1])
    observations, rewards, terminations, truncations, _ = environment.step(sampled(environment))
    assert environment.agents == ["mast_1"]
    assert rewards == {"car_1": 3 + 4 + 5, "mast_1": 3 + 4 + 5}
    assert terminations == {"car_1": True, "mast_1": False}
    *_, truncations, _ = environment.step(sampled(environment))
    assert (environment.agents, truncations) == ([], {"mast_1": True})
    assert len(pools[0].got) == TICKS
    monkeypatch.setattr(FakePool, "stays", dict.fromkeys(STAYS, (9, 9)))
    with pytest.raises(SpecViolation, match="an episode passed in which no agent was present"):
        environment.reset()


# AEC's test asks for Discrete or Box action spaces by warning; ours are Dict, as hybrid actions are.
@pytest.mark.filterwarnings("ignore:Action space:UserWarning")
# Its warnings of agents that differ are of groups.
@pytest.mark.filterwarnings("ignore:Agents have different .* space sizes:UserWarning")
def test_pettingzoos_own_tests_pass_with_agents_that_come_and_go() -> None:
    parallel_api_test(Ns3ParallelEnv("x"), num_cycles=20)
    api_test(parallel_to_aec(Ns3ParallelEnv("x")), num_cycles=40)
    parallel_api_test(multi_discrete_actions(scaled_observations(Ns3ParallelEnv("x"))), num_cycles=20)


def test_one_agent_waits_until_it_is_there_and_ends_when_it_leaves() -> None:
    environment = SingleAgent(Ns3ParallelEnv("x"), "car_1")
    observation, info = environment.reset(seed=1)
    assert (observation.tolist(), info["present"]) == ([3, 1], True)
    over = [environment.step(environment.action_space.sample())[2] for _ in range(2)]
    assert over == [False, True]
    assert environment.reset()[0].tolist() == [3, 2]
    mast = flat_actions(SingleAgent(Ns3ParallelEnv("x"), "mast_0"))
    mast.reset(seed=1)
    ends = [mast.step(mast.action_space.sample())[2:4] for _ in range(5)]
    assert ends == [(False, False)] * 4 + [(False, True)]


def test_a_central_controller_sees_several_groups_by_name(pools: list[FakePool]) -> None:
    environment = Ns3Env("x")
    observation, info = environment.reset(seed=1)
    assert {name: rows.shape for name, rows in observation.items()} == {"cars": (3, 2), "masts": (2, 2)}
    assert info["present"]["masts"].tolist() == info["active"]["masts"].tolist() == [False, True]
    assert info["action_mask"]["masts"]["beam"].tolist() == [[1, 1, 1], [0, 1, 1]]
    action = {
        "cars": {"lane": np.array([1, 0, 1]), "power": np.array([-1, 0, 1], np.float32)},
        "masts": {"beam": np.array([1, 2])},
    }
    _, reward, *_ = environment.step(action)
    assert reward == 1
    cars, masts = pools[0].got[-1]
    assert cars.discrete[0, [0, 2], 0].tolist() == [1, 1]
    assert cars.continuous[0, :, 0].tolist() == [0, 2, 4]
    assert masts.discrete[0, 1, 0] == 2
    for lacking in ({"cars": action["cars"]}, {**action, "cars": {"lane": np.zeros(3, int)}}):
        with pytest.raises(SpecViolation, match=r"action lacks (group 'masts'|head 'power'); expected"):
            environment.step(lacking)


# The check is of the wrapper; it would rather see what is inside.
@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version:UserWarning")
def test_gymnasiums_own_check_passes_with_several_groups() -> None:
    check_env(Ns3Env("x"), skip_render_check=True)
    check_env(flat_actions(Ns3Env("x")), skip_render_check=True)
    check_env(scaled_observations(multi_discrete_actions(Ns3Env("x"), levels=3)), skip_render_check=True)


def test_views_put_groups_side_by_side(pools: list[FakePool]) -> None:
    flat = flat_actions(Ns3Env("x"))
    assert flat.action_space.shape == (3 * 2 + 2,)
    flat.reset(seed=1)
    flat.step(np.array([-1, -1, 1, 0, 1, 1, -1, 1], np.float32))
    cars, masts = pools[0].got[-1]
    assert cars.discrete[0, :, 0].tolist() == [
        0,
        0,
        1,
    ]  # car_1 is not there, so none of its choices is allowed
    assert cars.continuous[0, :, 0].tolist() == [0, 2, 4]
    assert masts.discrete[0, 1, 0] == 2
    multi = multi_discrete_actions(Ns3Env("x"), levels=3)
    assert multi.action_space.nvec.tolist() == [2, 3] * 3 + [3, 3]
    multi.reset(seed=1)
    # Of cars: lane and levels of power; all are allowed to the car and the mast that are not there.
    masks = [1] * 15 + [1, 1, 1, 0, 1, 1]
    np.testing.assert_array_equal(multi.action_masks(), masks)
    observation, _ = scaled_observations(Ns3Env("x")).reset(seed=1)
    np.testing.assert_allclose(observation["masts"], -1, atol=1e-5)


def test_unseeded_environments_differ_and_seeded_ones_repeat(pools: list[FakePool]) -> None:
    for kind in (Ns3Env, Ns3ParallelEnv):
        pools.clear()
        for seed in (None, None, 7, np.int32(7), 0, MAX_SEED, MAX_SEED + 1):
            kind("x", seed=seed)
        first, second, *seeds = [pool.seed for pool in pools]
        assert first != second
        assert seeds == [7, 7, MAX_SEED, MAX_SEED, 1]
        environment = kind("x")
        given: list[Any] = [np.int32(5), -1, 0.5]
        environment.reset(seed=given[0])
        assert pools[-1].episodes.seed == 5
        for wrong in given[1:]:
            with pytest.raises(ConfigError, match=rf"seed is {wrong}, expected an integer of 0 or above"):
                environment.reset(seed=wrong)


def test_a_seed_of_an_api_is_ns3s_own_where_it_can_be() -> None:
    assert [rng_seed(seed) for seed in (1, 1001, MAX_SEED)] == [1, 1001, MAX_SEED]
    assert len({rng_seed(None) for _ in range(100)}) == 100
