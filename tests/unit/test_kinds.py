# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The benchmark of two kinds of agents: what it makes of results."""

from __future__ import annotations

from typing import Any

import kinds
import pytest


def results(builtin: float) -> dict[str, Any]:
    rewards = {"imappo": 3.0, "builtin": builtin, "random": -1.0}
    return {
        "policies": [{"name": name} for name in rewards],
        "summary": {name: {"reward_per_tick": {"mean": reward}} for name, reward in rewards.items()},
    }


def test_rewards_are_relative_to_the_scenario_s_own_policy() -> None:
    assert kinds.shares_of_yardstick(results(2.0)) == {"imappo": 150.0, "random": -50.0}


def test_nothing_is_relative_to_a_yardstick_that_earns_nothing() -> None:
    with pytest.raises(ValueError, match="'builtin' earns -2 per tick on edge-cloud"):
        kinds.shares_of_yardstick(results(-2.0))
