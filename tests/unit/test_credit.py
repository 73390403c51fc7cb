# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The critic of MADDPG."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from toy_game import toy_spec

from ns3marl.rl.credit import CreditCritic
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.networks import Pooling

SPEC = toy_spec()
HEADS = Heads(SPEC.groups[0])
POOLINGS: list[Pooling] = ["mean", "attention"]


def critic(pooling: Pooling = "mean") -> CreditCritic:
    torch.manual_seed(3)
    return CreditCritic(SPEC, HEADS, 16, pooling).double()


def inputs(rows: int = 5) -> tuple[Tensor, list[Tensor], Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator, dtype=torch.float64)

    state = [random(rows, len(block.rows), len(block.features)) for block in SPEC.state]
    encoded, instead = random(rows, 4, HEADS.encoded), random(rows, 4, HEADS.encoded)
    return random(rows, 4, 4), state, encoded, instead, random(rows, 4) < 0.7


@pytest.mark.parametrize("pooling", POOLINGS)
def test_all_replacements_at_once_equal_one_pass_per_agent(pooling: Pooling) -> None:
    network = critic(pooling)
    observations, state, encoded, instead, active = inputs()
    together = network(observations, state, encoded, instead, active)
    for agent in range(4):
        changed = encoded.clone()
        changed[:, agent] = instead[:, agent]
        alone = network(observations, state, changed, instead, active).joint
        assert torch.allclose(together.replaced[:, agent], alone, atol=1e-12)
        asked = active[:, agent]
        assert not torch.isclose(alone, together.joint)[asked].any()
        assert torch.allclose(alone[~asked], together.joint[~asked])


def test_agents_may_come_in_any_order() -> None:
    network, order = critic(), [2, 0, 3, 1]
    observations, state, encoded, instead, active = inputs()
    first = network(observations, state, encoded, instead, active)
    own = [state[0][:, order], *state[1:]]
    second = network(observations[:, order], own, encoded[:, order], instead[:, order], active[:, order])
    assert torch.allclose(first.joint, second.joint)
    assert torch.allclose(first.replaced[:, order], second.replaced)
