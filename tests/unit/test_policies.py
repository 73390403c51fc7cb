# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The policies that fit every scenario, on specs with one group and with two."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from toy_game import ToyPool, toy_spec

from ns3marl import policies
from ns3marl.errors import ConfigError, OutOfStep
from ns3marl.home import ScenarioHome, SimplePolicy
from ns3marl.types import Actions, Batch, ContinuousHead, DiscreteHead, Feature, Group, GroupArrays, Spec

SENDERS = Group(
    "senders",
    ("a", "b", "c"),
    (Feature("age", "1", 0, 1),),
    (DiscreteHead("slot", ("0", "1", "2"), default_choice=1), DiscreteHead("mode", ("off", "on"))),
    (ContinuousHead("power", "dBm", 0, 23, 20),),
)
RELAYS = Group("relays", ("r",), (Feature("load", "1", 0, 1),), (DiscreteHead("route", ("x", "y"), 1),))
SPEC = Spec("pair", 10, 5, (SENDERS, RELAYS), has_builtin=True)
ROWS = 2


def batch() -> Batch:
    """Two environments in which everything is allowed and everybody is active but sender c."""

    def seen(group: Group) -> GroupArrays:
        shape = (ROWS, len(group.agents))
        return GroupArrays(
            np.zeros((*shape, len(group.features)), np.float32),
            np.zeros(shape, np.float32),
            np.ones(shape, np.bool_),
            np.ones(shape, np.bool_),
            np.ones((*shape, group.mask_offsets[-1]), np.bool_),
        )

    made = Batch(
        env_id=np.arange(ROWS),
        seed=np.ones(ROWS, np.int64),
        run=1 + np.arange(ROWS),
        tick=np.zeros(ROWS, np.int64),
        sim_time_ns=np.zeros(ROWS, np.int64),
        groups=(seen(SENDERS), seen(RELAYS)),
        state=(),
        metrics=np.zeros((ROWS, 0)),
        terminated=np.zeros(ROWS, np.bool_),
        truncated=np.zeros(ROWS, np.bool_),
        final=[None] * ROWS,
    )
    made.groups[0].active[:, 2] = False
    return made


def act(name: str, seen: Batch, seed: int = 0) -> list[Actions]:
    rngs = [np.random.default_rng((seed, row)) for row in range(ROWS)]
    return policies.make(name, SPEC).act(seen, rngs)


def test_default_takes_the_first_allowed_choice_where_the_default_is_masked() -> None:
    seen = batch()
    seen.groups[0].masks[0, 0] = [True, False, True, True, True]  # slot 1 is the default
    seen.groups[0].masks[1, 1] = [False, False, True, False, True]
    seen.groups[0].masks[0, 2] = [True, False, False, True, True]  # of an agent that is not active
    seen.groups[1].masks[0, 0] = [True, False]
    senders, relays = act("default", seen)
    assert senders.discrete.tolist() == [[[0, 0], [1, 0], [1, 0]], [[1, 0], [2, 1], [1, 0]]]
    assert relays.discrete.tolist() == [[[0]], [[1]]]
    assert (senders.continuous == 20).all()
    assert relays.continuous.shape == (ROWS, 1, 0)


def test_random_draws_what_masks_allow_for_every_group_and_only_from_its_generators() -> None:
    seen = batch()
    seen.groups[0].masks[:, :, 0] = False
    drawn = [act("random", seen, seed) for seed in range(100)]
    slots = np.stack([senders.discrete[:, :2, 0] for senders, _ in drawn])
    assert set(slots.ravel()) == {1, 2}
    assert {int(relays.discrete[0, 0, 0]) for _, relays in drawn} == {0, 1}
    powers = np.stack([senders.continuous[:, :2] for senders, _ in drawn])
    assert powers.min() >= 0
    assert powers.max() <= 23
    assert np.ptp(powers) > 15
    for one, other in zip(act("random", seen, 5), drawn[5], strict=True):
        np.testing.assert_array_equal(one.discrete, other.discrete)
        np.testing.assert_array_equal(one.continuous, other.continuous)
    for senders, _ in drawn:
        assert (senders.discrete[:, 2] == [1, 0]).all()  # the default of who is not active


def test_random_plays_any_scenario() -> None:
    pool = ToyPool(num_envs=2)
    policy = policies.make("random", pool.spec)
    played = pool.reset()
    for _ in range(10):
        played = pool.step(policy.act(played, [np.random.default_rng(0), np.random.default_rng(1)]))


def test_builtin_plays_what_the_observation_carries() -> None:
    seen = batch()
    senders = Actions(np.full((ROWS, 3, 2), [2, 1], np.int32), np.full((ROWS, 3, 1), 7, np.float32))
    relays = Actions(np.zeros((ROWS, 1, 1), np.int32), np.zeros((ROWS, 1, 0), np.float32))
    seen.builtin = (senders, relays)
    got, relayed = act("builtin", seen)
    assert got.discrete[:, :2].tolist() == [[[2, 1], [2, 1]]] * ROWS
    assert (got.continuous[:, :2] == 7).all()
    assert got.discrete[:, 2].tolist() == [[1, 0]] * ROWS  # the default of who is not active
    assert (got.continuous[:, 2] == 20).all()
    np.testing.assert_array_equal(relayed.discrete, relays.discrete)


def test_builtin_is_refused_where_it_is_not_carried_or_there_is_none() -> None:
    with pytest.raises(OutOfStep, match=r"open the environments with Pool\(..., builtin=True\)"):
        act("builtin", batch())
    with pytest.raises(ConfigError, match="scenario 'pair' has no policy of its own"):
        policies.make("builtin", dataclasses.replace(SPEC, has_builtin=False))
    home = ScenarioHome(name="pair", policies={"mine": SimplePolicy(make=policies.Random)})
    assert policies.needs_builtin("builtin", home)
    assert not policies.needs_builtin("mine", home)
    assert not policies.needs_builtin("runs/some-run", home)


class Refusing:
    """A policy that fits no spec."""

    def __init__(self, spec: Spec) -> None:
        raise ConfigError(f"nothing fits {spec.scenario}")


def test_those_that_fit_are_compared_with() -> None:
    assert policies.fitting(toy_spec()) == ("default", "random")
    assert policies.fitting(SPEC) == ("builtin", "default", "random")
    home = ScenarioHome(
        name="pair",
        policies={
            "mine": SimplePolicy(make=policies.Random),
            "never": SimplePolicy(make=Refusing),
            "aside": SimplePolicy(make=policies.Random, compared=False),
        },
    )
    assert policies.fitting(SPEC, home) == ("builtin", "random", "mine")
    assert isinstance(policies.make("aside", SPEC, home), policies.Random)
    with pytest.raises(ConfigError, match="nothing fits pair"):
        policies.make("never", SPEC, home)


@dataclasses.dataclass(frozen=True)
class Levels:
    """Options of a policy."""

    level: float = 1.5
    """How much."""
    often: int = 2
    """How often."""


class Levelled(policies.Random):
    """A policy with options."""

    def __init__(self, spec: Spec, options: Levels) -> None:
        super().__init__(spec)
        self.options = options


LEVELLED = ScenarioHome(
    name="pair",
    policies={
        "level": SimplePolicy(make=Levelled, options=Levels),
        "mine": SimplePolicy(make=policies.Random),
    },
)


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("level", Levels()),
        ("level:level=3", Levels(3.0)),
        ("level:often=4,level=0.5", Levels(0.5, 4)),
        ("level: often = 4", Levels(often=4)),
    ],
)
def test_options_stand_after_the_name(source: str, options: Levels) -> None:
    assert policies.is_known(source, LEVELLED)
    made = policies.make(source, SPEC, LEVELLED)
    assert isinstance(made, Levelled)
    assert made.options == options


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("level:", "expected level:OPTION=VALUE,OPTION=VALUE, got ''; options of 'level': level, often"),
        ("level:3", "expected level:OPTION=VALUE,OPTION=VALUE, got '3'; options of 'level': level, often"),
        ("level:level=1,", "expected level:OPTION=VALUE,OPTION=VALUE, got ''"),
        ("level:levle=1", r"unknown option level.levle \(did you mean level\?\); known: level, often"),
        ("level:level=high", "policy 'level:level=high': level.level: expected a number, got 'high'"),
        ("level:often=1.5", "level.often: expected a whole number, got 1.5"),
        ("level:often=1,often=2", "option 'often' stands there twice; keep one"),
        ("mine:level=1", "'mine' has no options; write 'mine' alone"),
        ("levl:level=1", r"no policy 'levl' \(did you mean level\?\)"),
    ],
)
def test_wrong_options_are_refused(source: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        policies.make(source, SPEC, LEVELLED)


def test_names_that_are_unknown_or_taken_are_refused() -> None:
    home = ScenarioHome(name="pair", policies={"mine": SimplePolicy(make=policies.Random)})
    with pytest.raises(
        ConfigError, match="no policy 'best'; simple policies of 'pair' are default, random, builtin, mine"
    ):
        policies.make("best", SPEC, home)
    taken = ScenarioHome(name="pair", policies={"random": SimplePolicy(make=policies.Random)})
    with pytest.raises(
        ConfigError, match="has a policy called 'random', which stands for every scenario's; rename it"
    ):
        policies.known(taken)
