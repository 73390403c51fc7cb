# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
import pytest

from ns3marl.rl.gae import gae


def naive_lambda_return(
    rewards: np.ndarray, next_values: np.ndarray, ends: np.ndarray, discount: float, gae_lambda: float
) -> np.ndarray:
    """The mixture of n-step returns, written out for one environment."""
    T = len(rewards)
    result = np.zeros(T)
    for t in range(T):
        stop = next((k for k in range(t, T) if ends[k]), T - 1)
        steps = stop - t + 1
        n_step = [
            sum(discount**k * rewards[t + k] for k in range(n)) + discount**n * next_values[t + n - 1]
            for n in range(1, steps + 1)
        ]
        weights = [(1 - gae_lambda) * gae_lambda ** (n - 1) for n in range(1, steps)]
        weights.append(gae_lambda ** (steps - 1))
        result[t] = np.dot(weights, n_step)
    return result


@pytest.mark.parametrize("gae_lambda", [0.0, 0.7, 1.0])
def test_agrees_with_the_mixture_of_n_step_returns(gae_lambda: float) -> None:
    rng = np.random.default_rng(0)
    rewards, values, next_values = rng.normal(size=(3, 12, 3))
    ends = rng.random((12, 3)) < 0.25
    next_values[:-1] = np.where(ends[:-1], next_values[:-1], values[1:])
    got = gae(rewards, values, next_values, ends, discount=0.9, gae_lambda=gae_lambda) + values
    for e in range(3):
        wanted = naive_lambda_return(rewards[:, e], next_values[:, e], ends[:, e], 0.9, gae_lambda)
        np.testing.assert_allclose(got[:, e], wanted, atol=1e-12)


def test_returns_of_each_agent_are_those_of_the_agent_alone() -> None:
    rewards, values, next_values = np.random.default_rng(1).normal(size=(3, 12, 3, 4))
    ends = np.random.default_rng(2).random((12, 3)) < 0.25
    together = gae(rewards, values, next_values, ends[..., None], discount=0.9, gae_lambda=0.7)
    for i in range(4):
        alone = gae(rewards[..., i], values[..., i], next_values[..., i], ends, discount=0.9, gae_lambda=0.7)
        np.testing.assert_array_equal(together[..., i], alone)


def test_truncation_bootstraps_and_termination_does_not() -> None:
    rewards, values, ends = np.ones((2, 2)), np.zeros((2, 2)), np.array([[True, True], [False, False]])
    next_values = np.array([[10.0, 0.0], [5.0, 5.0]])  # environment 0 was truncated, environment 1 terminated
    got = gae(rewards, values, next_values, ends, discount=0.5, gae_lambda=1.0)
    np.testing.assert_allclose(got, [[6.0, 1.0], [3.5, 3.5]])


def test_the_true_value_function_has_no_advantage() -> None:
    T, discount = 6, 0.8
    values = np.array([sum(discount**k for k in range(T - t)) for t in range(T)])[:, None]
    next_values = np.vstack([values[1:], [[0.0]]])
    ends = np.zeros((T, 1), bool)
    ends[-1] = True
    got = gae(np.ones((T, 1)), values, next_values, ends, discount=discount, gae_lambda=0.95)
    np.testing.assert_allclose(got, 0, atol=1e-12)


def test_long_intervals_are_discounted_for_longer() -> None:
    """A semi-Markov decision process by hand: intervals of 1, 3 and 2 ticks."""
    rewards, next_values = np.array([[1.0], [2.0], [4.0]]), np.array([[0.0], [0.0], [8.0]])
    discounts = 0.5 ** np.array([[1.0], [3.0], [2.0]])
    ends = np.zeros((3, 1), bool)
    got = gae(rewards, np.zeros((3, 1)), next_values, ends, discount=discounts, gae_lambda=1.0)
    last = 4 + 8 / 4
    np.testing.assert_allclose(got[:, 0], [1 + 0.5 * (2 + last / 8), 2 + last / 8, last])
    same = np.full((3, 1), 0.9)
    np.testing.assert_array_equal(
        gae(rewards, next_values, next_values, ends, discount=same, gae_lambda=0.7),
        gae(rewards, next_values, next_values, ends, discount=0.9, gae_lambda=0.7),
    )
