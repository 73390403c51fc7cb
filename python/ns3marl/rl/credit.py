# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The critic of MADDPG: the pooled one, and beside it what each agent's own action adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn

from ns3marl.rl.hybrid import Heads
from ns3marl.rl.networks import fan_in_linear
from ns3marl.rl.pooled import PooledCritic, Pooling
from ns3marl.rl.seen import Seen
from ns3marl.types import Spec


class JointValues(NamedTuple):
    """Values of B states."""

    joint: Tensor  #: [B] Q(s, x_1, ..., x_N)
    replaced: Tensor  #: [B,A] Q with x_i replaced by x'_i, for an own agent that was active


class _Credit(nn.Module):
    """f: what an agent's own action adds."""

    def __init__(self, inputs: int, encoded: int, width: int) -> None:
        super().__init__()
        self.observe = nn.Sequential(
            fan_in_linear(inputs, width),
            nn.ReLU(),
            fan_in_linear(width, width),
            nn.ReLU(),
            fan_in_linear(width, width),
        )
        self.act = fan_in_linear(encoded, width)
        self.credit = nn.Sequential(nn.ReLU(), fan_in_linear(width, 1))

    def forward(self, inputs: Tensor, encoded: Sequence[Tensor], active: Tensor) -> list[Tensor]:
        """Credits [B,A] of several actions [B,A,K] of the same agents; 0 for inactive ones."""
        hidden = self.observe(inputs)
        return [self.credit(hidden + self.act(action)).squeeze(-1) * active for action in encoded]


class CreditCritic(nn.Module):
    """Q(s, x_1, ..., x_N) = g(pool_j e_j) + sum_j f(o_j, x_j), the sum over the active agents.

    g of the pool is ``PooledCritic``, for what agents do to each other. In its mean an agent's action is one Nth, and enters two
    layers before the pool; f sees it undivided and late, and so learns first what an action is worth on average over the
    others, as a value decomposition does (Sunehag et al., "Value-decomposition networks for cooperative multi-agent learning",
    AAMAS 2018). Every group of agents has an f of its own. Both serve any number and order of agents.

    Args:
        spec: The scenario's spec.
        group: Number of the own group.
        width: W, units per hidden layer.
        pooling: Of the pooled part.
    """

    def __init__(self, spec: Spec, group: int, width: int, pooling: Pooling) -> None:
        super().__init__()
        self.group = group
        self.pooled = PooledCritic(spec, group, width, pooling)
        inputs = [
            len(one.features) + sum(len(spec.state[b].features) for b in about)
            for one, about in zip(spec.groups, self.pooled.about, strict=True)
        ]
        encoded = [Heads(one).encoded for one in spec.groups]
        self.credit = _Credit(inputs[group], encoded[group], width)
        self.credit_others = nn.ModuleList(
            _Credit(inputs[g], encoded[g], width) for g in self.pooled.others if encoded[g]
        )
        self._others = [g for g in self.pooled.others if encoded[g]]

    def forward(self, seen: Seen, encoded: Sequence[Tensor], instead: Tensor) -> JointValues:
        """Values of B states.

        Args:
            seen: The states.
            encoded: Joint action x, per group [B,A,K]; ignored where an agent was not active.
            instead: What takes x_i's place in the own group, x', [B,A,K]; likewise.
        """
        pooled = self.pooled(seen, encoded, instead)
        inputs = self.pooled.read(seen).groups
        before, after = self.credit(
            inputs[self.group], (encoded[self.group], instead), seen.groups[self.group].active
        )
        total = before.sum(1)
        for g, credit in zip(self._others, self.credit_others, strict=True):
            total = total + credit(inputs[g], (encoded[g],), seen.groups[g].active)[0].sum(1)
        return JointValues(pooled.joint + total, pooled.baselines + total[:, None] - before + after)
