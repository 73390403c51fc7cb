# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The pooled critic, which reads actions.

Axes as in ``hybrid``: A agents, F features, K entries of an encoded action; B states, P entries of a pool, W is the width of hidden layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from ns3marl.rl.hybrid import Heads
from ns3marl.rl.networks import linear, pad_rows
from ns3marl.rl.normalise import BoundsScaler
from ns3marl.rl.seen import Seen
from ns3marl.rl.tanh import Tanh
from ns3marl.types import Spec

Pooling = Literal["mean", "attention"]


class CriticValues(NamedTuple):
    """Values of B states, in normalised units; Q and V of one return for all agents, or [B,A] of every agent's own return."""

    joint: Tensor  #: [B] or [B,A] Q(s, a): the value of the joint action taken
    baselines: (
        Tensor  #: [B,A] V(s^-i): agent i's action replaced by its marginal, Q for an agent without action
    )
    state: Tensor  #: [B] or [B,A] V(s): no action known


class ValueHead(nn.Module):
    """g: the value of a pool in its context, by one hidden layer; contexts that several pools share are read once."""

    def __init__(self, pooled: int, context: int, width: int) -> None:
        super().__init__()
        self.from_pool = linear(pooled, width)
        self.from_context = linear(context, width) if context else None
        self.value = nn.Sequential(Tanh(), linear(width, 1, 1.0))

    def forward(self, pooled: Tensor, context: Tensor, states: Tensor | None = None) -> Tensor:
        """Values [n] of pools [n,P] in contexts [n,C], or ``context[states]`` if these are given."""
        hidden = self.from_pool(pooled)
        if self.from_context is not None:
            seen = self.from_context(context)
            hidden = hidden + (seen if states is None else seen[states])
        value: Tensor = self.value(hidden)
        return value.squeeze(-1).to(self.from_pool.weight.dtype)


class Read(NamedTuple):
    """Scaled input of the critic's first layers for B states."""

    groups: list[Tensor]  #: per group [B,A,I]: observations, and the rows of state blocks about these agents
    blocks: list[Tensor]  #: per block that is not about agents [B,S,F]
    present: list[Tensor] | None  #: per group [B,A] which agents take part; None: all

    def rows(self, rows: Tensor) -> Read:
        """Some of the states, by number."""
        groups, blocks = (
            [part.index_select(0, rows) for part in parts] for parts in (self.groups, self.blocks)
        )
        present = self.present
        return Read(groups, blocks, None if present is None else [part[rows] for part in present])


class Acted(NamedTuple):
    """Embeddings of B states and their n active agents."""

    unknown: Tensor  #: [B,A,W] embeddings of the own agents without their actions
    own: Tensor  #: [n,W] with the action taken
    marginal: Tensor  #: [n,W] with the marginal in its place
    states: Tensor  #: [n] the state of each of them
    unseen: Tensor  #: [B,W] the pool without actions
    pool: Tensor  #: [B,W] with all actions
    without: Tensor  #: [n,W] with the marginal in the place of this agent's action
    context: Tensor  #: [B,W x blocks]


class Acts(NamedTuple):
    """Actions of the n active agents of a group in B states."""

    acting: Tensor  #: [n] their numbers among all B x A
    encoded: Tensor  #: [n,K] their actions, see ``Heads.encode``


def numbers(active: Tensor) -> Tensor:
    """The numbers [n] of the active agents [B,A] among all B x A."""
    return active.flatten().nonzero().squeeze(-1)


class PooledCritic(nn.Module):
    """Values of the joint action, of all A counterfactual marginals at once, and of the state alone.

    e_i = phi(h(o_i) + W act_i), Q = g(pool_i e_i), V(s^-i) = g(pool with e_i replaced by phi(h(o_i) + W act'_i)),
    where act_i is the encoded action and act'_i its expectation under i's policy (``HybridDistribution.moments``).
    h and W are linear. V(s^-i) does not depend on a_i, so it is a baseline that leaves the policy gradient unbiased (Foerster et al.,
    "Counterfactual multi-agent policy gradients", AAAI 2018). Pooling makes the critic independent of the agents'
    order and number. V(s) is a head of its own on the pool of phi(h(o_i)).

    The pool is over the agents of all groups: each group has an h and a W of its own, phi and g serve all. Baselines are those of
    the own group's agents; the actions of other groups are as taken. Agents that are not present are not in the pool.

    State blocks whose rows are a group's agents (``StateBlock.agents_of``) extend the input of its h, row by row; rows of other
    blocks are embedded and averaged, and join the input of g.

    Args:
        spec: The scenario's spec.
        group: Number of the own group.
        width: W.
        pooling: "mean", or "attention" with one learned query.
    """

    def __init__(self, spec: Spec, group: int, width: int, pooling: Pooling) -> None:
        super().__init__()
        self.group = group
        self.others = [g for g in range(len(spec.groups)) if g != group]
        self.agents = sum(len(one.agents) for one in spec.groups)
        self.about = [
            [b for b, block in enumerate(spec.state) if block.agents_of == g] for g in range(len(spec.groups))
        ]  #: per group: blocks about its agents
        self.other_blocks = [b for b, block in enumerate(spec.state) if block.agents_of is None]
        self.scalers = nn.ModuleList(BoundsScaler(one.bounds) for one in spec.groups)
        self.block_scalers = nn.ModuleList(BoundsScaler(block.bounds) for block in spec.state)
        inputs = [
            len(one.features) + sum(len(spec.state[b].features) for b in self.about[g])
            for g, one in enumerate(spec.groups)
        ]
        encoded = [Heads(one).encoded for one in spec.groups]
        self.observe = linear(inputs[group], width)
        self.act = _action_layer(encoded[group], width)
        self.embed = nn.Sequential(Tanh(), linear(width, width), Tanh())
        self.attend = linear(width, 1) if pooling == "attention" else None
        self.rows = nn.ModuleList(
            nn.Sequential(linear(len(spec.state[b].features), width), Tanh()) for b in self.other_blocks
        )
        context = width * len(self.other_blocks)
        self.value_joint = ValueHead(self._read_by_joint(spec, group, width), context, width)
        self.value_state = ValueHead(self._read_by_state(width), context, width)
        self.observe_others = nn.ModuleList(linear(inputs[g], width) for g in self.others)
        self.act_others = nn.ModuleList(_action_layer(encoded[g], width) for g in self.others)

    def forward(self, seen: Seen, encoded: Sequence[Tensor], moments: Tensor) -> CriticValues:
        """Values of B states.

        Args:
            seen: The states.
            encoded: Joint action taken, per group [B,A,K]; ignored where an agent was not active.
            moments: Marginal of each own agent, [B,A,K]; likewise.
        """
        acts = []
        for group, actions in zip(seen.groups, encoded, strict=True):
            acting = numbers(group.active)
            acts.append(Acts(acting, actions.flatten(0, 1)[acting]))
        marginals = moments.flatten(0, 1)[acts[self.group].acting]
        return self.evaluate(self.read(seen), acts, marginals)

    def state_value(self, seen: Seen) -> Tensor:
        """V(s) alone, [B] or [B,A]."""
        return self.evaluate_state(self.read(seen))

    def evaluate_state(self, read: Read) -> Tensor:
        """As ``state_value``, from what ``read`` gave."""
        embedded = self._embed(self.observe(read.groups[self.group]))
        unseen, _ = self._sum_others(read, None)
        pool = self._pool(self._total(self._share(embedded), read, self.group, unseen), read)
        return self._state_of(pool, embedded, self._context(read))

    def read(self, seen: Seen) -> Read:
        """Input of the first layers for B states."""
        scaled = [scale(block) for scale, block in zip(self.block_scalers, seen.state, strict=True)]
        groups = [
            torch.cat([scale(group.observations), *(scaled[b] for b in about)], -1)
            for scale, group, about in zip(self.scalers, seen.groups, self.about, strict=True)
        ]
        everybody = all(bool(group.present.all()) for group in seen.groups)
        present = None if everybody else [group.present for group in seen.groups]
        return Read(groups, [scaled[b] for b in self.other_blocks], present)

    def evaluate(self, read: Read, acts: Sequence[Acts], moments: Tensor) -> CriticValues:
        """As ``forward``, from what ``read`` gave.

        Args:
            read: Of B states.
            acts: The actions of every group.
            moments: Marginals of the own group's active agents, [n,K].
        """
        acted, (acting, _) = self._act(read, acts, moments), acts[self.group]
        batch, agents, _ = acted.unknown.shape
        joint = self.value_joint(acted.pool, acted.context)
        counterfactual = self.value_joint(acted.without, acted.context, acted.states)
        everyone = joint[:, None].expand(batch, agents)
        baselines = everyone.flatten().index_copy(0, acting, counterfactual).view(batch, agents)
        return CriticValues(joint, baselines, self._state_of(acted.unseen, acted.unknown, acted.context))

    def _act(self, read: Read, acts: Sequence[Acts], moments: Tensor) -> Acted:
        """Embeddings and pools; arguments as of ``evaluate``."""
        acting, encoded = acts[self.group]
        hidden = self.observe(read.groups[self.group])
        unknown = self._embed(hidden)
        states = acting // hidden.shape[1]  # where each of them stands
        n, padded = len(acting), pad_rows(acting)
        both = nn.functional.pad(torch.stack([encoded, moments]), (0, 1), value=1.0)  # was active
        both = nn.functional.pad(both, (0, 0, 0, len(padded) - n))
        own, marginal = self._embed(hidden.flatten(0, 1)[padded] + self.act(both))[:, :n].unbind()
        before, after, instead = (self._share(e) for e in (unknown, own, marginal))
        others_unseen, others_taken = self._sum_others(read, acts)
        unseen = self._total(before, read, self.group, others_unseen)  # [B,P]
        total = unseen.index_add(0, states, after - before.flatten(0, 1)[acting])
        if others_taken is not None:
            total = total + others_taken
        pool = self._pool(total, read)
        without = self._pool(total[states] - after + instead, read, states)
        return Acted(
            unknown, own, marginal, states, self._pool(unseen, read), pool, without, self._context(read)
        )

    def evaluate_joint(self, read: Read, acts: Sequence[Acts]) -> Tensor:
        """Q(s, a) alone, [B], of one return for all agents; arguments as of ``evaluate``."""
        _, _, total = self._taken(read, acts)
        value: Tensor = self.value_joint(self._pool(total, read), self._context(read))
        return value

    def evaluate_replaced(self, read: Read, acts: Sequence[Acts], instead: Tensor) -> Tensor:
        """Q(s, a) with the action of each own agent that was active replaced in turn, [n], of one return for all agents.

        Args:
            read: Of B states.
            acts: The actions of every group.
            instead: The replacement of each action, [n,K].
        """
        acting = acts[self.group].acting
        hidden, taken, total = self._taken(read, acts)
        states = acting // hidden.shape[1]
        changed = self._embed(hidden.flatten(0, 1)[acting] + self._action(self.act, instead))
        other = total[states] - self._share(taken.flatten(0, 1)[acting]) + self._share(changed)
        value: Tensor = self.value_joint(self._pool(other, read, states), self._context(read), states)
        return value

    def _taken(self, read: Read, acts: Sequence[Acts]) -> tuple[Tensor, Tensor, Tensor]:
        """Of the own agents what their observations say and their embeddings with the actions taken, [B,A,W]; the sum over all groups [B,P]."""
        own: tuple[Tensor, Tensor] | None = None
        total: Tensor | None = None
        layers = [(self.observe, self.act), *zip(self.observe_others, self.act_others, strict=True)]
        for g, (observe, act) in zip([self.group, *self.others], layers, strict=True):
            hidden, (acting, encoded) = observe(read.groups[g]), acts[g]
            with_actions = hidden.flatten(0, 1).index_add(0, acting, self._action(act, encoded))
            taken = self._embed(with_actions.view_as(hidden))
            own = own or (hidden, taken)
            total = self._total(self._share(taken), read, g, total)
        assert own is not None
        assert total is not None
        return *own, total

    @staticmethod
    def _action(act: nn.Module, encoded: Tensor) -> Tensor:
        """What actions [n,K] add to hidden units, [n,W]."""
        added: Tensor = act(nn.functional.pad(encoded, (0, 1), value=1.0))  # was active
        return added

    def _context(self, read: Read) -> Tensor:
        """The embedding of the blocks that are not about agents, [B,W x blocks]."""
        rows = [embed(block).mean(-2) for embed, block in zip(self.rows, read.blocks, strict=True)]
        own = read.groups[self.group]
        return torch.cat(rows, -1) if rows else own.new_zeros(own.shape[0], 0)

    def _sum_others(self, read: Read, acts: Sequence[Acts] | None) -> tuple[Tensor | None, Tensor | None]:
        """What the agents of all other groups add to the pool's sum, [B,P]: without their actions, and what these change."""
        unseen: Tensor | None = None
        change: Tensor | None = None
        for g, observe, act in zip(self.others, self.observe_others, self.act_others, strict=True):
            hidden = observe(read.groups[g])
            before = self._share(self._embed(hidden))
            unseen = self._total(before, read, g, unseen)
            if acts is None:
                continue
            acting, encoded = acts[g]
            n, padded = len(acting), pad_rows(acting)
            action = nn.functional.pad(encoded, (0, 1, 0, len(padded) - n), value=1.0)
            after = self._share(self._embed(hidden.flatten(0, 1)[padded] + act(action))[:n])
            start = torch.zeros_like(unseen) if change is None else change
            change = start.index_add(0, acting // hidden.shape[1], after - before.flatten(0, 1)[acting])
        return unseen, change

    def _embed(self, hidden: Tensor) -> Tensor:
        """Phi, [B,A,W], as precise as the weights: pools are sums and differences."""
        embedded: Tensor = self.embed(hidden)
        return embedded.to(self.act.weight.dtype)

    def _share(self, embedded: Tensor) -> Tensor:
        """What an embedding adds to the sum that ``_pool`` divides, [..., P]: itself, or weighed by attention and the weight."""
        if self.attend is None:
            return embedded
        weight = torch.exp(
            5 * torch.tanh(self.attend(embedded) / 5)
        )  # bounded scores keep the exponential tame
        return torch.cat([weight * embedded, weight], -1)

    def _total(self, shares: Tensor, read: Read, group: int, so_far: Tensor | None) -> Tensor:
        """Sum over the agents of a group that are present, [B,P], added to that of other groups."""
        if read.present is not None:
            shares = shares * read.present[group][..., None]
        total = shares.sum(1)
        return total if so_far is None else so_far + total

    def _pool(self, total: Tensor, read: Read, states: Tensor | None = None) -> Tensor:
        """The mean of which ``total`` [n,P] is the sum over agents, [n,W]; of all B states, or of the given ones."""
        if self.attend is not None:
            weight = total[..., -1:]
            return total[..., :-1] / (weight if read.present is None else weight.clamp(min=1e-6))
        if read.present is None:
            return total / self.agents
        count = torch.stack([present.sum(1) for present in read.present]).sum(0).clamp(min=1)[:, None]
        return total / (count if states is None else count[states])

    @staticmethod
    def _read_by_joint(spec: Spec, group: int, width: int) -> int:
        """Width of what g reads beside the context."""
        del spec, group
        return width

    @staticmethod
    def _read_by_state(width: int) -> int:
        """The same of V(s)."""
        return width

    def _state_of(self, pool: Tensor, embedded: Tensor, context: Tensor) -> Tensor:
        """V(s) from the pool without actions [B,W] and the embeddings in it [B,A,W]."""
        del embedded
        value: Tensor = self.value_state(pool, context)
        return value


def _action_layer(encoded: int, width: int) -> nn.Linear:
    """W: what an encoded action, and that there is one, adds to an agent's hidden units."""
    layer = nn.Linear(encoded + 1, width, bias=False)
    nn.init.orthogonal_(layer.weight, sqrt(2))
    return layer
