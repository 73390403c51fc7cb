# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The critic of MADDPG: the pooled one, and beside it what each agent's own action adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn

from ns3marl.rl.hybrid import Heads
from ns3marl.rl.networks import PooledCritic, Pooling, fan_in_linear
from ns3marl.types import Spec


class JointValues(NamedTuple):
    """What the critic says of B states."""

    joint: Tensor  #: [B] Q(s, x_1, ..., x_N)
    replaced: Tensor  #: [B,A] Q with x_i replaced by x'_i, for an agent that was asked


class CreditCritic(nn.Module):
    """Q(s, x_1, ..., x_N) = g(pool_j e_j) + sum_j f(o_j, x_j), the sum over the agents that were asked to act.

    g of the pool is ``PooledCritic``, for what agents do to each other. In its mean an agent's action is one Nth, and enters two
    layers before the pool; f sees it undivided and late, and so learns first what an action is worth on average over the
    others, as a value decomposition does (Sunehag et al., "Value-decomposition networks for cooperative multi-agent learning",
    AAMAS 2018). Both serve any number and order of agents.

    Args:
        spec: The scenario's spec, with one group.
        heads: The layout of the action heads.
        width: W, units per hidden layer.
        pooling: Of the pooled part.
    """

    def __init__(self, spec: Spec, heads: Heads, width: int, pooling: Pooling) -> None:
        super().__init__()
        self.pooled = PooledCritic(spec, heads, width, pooling)
        group = spec.groups[0]
        inputs = len(group.features) + sum(len(spec.state[b].features) for b in self.pooled.own_blocks)
        self.observe = nn.Sequential(
            fan_in_linear(inputs, width),
            nn.ReLU(),
            fan_in_linear(width, width),
            nn.ReLU(),
            fan_in_linear(width, width),
        )
        self.act = fan_in_linear(heads.encoded, width)
        self.credit = nn.Sequential(nn.ReLU(), fan_in_linear(width, 1))

    def forward(
        self, observations: Tensor, state: Sequence[Tensor], encoded: Tensor, instead: Tensor, active: Tensor
    ) -> JointValues:
        """Values of B states.

        Args:
            observations: [B,A,F] in the features' units.
            state: Per state block [B,S,F].
            encoded: Joint action x, [B,A,K]; ignored where an agent was not asked to act.
            instead: What takes x_i's place, x', [B,A,K]; likewise.
            active: Who was asked to act, [B,A].
        """
        pooled = self.pooled(observations, state, encoded, instead, active)
        own, *_ = self.pooled.read(observations, state)
        hidden = self.observe(own)
        before, after = (
            self.credit(hidden + self.act(action)).squeeze(-1) * active for action in (encoded, instead)
        )
        total = before.sum(1)
        return JointValues(pooled.joint + total, pooled.baselines + total[:, None] - before + after)
