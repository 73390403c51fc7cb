# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Gymnasium's environments behind the pool's contract: ends, cuts, autoreset and replay."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium_pool import CARTPOLE, GymnasiumPool

from ns3marl.errors import OutOfStep
from ns3marl.types import Actions, Batch


def joint(*choices: int) -> list[Actions]:
    return [
        Actions(np.array(choices, np.int32).reshape(-1, 1, 1), np.zeros((len(choices), 1, 0), np.float32))
    ]


def balance(batch: Batch) -> list[Actions]:
    """Pushes the cart under the pole, which keeps it up for all 500 ticks."""
    x, v, angle, speed = batch.groups[0].observations[:, 0].T
    return joint(*(angle + 0.3 * speed + 0.02 * x + 0.04 * v > 0).astype(int))


def test_a_falling_pole_terminates_and_the_next_episode_begins_in_the_same_step() -> None:
    pool = GymnasiumPool("CartPole-v1", CARTPOLE, num_envs=2, seed=3)
    with pytest.raises(OutOfStep):
        pool.step(joint(1, 1))
    batch = pool.reset()
    assert batch.groups[0].masks.shape == (2, 1, 2)
    while not batch.terminated.any():
        batch = pool.step(joint(1, 1))
    assert not batch.truncated.any()
    for e in np.flatnonzero(batch.terminated):
        final = batch.final[e]
        assert final is not None
        assert final.terminated
        assert final.metrics[0] == final.tick < 20
        assert abs(final.groups[0].observations[0, 2]) > 0.2  # fallen
        assert batch.tick[e] == 0
        assert np.abs(batch.groups[0].observations[e]).max() < 0.05  # upright again
        assert batch.groups[0].rewards[e] == 1


def test_the_time_limit_truncates() -> None:
    pool = GymnasiumPool("CartPole-v1", CARTPOLE, num_envs=1, seed=1)
    batch = pool.reset()
    for _ in range(500):
        assert batch.final == [None]
        batch = pool.step(balance(batch))
    final = batch.final[0]
    assert final is not None
    assert (final.terminated, final.truncated, final.tick) == (False, True, 500)
    assert batch.truncated.all()
    assert not batch.terminated.any()
    np.testing.assert_array_equal(final.state[0], final.groups[0].observations)


def test_it_plays_what_gymnasium_plays() -> None:
    pool = GymnasiumPool("Pendulum-v1", (1, 1, 8), num_envs=1, seed=5)
    seen = pool.reset().groups[0].observations[0, 0]
    other = gymnasium.make("Pendulum-v1")
    first, _ = other.reset(seed=int(np.random.SeedSequence((5, 1)).generate_state(1)[0]))
    np.testing.assert_array_equal(seen, first)
    for torque in (2.0, -1.5, 0.25):
        batch = pool.step([Actions(np.zeros((1, 1, 0), np.int32), np.full((1, 1, 1), torque, np.float32))])
        observation, reward, *_ = other.step(np.array([torque], np.float32))
        np.testing.assert_array_equal(batch.groups[0].observations[0, 0], observation)
        assert batch.groups[0].rewards[0, 0] == pytest.approx(reward)


def test_recorded_actions_lead_to_the_same_place() -> None:
    pool = GymnasiumPool("CartPole-v1", CARTPOLE, num_envs=2, seed=2)
    batch = pool.reset()
    for tick in range(30):
        batch = pool.step(joint(tick % 2, 1))
    again = GymnasiumPool("CartPole-v1", CARTPOLE, num_envs=2).load_state_dict(pool.state_dict())
    assert pool.episodes.episode[1] >= 2
    np.testing.assert_array_equal(again.groups[0].observations, batch.groups[0].observations)
    np.testing.assert_array_equal(again.tick, batch.tick)
