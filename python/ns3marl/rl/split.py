# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The critic of every agent's own return, which also estimates the effect of an agent's action on the others.

Axes as in ``pooled``; C choices of all discrete heads, D discrete heads.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ns3marl.rl.hybrid import Heads
from ns3marl.rl.pooled import Acted, Acts, CriticValues, PooledCritic, Pooling, Read, ValueHead
from ns3marl.types import Spec


class SplitCritic(PooledCritic):
    """Values of each own agent's return: of the joint action, of all counterfactual marginals at once, and of the state alone.

    Agents affect each other if they make the same choice, such as a channel or a server. So beside the pool of all agents there is one for
    each choice c,
    P_c = n/A sum_j x_jc e_j, where x_jc says whether agent j took it (n choices of that head, A agents), and

        Q_i = g(pool, e_i, sum_c x_ic P_c of each head)

    In V_i(s^-i), agent i's marginal replaces its action everywhere, so V_i(s^-i) does not depend on a_i: it is a baseline of agent i's
    own return that leaves the policy gradient unbiased (``PooledCritic``).

    Arguments as of ``PooledCritic``.
    """

    def __init__(self, spec: Spec, group: int, width: int, pooling: Pooling) -> None:
        super().__init__(spec, group, width, pooling)
        self.counts = list(Heads(spec.groups[group]).choice_counts)
        self.choices = sum(self.counts)
        self.size = len(spec.groups[group].agents)

    def evaluate(self, read: Read, acts: Sequence[Acts], moments: Tensor) -> CriticValues:
        """See ``PooledCritic.evaluate``; Q and V are [B,A]."""
        acted, (acting, encoded) = self._act(read, acts, moments), acts[self.group]
        taken, chosen, pools = self._choose(acted, acting, encoded)
        hidden, shown = self._hidden(acted, taken, chosen, pools)
        joint = self._value(self.value_joint, hidden)
        # The pools that agent i reads by its marginal, with its marginal in the place of its action.
        by_pool, by_self, by_choice = self._weights()
        corrections = [
            (n / self.size)
            * ((m * m).sum(-1, keepdim=True) * acted.marginal - (m * x).sum(-1, keepdim=True) * acted.own)
            for m, x, n in self._by_head(moments, encoded)
        ]
        parts = [acted.without, acted.marginal, *corrections]
        instead = nn.functional.linear(torch.cat(parts, -1), torch.cat([by_pool, by_self, *by_choice], -1))
        reads = (self._spread_out(moments, acting, taken) @ shown).flatten(0, 1)[acting]
        bias = self._bias(self.value_joint, acted.context)[acted.states]
        counterfactual = self._value(self.value_joint, instead + reads + bias)
        baselines = joint.flatten().index_copy(0, acting, counterfactual).view(joint.shape)
        return CriticValues(joint, baselines, self._state_of(acted.unseen, acted.unknown, acted.context))

    @torch.no_grad()
    def effects(self, read: Read, acts: Sequence[Acts], moments: Tensor) -> Tensor:
        """The effect of each agent's action on the others, sum over j != i of Q_j(s, a) - Q_j(s, a^-i), [B,A]; 0 of agents without action.

        a^-i has agent i's marginal in the place of its action. Arguments as of ``evaluate``.
        """
        acted, (acting, encoded) = self._act(read, acts, moments), acts[self.group]
        taken, chosen, pools = self._choose(acted, acting, encoded)
        hidden, _ = self._hidden(acted, taken, chosen, pools)  # linear in the pools
        by_pool, _, by_choice = self._weights()
        moved = [
            (n / self.size)
            * (
                m[..., None] * nn.functional.linear(acted.marginal, weight)[:, None]
                - x[..., None] * nn.functional.linear(acted.own, weight)[:, None]
            )
            for (m, x, n), weight in zip(self._by_head(moments, encoded), by_choice, strict=True)
        ]  # per head what the hidden units of those who read a choice's pool gain, [n,choices,W]
        everyone = nn.functional.linear(acted.without - acted.pool[acted.states], by_pool)
        gained = torch.baddbmm(everyone[:, None], chosen[acted.states], torch.cat(moved, 1))  # [n,A,W]
        before = self._value(self.value_joint, hidden)[acted.states]
        lost = before - self._value(self.value_joint, gained.add_(hidden[acted.states]))  # [n,A]
        lost.scatter_(1, (acting % self.size)[:, None], 0.0)
        if read.present is not None:
            lost = lost * read.present[self.group][acted.states]
        found: Tensor = lost.new_zeros(taken.shape[:2]).flatten().index_copy(0, acting, lost.sum(1))
        return found.view(taken.shape[:2])

    def _choose(self, acted: Acted, acting: Tensor, encoded: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings with the actions taken [B,A,W], which choices these are [B,A,C], and the pools of all choices [B,C,W]."""
        batch, agents, width = acted.unknown.shape
        taken = acted.unknown.flatten(0, 1).index_copy(0, acting, acted.own).view(batch, agents, width)
        chosen = self._spread_out(encoded, acting, taken)
        spread = torch.cat([taken.new_full((n, 1), n / self.size) for n in self.counts])
        return taken, chosen, (chosen.transpose(1, 2) @ taken) * spread

    def _spread_out(self, encoded: Tensor, acting: Tensor, like: Tensor) -> Tensor:
        """Choices of the n active agents [n,K] in their places among all, [B,A,C]; zeros of the others."""
        batch, agents, _ = like.shape
        everyone = like.new_zeros(batch * agents, self.choices)
        return everyone.index_copy(0, acting, encoded[:, : self.choices]).view(batch, agents, -1)

    def _by_head(self, moments: Tensor, encoded: Tensor) -> list[tuple[Tensor, Tensor, int]]:
        """Per discrete head the marginal's probabilities and the one-hots of the choices taken, [n,choices] each, and how many these are."""
        m, x = (torch.split(part[:, : self.choices], self.counts, -1) for part in (moments, encoded))
        return list(zip(m, x, self.counts, strict=True))

    def _weights(self) -> tuple[Tensor, Tensor, list[Tensor]]:
        """By which g reads the pool, the agent's own embedding, and the pools of its choices of each head, [W,W] each."""
        weight = self.value_joint.from_pool.weight
        by_pool, by_self, *by_choice = torch.split(weight, weight.shape[0], -1)
        return by_pool, by_self, by_choice

    def _hidden(self, acted: Acted, taken: Tensor, chosen: Tensor, pools: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden units of g for every agent [B,A,W], and what the pools of choices show them [B,C,W]."""
        by_pool, by_self, by_choice = self._weights()
        shown = torch.cat(
            [
                nn.functional.linear(part, weight)
                for part, weight in zip(torch.split(pools, self.counts, 1), by_choice, strict=True)
            ],
            1,
        )
        of_state = nn.functional.linear(acted.pool, by_pool) + self._bias(self.value_joint, acted.context)
        return nn.functional.linear(taken, by_self) + of_state[:, None] + chosen @ shown, shown

    @staticmethod
    def _bias(head: ValueHead, context: Tensor) -> Tensor:
        """What the hidden units of all agents of a state have in common beside the pool, [B,W]."""
        bias: Tensor = head.from_pool.bias.expand(len(context), -1)
        return bias if head.from_context is None else bias + head.from_context(context)

    @staticmethod
    def _value(head: ValueHead, hidden: Tensor) -> Tensor:
        """Values [...] of hidden units [...,W]."""
        value: Tensor = head.value(hidden)
        return value.squeeze(-1).to(head.from_pool.weight.dtype)

    @staticmethod
    def _read_by_joint(spec: Spec, group: int, width: int) -> int:
        return width * (2 + len(spec.groups[group].discrete_heads))

    @staticmethod
    def _read_by_state(width: int) -> int:
        return 2 * width

    def _state_of(self, pool: Tensor, embedded: Tensor, context: Tensor) -> Tensor:
        by_pool, by_self = self.value_state.from_pool.weight.tensor_split(2, -1)
        of_state = nn.functional.linear(pool, by_pool) + self._bias(self.value_state, context)
        return self._value(self.value_state, nn.functional.linear(embedded, by_self) + of_state[:, None])
