# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Real-valued heads as levels; values, choices and means over branches against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toy_game import toy_spec

from ns3marl.rl.levels import Levels, best, dueling, epsilon_greedy, linear_decay, mean_counting, taken

LEVELS = Levels(toy_spec().groups[0], 4)  # mode of 3, lane of 2, power at 0, 10, 20 and 30 dBm
HEADS = LEVELS.heads


def test_levels_cover_the_range_and_are_said() -> None:
    assert LEVELS.notes == "power 4 levels"
    assert LEVELS.values[0].tolist() == [0, 10, 20, 30]
    assert HEADS.choice_counts == (3, 2, 4)
    assert HEADS.names == ("mode", "lane", "power")
    chosen = np.array([[[1, 1, 3], [1, 0, 1], [0, 1, 2], [1, 1, 0]]])
    asked = np.array([[True, True, True, False]])
    actions = LEVELS.decision(chosen, asked).actions
    assert actions.discrete.tolist() == [[[1, 1], [1, 0], [0, 1], [0, 0]]]
    assert actions.continuous[..., 0].tolist() == [[30, 10, 20, 10]]  # default 10 where not asked
    assert actions.continuous.dtype == np.float32


def test_a_branch_counts_where_its_condition_holds_and_its_agent_is_asked() -> None:
    chosen = torch.tensor([[[1, 0, 0], [0, 1, 3], [2, 1, 1], [1, 1, 1]]])
    asked = torch.tensor([[True, True, True, False]])
    assert LEVELS.counting(chosen, asked).tolist() == [[[1, 1, 1], [1, 0, 0], [1, 1, 1], [0, 0, 0]]]


def test_masks_gain_levels_and_never_forbid_everything() -> None:
    masks = LEVELS.masks(torch.tensor([[1, 1, 0, 1, 1], [0, 0, 0, 0, 1]], dtype=torch.bool))
    assert masks.int().tolist() == [[1, 1, 0, 1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 1, 1, 1, 1, 1]]


def test_advantages_are_centred_over_what_is_allowed() -> None:
    masks = torch.tensor([1, 1, 0, 1, 1, 1, 1, 1, 1], dtype=torch.bool)
    advantages = torch.tensor([1.0, 3.0, 100.0, 0.0, 4.0, 1.0, 2.0, 3.0, 6.0])
    q = dueling(HEADS, torch.tensor([10.0]), advantages, masks)
    assert q.tolist() == [9, 11, 108, 8, 12, 8, 9, 10, 13]
    assert best(HEADS, q, masks).tolist() == [1, 1, 3]
    assert taken(HEADS, q, torch.tensor([0, 1, 2])).tolist() == [9, 12, 10]


def test_means_are_over_the_branches_that_count() -> None:
    values = torch.tensor([[[1.0, 2.0], [3.0, 9.0]], [[5.0, 6.0], [7.0, 8.0]]])
    counting = torch.tensor([[[1.0, 1.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    per_agent = torch.tensor([[-1.0, -2.0], [-3.0, -4.0]])
    assert mean_counting(values, counting, per_agent).tolist() == [[1.5, 3], [-3, -4]]
    states = torch.tensor([0, 0, 2, 2])
    per_state = mean_counting(
        values.flatten(0, 1), counting.flatten(0, 1), torch.tensor([-1.0, -2.0, -3.0]), states
    )
    assert per_state.tolist() == [2, -2, -3]


def test_exploration_is_uniform_over_the_allowed_and_as_frequent_as_asked() -> None:
    masks = torch.tensor([0, 1, 1, 1, 1, 1, 1, 0, 1], dtype=torch.bool).expand(400, 10, 9)
    q = torch.tensor([9.0, 1, 0, 0, 1, 0, 0, 9, 1]).expand(400, 10, 9)
    rngs = [np.random.default_rng(seed) for seed in range(400)]
    chosen = epsilon_greedy(HEADS, q, masks, 0.5, rngs)
    shares = [torch.bincount(chosen[..., d].flatten(), minlength=n) / 4000 for d, n in enumerate((3, 2, 4))]
    assert shares[0].tolist() == pytest.approx([0, 3 / 4, 1 / 4], abs=0.03)
    assert shares[1].tolist() == pytest.approx([1 / 4, 3 / 4], abs=0.03)
    assert shares[2].tolist() == pytest.approx([1 / 6, 1 / 6, 0, 2 / 3], abs=0.03)
    assert epsilon_greedy(HEADS, q, masks, 0.0, rngs).equal(best(HEADS, q, masks))
    alone = epsilon_greedy(HEADS, q[:1], masks[:1], 0.5, [np.random.default_rng(0)])
    assert alone[0].equal(chosen[0])  # a row draws from its own generator alone


def test_decay() -> None:
    assert [linear_decay(1.0, 0.2, x) for x in (0.0, 0.5, 1.0, 7.0)] == pytest.approx([1, 0.6, 0.2, 0.2])
