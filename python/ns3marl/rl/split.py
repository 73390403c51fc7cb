# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The critic of every agent's own return, which also tells what an agent's action does to the others.

Axes as in ``pooled``; C choices of all discrete heads, D discrete heads.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ns3marl.rl.hybrid import Heads
from ns3marl.rl.pooled import Acted, Acts, CriticValues, PooledCritic, Pooling, Read
from ns3marl.types import Spec


class SplitCritic(PooledCritic):
    """Values of each own agent's return: of the joint action, of all counterfactual marginals at once, and of the state alone.

    Agents meet where they choose the same, such as a channel or a server. So beside the pool of all agents there is one for each choice c,
    P_c = n/A sum_j x_jc e_j, where x_jc says whether agent j took it (n choices of that head, A agents), and

        Q_i = g(pool, e_i, sum_c x_ic P_c of each head)

    V_i(s^-i) has agent i's marginal wherever its action would stand, so a_i is nowhere in it: it is a baseline of agent i's own return
    that leaves the policy gradient unbiased (``PooledCritic``).

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
        joint = self._joint(acted, taken, chosen, pools)
        # The pools that agent i reads by its marginal, with its marginal in the place of its action.
        parts = [
            torch.split(part, self.counts, -1)
            for part in (moments[:, : self.choices], encoded[:, : self.choices])
        ]
        reads = self._reads(moments[:, None, : self.choices], pools[acted.states])[:, 0]
        corrections = [
            (n / self.size)
            * ((m * m).sum(-1, keepdim=True) * acted.marginal - (m * x).sum(-1, keepdim=True) * acted.own)
            for m, x, n in zip(*parts, self.counts, strict=True)
        ]
        without = torch.cat([acted.without, acted.marginal, reads + torch.cat(corrections, -1)], -1)
        counterfactual = self.value_joint(without, acted.context, acted.states)
        baselines = joint.flatten().index_copy(0, acting, counterfactual).view(joint.shape)
        return CriticValues(joint, baselines, self._state_of(acted.unseen, acted.unknown, acted.context))

    @torch.no_grad()
    def effects(self, read: Read, acts: Sequence[Acts], moments: Tensor) -> Tensor:
        """What each agent's action does to the others, sum over j != i of Q_j(s, a) - Q_j(s, a^-i), [B,A]; 0 of agents without action.

        a^-i has agent i's marginal in the place of its action. Arguments as of ``evaluate``.
        """
        acted, (acting, encoded) = self._act(read, acts, moments), acts[self.group]
        taken, chosen, pools = self._choose(acted, acting, encoded)
        head, width = self.value_joint, taken.shape[-1]
        hidden = head.from_pool(self._rows(acted, taken, chosen, pools))  # [B,A,W], linear in the pools
        if head.from_context is not None:
            hidden = hidden + head.from_context(acted.context)[:, None]
        by_pool, _, *by_read = torch.split(head.from_pool.weight, width, -1)
        parts = [
            torch.split(part, self.counts, -1)
            for part in (moments[:, : self.choices], encoded[:, : self.choices])
        ]
        moved = [
            (n / self.size)
            * (
                m[..., None] * nn.functional.linear(acted.marginal, weight)[:, None]
                - x[..., None] * nn.functional.linear(acted.own, weight)[:, None]
            )
            for m, x, weight, n in zip(*parts, by_read, self.counts, strict=True)
        ]  # per head what the hidden units of those who read a choice's pool gain, [n,choices,W]
        everyone = nn.functional.linear(acted.without - acted.pool[acted.states], by_pool)
        after = (
            hidden[acted.states] + everyone[:, None] + chosen[acted.states] @ torch.cat(moved, 1)
        )  # [n,A,W]
        lost = head.value(hidden).squeeze(-1)[acted.states] - head.value(after).squeeze(-1)  # [n,A]
        lost.scatter_(1, (acting % self.size)[:, None], 0.0)
        if read.present is not None:
            lost = lost * read.present[self.group][acted.states]
        found: Tensor = lost.new_zeros(taken.shape[:2]).flatten().index_copy(0, acting, lost.sum(1))
        return found.view(taken.shape[:2])

    def _choose(self, acted: Acted, acting: Tensor, encoded: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings with the actions taken [B,A,W], which choices these are [B,A,C], and the pools of all choices [B,C,W]."""
        batch, agents, width = acted.unknown.shape
        taken = acted.unknown.flatten(0, 1).index_copy(0, acting, acted.own).view(batch, agents, width)
        chosen = taken.new_zeros(batch * agents, self.choices)
        chosen = chosen.index_copy(0, acting, encoded[:, : self.choices]).view(batch, agents, -1)
        spread = torch.cat([taken.new_full((n, 1), n / self.size) for n in self.counts])
        return taken, chosen, (chosen.transpose(1, 2) @ taken) * spread

    def _reads(self, chosen: Tensor, pools: Tensor) -> Tensor:
        """What agents read of the pools of their choices, [B,A,D W]."""
        parts = zip(torch.split(chosen, self.counts, -1), torch.split(pools, self.counts, 1), strict=True)
        return torch.cat([x @ pool for x, pool in parts], -1)

    def _rows(self, acted: Acted, taken: Tensor, chosen: Tensor, pools: Tensor) -> Tensor:
        """What g reads of every agent beside the context, [B,A,...]."""
        return torch.cat([acted.pool[:, None].expand_as(taken), taken, self._reads(chosen, pools)], -1)

    def _joint(self, acted: Acted, taken: Tensor, chosen: Tensor, pools: Tensor) -> Tensor:
        rows = self._rows(acted, taken, chosen, pools)
        return self._of_agents(self.value_joint, rows, acted.context)

    @staticmethod
    def _of_agents(head: nn.Module, rows: Tensor, context: Tensor) -> Tensor:
        """Values [B,A] of rows [B,A,...]."""
        batch, agents, _ = rows.shape
        states = torch.arange(batch, device=rows.device).repeat_interleave(agents)
        values: Tensor = head(rows.flatten(0, 1), context, states)
        return values.view(batch, agents)

    @staticmethod
    def _read_by_joint(spec: Spec, group: int, width: int) -> int:
        return width * (2 + len(spec.groups[group].discrete_heads))

    @staticmethod
    def _read_by_state(width: int) -> int:
        return 2 * width

    def _state_of(self, pool: Tensor, embedded: Tensor, context: Tensor) -> Tensor:
        rows = torch.cat([pool[:, None].expand_as(embedded), embedded], -1)
        return self._of_agents(self.value_state, rows, context)
