# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Games of several groups in process: whose rows and rewards are whose, and going on where a pool stood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from ns3marl.errors import ConfigError, SpecViolation
from ns3marl.games.team import TeamPool
from ns3marl.rl.policy import action_generators
from ns3marl.types import Actions, Batch, ContinuousHead, DiscreteHead, Feature, Float32, Group, Metric, Spec

SPEC = Spec(
    "two kinds",
    tick_ns=10,
    ticks=4,
    groups=(
        Group(
            "cars", ("c0", "c1"), (Feature("draw", "1", 0, 1),), (DiscreteHead("lane", ("left", "right")),)
        ),
        Group("masts", ("m0",), (Feature("tick", "1", 0, 9),), (), (ContinuousHead("power", "W", 0, 2),)),
    ),
    metrics=(Metric("ticks", "1"),),
)


class _World:
    """Cars earn 1 for each that is right, masts their power; both depend on what was drawn."""

    present = active = np.ones(2, bool), np.ones(1, bool)
    masks = np.ones((2, 2), bool), np.ones((1, 0), bool)
    state = ()

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.ticks, self.drawn = rng, 0, rng.random((2, 1), dtype=np.float32)

    @property
    def observations(self) -> tuple[Float32, Float32]:
        return self.drawn, np.full((1, 1), self.ticks, np.float32)

    @property
    def metrics(self) -> np.ndarray:
        return np.array([float(self.ticks)])

    def play(self, actions: Sequence[Actions]) -> tuple[float, float]:
        cars, masts = actions
        self.ticks += 1
        self.drawn = self.rng.random((2, 1), dtype=np.float32) * (1 + cars.discrete.sum()) / 3
        return float(cars.discrete.sum()), float(masts.continuous.sum())


class _Game:
    spec = SPEC

    def begin(self, rng: np.random.Generator) -> _World:
        return _World(rng)


def joint(batch: Batch) -> list[Actions]:
    rngs = action_generators(batch)
    return [
        Actions(
            np.stack([rng.integers(2, size=(2, 1), dtype=np.int32) for rng in rngs]),
            np.zeros((len(rngs), 2, 0), np.float32),
        ),
        Actions(
            np.zeros((len(rngs), 1, 0), np.int32),
            np.stack([rng.random((1, 1), dtype=np.float32) for rng in rngs]),
        ),
    ]


def test_each_group_gets_its_own_reward() -> None:
    pool = TeamPool(_Game(), num_envs=3, seed=7, first_run=5)
    batch = pool.reset()
    for _ in range(5):
        assert [group.observations.shape for group in batch.groups] == [(3, 2, 1), (3, 1, 1)]
        actions = joint(batch)
        batch = pool.step(actions)
        cars, masts = batch.groups
        np.testing.assert_array_equal(cars.rewards, np.repeat(actions[0].discrete.sum(1), 2, axis=1))
        np.testing.assert_allclose(masts.rewards, actions[1].continuous[:, :, 0])
        assert cars.present.all()
        if batch.truncated.all():
            assert [final.run for final in batch.final if final is not None] == [5, 6, 7]
            assert [final.seed for final in batch.final if final is not None] == [7] * 3
    assert (batch.seed.tolist(), batch.run.tolist(), batch.tick.tolist()) == ([7] * 3, [8, 9, 10], [1] * 3)


def test_a_pool_that_records_nothing_has_no_state() -> None:
    plain = TeamPool(_Game())
    plain.reset()
    with pytest.raises(ConfigError, match="make the pool with resumable=True"):
        plain.state_dict()


def test_what_is_no_joint_action_of_all_groups_is_refused() -> None:
    pool = TeamPool(_Game(), num_envs=1)
    cars, masts = joint(pool.reset())
    with pytest.raises(SpecViolation, match="one Actions per group"):
        pool.step([cars])
    masts.continuous[:] = 3
    with pytest.raises(SpecViolation, match=r"head 'power' got 3.0 to 3.0, expected 0 to 2 W"):
        pool.step([cars, masts])
