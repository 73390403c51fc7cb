# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The descriptor that every new scenario begins with."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from toy_game import toy_spec

from ns3marl import policies
from ns3marl.errors import ConfigError
from ns3marl.scenarios.template import HOME
from ns3marl.types import Batch, ContinuousHead, DiscreteHead, Feature, Group, GroupArrays, Spec

STATIONS = Group(
    "stations",
    ("a", "b", "c"),
    (Feature("last_slot", "1", 0, 1),),
    (DiscreteHead("slot", ("slot-0", "slot-1")),),
    (ContinuousHead("power", "dBm", 0, 20, 5),),
)
SPEC = Spec("template", 10, 5, (STATIONS,))


def test_own_slot_gives_each_station_its_own_and_the_rest_their_defaults() -> None:
    active = np.array([[True, True, True], [True, False, True]])
    seen = GroupArrays(
        np.zeros((2, 3, 1), np.float32),
        np.zeros((2, 3), np.float32),
        np.ones((2, 3), np.bool_),
        active,
        np.ones((2, 3, 2), np.bool_),
    )
    batch = Batch(
        env_id=np.arange(2),
        seed=np.ones(2, np.int64),
        run=np.ones(2, np.int64),
        tick=np.zeros(2, np.int64),
        sim_time_ns=np.zeros(2, np.int64),
        groups=(seen,),
        state=(),
        metrics=np.zeros((2, 0)),
        terminated=np.zeros(2, np.bool_),
        truncated=np.zeros(2, np.bool_),
        final=[None, None],
    )
    (joint,) = policies.make("own-slot", SPEC, HOME).act(batch, [np.random.default_rng(0)] * 2)
    assert joint.discrete[..., 0].tolist() == [[0, 1, 0], [0, 0, 0]]
    assert joint.continuous[..., 0].tolist() == [[20, 20, 20], [20, 5, 20]]


def test_own_slot_refuses_other_scenarios() -> None:
    with pytest.raises(
        ConfigError, match="own-slot is for the heads slot and power; 'toy' has mode, lane, power"
    ):
        policies.make("own-slot", toy_spec(), HOME)
    without = dataclasses.replace(STATIONS, continuous_heads=())
    with pytest.raises(ConfigError, match="'template' has slot"):
        policies.make("own-slot", dataclasses.replace(SPEC, groups=(without,)), HOME)
