# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Simple policies of slice-lte on observations made by hand; `tests/lockstep/scenarios/slice_lte/test_slice_lte.py` plays them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from toy_game import toy_spec

from ns3marl import home, policies
from ns3marl.errors import ConfigError
from ns3marl.types import Actions, Batch, ContinuousHead, DiscreteHead, Feature, Group, GroupArrays, Spec

SLICES = ("embb", "urllc", "mmtc")
FEATURES = ("satisfaction", "radio_share", "cpu_share")


def group(name: str) -> Group:
    own = ("active_share",) if name == "embb" else ()  # so that columns differ
    return Group(
        name,
        (name,),
        tuple(Feature(feature, "1", 0, 1) for feature in (*own, *FEATURES)),
        (DiscreteHead("radio_policy", ("dedicated", "prioritised"), 1),),
        (ContinuousHead("radio_share", "1", 0, 1, 0.1), ContinuousHead("cpu_share", "1", 0, 1, 0.2)),
    )


SPEC = Spec("slice-lte", 100_000_000, 10, tuple(group(name) for name in SLICES))


def act(name: str, tick: int, seen: list[tuple[float, float, float]], active: bool = True) -> list[Actions]:
    """What slices do that observe this satisfaction, share of the downlink and share of the CPU."""
    rows = [[1.0, *seen[0]], *map(list, seen[1:])]
    batch = Batch(
        env_id=np.zeros(1, np.int64),
        seed=np.ones(1, np.int64),
        run=np.ones(1, np.int64),
        tick=np.array([tick]),
        sim_time_ns=np.zeros(1, np.int64),
        groups=tuple(
            GroupArrays(
                observations=np.array([[row]], np.float32),
                rewards=np.zeros((1, 1), np.float32),
                present=np.ones((1, 1), bool),
                active=np.full((1, 1), active),
                masks=np.ones((1, 1, 2), bool),
            )
            for row in rows
        ),
        state=(),
        metrics=np.zeros((1, 0)),
        terminated=np.zeros(1, bool),
        truncated=np.zeros(1, bool),
        final=[None],
    )
    return policies.make(name, SPEC).act(batch, [np.random.default_rng(0)])


def shares(joint: list[Actions]) -> list[list[float]]:
    """What each slice asks for: share of the downlink and of the CPU."""
    return [actions.continuous[0, 0].tolist() for actions in joint]


def test_the_home_names_them() -> None:
    assert set(home.find("slice-lte").policies) == {"equal-split", "follow-satisfaction"}


@pytest.mark.parametrize("name", ["equal-split", "follow-satisfaction"])
def test_nothing_is_lent_and_inactive_slices_have_the_defaults(name: str) -> None:
    seen = [(0.5, 0.2, 0.3)] * 3
    assert [actions.discrete.tolist() for actions in act(name, 4, seen)] == [[[[0]]]] * 3
    idle = act(name, 4, seen, active=False)
    assert [actions.discrete.tolist() for actions in idle] == [[[[1]]]] * 3
    assert shares(idle) == [pytest.approx([0.1, 0.2])] * 3


def test_equal_split_asks_for_a_third_of_everything() -> None:
    for tick in (0, 5):
        assert shares(act("equal-split", tick, [(0.0, 0.9, 0.1)] * 3)) == [pytest.approx([1 / 3, 1 / 3])] * 3


def test_follow_satisfaction_raises_what_is_missing_and_lowers_what_is_enough() -> None:
    seen = [(0.5, 0.4, 0.2), (0.96, 0.5, 0.05), (0.0, 0.9, 0.01)]
    asked = shares(act("follow-satisfaction", 3, seen))
    assert asked == [
        pytest.approx([0.6, 0.3]),
        pytest.approx([0.45, 0.05]),  # at least 5 %
        pytest.approx([1.0, 0.05]),  # at most all
    ]


def test_follow_satisfaction_begins_with_an_equal_split() -> None:
    assert shares(act("follow-satisfaction", 0, [(1.0, 0.3, 0.0)] * 3)) == [pytest.approx([1 / 3, 1 / 3])] * 3


@pytest.mark.parametrize("name", ["equal-split", "follow-satisfaction"])
def test_other_scenarios_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="radio_policy, radio_share, cpu_share, as slice-lte has; group"):
        policies.make(name, toy_spec(), home.find("slice-lte"))


def test_a_missing_feature_is_named() -> None:
    first = dataclasses.replace(SPEC.groups[0], features=SPEC.groups[0].features[:2])
    without = dataclasses.replace(SPEC, groups=(first, *SPEC.groups[1:]))
    with pytest.raises(ConfigError, match="reads radio_share, which slice-lte has and group 'embb' has not"):
        policies.make("follow-satisfaction", without)
