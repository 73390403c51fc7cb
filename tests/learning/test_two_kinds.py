# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Two kinds of agents, each with its own learner, find the optimum that they must coordinate on."""

from __future__ import annotations

from typing import Any

import pytest
from trials import Scores, reach, train
from two_kinds_game import TwoKindsPool, two_kinds_reward

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


def reward_of(devices: str, gateways: str, ticks: int, seed: int, *, assigned: bool = False) -> Scores:
    """Of a greedy team that has learned for a number of ticks."""
    names = {"devices": devices, "gateways": gateways}

    def choose(group: str) -> tuple[str, Any]:
        name = names[group]
        return name, registry.find(name).Options(**(OFF_POLICY if name == "maddpg" else ON_POLICY))

    pool = TwoKindsPool(seed=seed, assigned=assigned)
    team = registry.team(pool.spec, choose, seed)
    train(team, pool, seed, ticks)
    return {"reward": two_kinds_reward(team, assigned=assigned)}


@pytest.mark.learning
@pytest.mark.parametrize(
    ("devices", "gateways"), [("imappo", "imappo"), ("ippo", "ippo"), ("imappo", "ippo")]
)
def test_two_kinds_find_what_they_must_agree_on(devices: str, gateways: str) -> None:
    """Optimum 1; with gateways on two lanes, devices at random and the tilt in the middle 0.65."""
    reach(lambda seed: reward_of(devices, gateways, 5120, seed), times=2, of=6, at_least={"reward": 0.85})


@pytest.mark.learning
@pytest.mark.parametrize(("devices", "gateways"), [("maddpg", "maddpg"), ("ippo", "maddpg")])
def test_two_kinds_do_their_parts(devices: str, gateways: str) -> None:
    """Optimum 1; one kind's part pays only if the other does its own. At random 0.1."""
    reach(
        lambda seed: reward_of(devices, gateways, 2560, seed, assigned=True),
        times=2,
        of=6,
        at_least={"reward": 0.7},
    )
