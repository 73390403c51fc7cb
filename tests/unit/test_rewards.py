# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""What a team is paid."""

from __future__ import annotations

import numpy as np

from ns3marl.rl.rewards import learned_reward, team_reward


def test_every_agent_that_took_part_weighs_the_same() -> None:
    rewards = [
        np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], np.float32),
        np.array([[10.0], [20.0]], np.float32),
    ]
    present = [np.array([[True, True, True], [True, False, False]]), np.array([[True], [True]])]
    np.testing.assert_allclose(team_reward(rewards, present), [16 / 4, 24 / 2])


def test_learning_and_comparison_mean_the_same_reward() -> None:
    rng = np.random.default_rng(1)
    rewards = [rng.normal(size=(6, agents)) for agents in (3, 1, 2)]
    present = [rng.random(reward.shape) < 0.6 for reward in rewards]
    np.testing.assert_array_equal(
        team_reward(rewards, present), learned_reward("team", rewards, present, 0)[:, 0]
    )


def test_nobody_earns_nothing() -> None:
    assert team_reward([np.ones((1, 2))], [np.zeros((1, 2), bool)]).tolist() == [0.0]
