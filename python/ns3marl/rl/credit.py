# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The critic of MADDPG: the pooled critic plus one term for each agent's own action."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ns3marl.rl.hybrid import Heads
from ns3marl.rl.networks import fan_in_linear
from ns3marl.rl.pooled import Acts, PooledCritic, Pooling, Read
from ns3marl.rl.seen import Seen
from ns3marl.types import Spec


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

    def forward(self, inputs: Tensor, *encoded: Tensor) -> list[Tensor]:
        """Credits [n] of several actions [n,K] of the same n agents."""
        hidden = self.observe(inputs)
        return [self.credit(hidden + self.act(action)).squeeze(-1) for action in encoded]


class CreditCritic(nn.Module):
    """Q(s, x_1, ..., x_N) = g(pool_j e_j) + sum_j f(o_j, x_j), the sum over the active agents.

    g of the pool is ``PooledCritic``; it models how agents affect each other. In its mean, an agent's action has the weight 1/N and enters
    two layers before the pool. f reads the action undivided and late in the network, so it first learns the action's value on average
    over the others, as a value decomposition does (Sunehag et al., "Value-decomposition networks for cooperative multi-agent learning",
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

    def read(self, seen: Seen) -> Read:
        """Input of the first layers for B states."""
        return self.pooled.read(seen)

    def joint(self, read: Read, acts: Sequence[Acts]) -> Tensor:
        """Q(s, x_1, ..., x_N) of B states, [B].

        Args:
            read: Result of ``read`` for the states.
            acts: x of the active agents, per group.
        """
        added = self._credit_others(read, acts)
        (own,) = self.credit(self._inputs(read, acts, self.group), acts[self.group].encoded)
        added.append(self._sum(read, acts, self.group, own))
        return self.pooled.evaluate_joint(read, acts) + torch.stack(added).sum(0)

    def replaced(self, read: Read, acts: Sequence[Acts], instead: Tensor) -> Tensor:
        """Q with x_i replaced by x'_i, for each of the n active own agents i, [n].

        Args:
            read: Of B states.
            acts: x of the active agents, per group.
            instead: x', [n,K].
        """
        added = self._credit_others(read, acts)
        acting, encoded = acts[self.group]
        before, after = self.credit(self._inputs(read, acts, self.group), encoded, instead)
        added.append(self._sum(read, acts, self.group, before))
        total = torch.stack(added).sum(0)[acting // read.groups[self.group].shape[1]]
        values: Tensor = self.pooled.evaluate_replaced(read, acts, instead) + total - before + after
        return values

    def _credit_others(self, read: Read, acts: Sequence[Acts]) -> list[Tensor]:
        """What the actions of every other group add, [B] each."""
        return [
            self._sum(read, acts, g, *credit(self._inputs(read, acts, g), acts[g].encoded))
            for g, credit in zip(self._others, self.credit_others, strict=True)
        ]

    @staticmethod
    def _inputs(read: Read, acts: Sequence[Acts], group: int) -> Tensor:
        """What f reads of the active agents of a group beside their actions, [n,I]."""
        return read.groups[group].flatten(0, 1)[acts[group].acting]

    @staticmethod
    def _sum(read: Read, acts: Sequence[Acts], group: int, added: Tensor) -> Tensor:
        """Sum over each state's agents of what their actions add [n], [B]."""
        batch, agents, _ = read.groups[group].shape
        return added.new_zeros(batch).index_add(0, acts[group].acting // agents, added)
