# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Two kinds of agents, each with its own learner, find the optimum that they must coordinate on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from two_kinds_game import TwoKindsPool, learn, two_kinds_reward

from ns3marl.algorithms import registry

ON_POLICY: dict[str, Any] = {
    "discount": 0.0,  # no tick has to do with the next
    "rollout_ticks": 32,
    "actor_lr": 3e-3,
    "critic_lr": 3e-3,
    "target_kl": 0.03,
    "entropy_discrete": 0.02,
}
OFF_POLICY: dict[str, Any] = {
    "discount": 0.0,
    "warmup_ticks": 800,
    "ticks_per_step": 4,
    "noise_ticks": 2000,
    "actor_lr": 2e-3,
    "critic_lr": 2e-3,
}


@pytest.mark.learning
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("devices", "gateways"),
    [("imappo", "imappo"), ("ippo", "ippo"), ("maddpg", "maddpg"), ("imappo", "maddpg")],
)
def test_two_kinds_coordinate(devices: str, gateways: str) -> None:
    """1 at best; with gateways on two lanes, but devices and tilts at random, about 0.5."""
    torch.set_num_threads(1)
    names = {"devices": devices, "gateways": gateways}

    def choose(group: str) -> tuple[str, Any]:
        name = names[group]
        options = OFF_POLICY if name == "maddpg" else ON_POLICY
        return name, registry.find(name).Options(**options)

    rewards = []
    for seed in (1, 2, 3):
        pool = TwoKindsPool(seed=seed)
        team = registry.team(pool.spec, choose, seed)
        learn(team, pool, 7680)
        rewards.append(two_kinds_reward(team))
    assert np.median(rewards) > 0.85, rewards
