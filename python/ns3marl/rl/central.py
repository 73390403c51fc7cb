# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Networks of a central controller: one policy and one value of the whole system, for any number of agents.

Axes: B samples, A agents, F features, C choices, S rows of a state block; W is the width of hidden layers.

The encoder pools agents as Deep Sets do (Zaheer et al., NeurIPS 2017), so the controller's size depends neither on their number
nor on their order. State blocks whose rows are the agents extend each agent's input, row by row; the rows of other blocks are
embedded and averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ns3marl.rl.bounded import BOUNDED
from ns3marl.rl.choices import HeadOutputs, MakeLinear
from ns3marl.rl.hybrid import Heads, HybridDistribution
from ns3marl.rl.networks import POLICY_GAIN, linear
from ns3marl.rl.normalise import BoundsScaler
from ns3marl.types import Spec


class Encoded(NamedTuple):
    """What the encoder makes of B global states."""

    own: Tensor  #: [B,A,W] one embedding per agent
    context: Tensor  #: [B,W + W x blocks] mean over agents, and over the rows of each block that is not about agents
    rows: list[Tensor]  #: per block that is not about agents: embedding of each row, [B,S,W]
    scaled: Tensor  #: [B,A,F] observations scaled to [-1, 1]


class PooledEncoder(nn.Module):
    """Embeds every agent and every other row of the global state, and pools them.

    Args:
        spec: The scenario's spec, with one group.
        width: W.
        active: Whether the flags of the agents that are asked to act are read as well.
        make: Makes the layers.
        activation: Of the hidden layers.
    """

    def __init__(
        self,
        spec: Spec,
        width: int,
        *,
        active: bool = False,
        make: MakeLinear = linear,
        activation: type[nn.Module] = nn.Tanh,
    ) -> None:
        super().__init__()
        group = spec.groups[0]
        self.own_blocks = [b for b, block in enumerate(spec.state) if block.rows == group.agents]
        self.other_blocks = [b for b in range(len(spec.state)) if b not in self.own_blocks]
        self.active = active
        self.scaler = BoundsScaler(group.bounds)
        self.block_scalers = nn.ModuleList(BoundsScaler(block.bounds) for block in spec.state)
        inputs = len(group.features) + sum(len(spec.state[b].features) for b in self.own_blocks) + active
        self.embed = nn.Sequential(make(inputs, width), activation(), make(width, width), activation())
        self.embed_rows = nn.ModuleList(
            nn.Sequential(make(len(spec.state[b].features), width), activation()) for b in self.other_blocks
        )
        self.context_width = width * (1 + len(self.other_blocks))

    def forward(self, observations: Tensor, state: Sequence[Tensor], active: Tensor | None = None) -> Encoded:
        """Encodes B global states.

        Args:
            observations: In the features' units, [B,A,F].
            state: Per state block [B,S,F].
            active: Who is asked to act, [B,A]; needed if the encoder reads it.
        """
        blocks = [scale(block) for scale, block in zip(self.block_scalers, state, strict=True)]
        scaled = self.scaler(observations)
        inputs = [scaled, *(blocks[b] for b in self.own_blocks)]
        if self.active:
            assert active is not None
            inputs.append(2.0 * active[..., None] - 1)
        own = self.embed(torch.cat(inputs, -1))
        rows = [embed(blocks[b]) for embed, b in zip(self.embed_rows, self.other_blocks, strict=True)]
        context = torch.cat([own.mean(-2), *(row.mean(-2) for row in rows)], -1)
        return Encoded(own, context, rows, scaled)


class _RowScorer(nn.Module):
    """Scores the choices of a head that are rows of a state block, such as servers, by what those rows say now."""

    def __init__(self, choices: Sequence[int], count: int, width: int, make: MakeLinear, gain: float) -> None:
        super().__init__()
        self.choices, self.count = list(choices), count  # [S] which choice each row is, of n
        self.from_hidden = make(width, width, 1.0)
        self.from_row = make(width, width)
        self.score = make(width, 1, gain)

    def forward(self, hidden: Tensor, rows: Tensor) -> Tensor:
        """Scores [...,n], 0 for choices without a row, from hidden units [...,W] and what ``from_row`` makes of the rows [...,S,W]."""
        both = torch.tanh(self.from_hidden(hidden)[..., None, :] + rows)
        scores = hidden.new_zeros(*hidden.shape[:-1], self.count)
        scores[..., self.choices] = self.score(both).squeeze(-1)
        return scores


class CentralHeads(nn.Module):
    """What one controller that sees everything says of every agent's heads: a score of each choice, and whatever else is wanted.

    Each agent's outputs come from its embedding beside the pooled context; choices that features or rows of the state
    describe are scored by those.

    Args:
        spec: The scenario's spec, with one group.
        outputs: Per agent: choices of all heads, those of the group's discrete heads first, and what else is wanted.
        width: W.
        gain: Of the output layer's initial weights.
        make: Makes the layers.
        activation: Of the hidden layers.
    """

    def __init__(
        self,
        spec: Spec,
        outputs: int,
        width: int,
        *,
        gain: float = POLICY_GAIN,
        make: MakeLinear = linear,
        activation: type[nn.Module] = nn.Tanh,
    ) -> None:
        super().__init__()
        group = spec.groups[0]
        self.ends = list(group.mask_offsets[1:])
        self.encoder = PooledEncoder(spec, width, active=True, make=make, activation=activation)
        self.trunk = nn.Sequential(make(width + self.encoder.context_width, width), activation())
        self.outputs = HeadOutputs(group, outputs, width, make, gain)
        self.by_rows = nn.ModuleDict()
        self._scored: list[tuple[int, int, str]] = []  # head, number of the block among the others, key
        for number, b in enumerate(self.encoder.other_blocks):
            for d, head in enumerate(group.discrete_heads):
                if set(spec.state[b].rows) <= set(head.choices):
                    choices = [head.choices.index(row) for row in spec.state[b].rows]
                    self.by_rows[f"{d}-{b}"] = _RowScorer(choices, len(head.choices), width, make, gain)
                    self._scored.append((d, number, f"{d}-{b}"))

    def forward(
        self,
        observations: Tensor,
        state: Sequence[Tensor],
        active: Tensor,
        masks: Tensor,
        *,
        active_only: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Outputs of every agent [B,A,outputs], and the pooled context [B,...] of which they were made.

        Args:
            observations: In the features' units, [B,A,F].
            state: Per state block [B,S,F].
            active: Who is asked to act, [B,A].
            masks: Allowed choices of the group's discrete heads, [B,A,C] or longer.
            active_only: Only of the n agents that are asked, [n,outputs], in the order of ``active.nonzero()``.
        """
        seen = self.encoder(observations, state, active)
        own, scaled = seen.own, seen.scaled
        # Picks each agent's from what states have in common.
        states: Tensor | tuple[slice, None] = (slice(None), None)
        if active_only:
            own, scaled, masks = own[active], scaled[active], masks[active]
            states = active.nonzero()[:, 0]
        context = seen.context[states].expand(*own.shape[:-1], -1)
        hidden = self.trunk(torch.cat([own, context], -1))
        parts = list(self.outputs(hidden, scaled, masks).tensor_split(self.ends, -1))
        for d, number, key in self._scored:
            scorer = self.by_rows[key]
            assert isinstance(scorer, _RowScorer)
            parts[d] = parts[d] + scorer(hidden, scorer.from_row(seen.rows[number])[states])
        return torch.cat(parts, -1), seen.context


class CentralActor(nn.Module):
    """One controller that sees everything and acts for every agent, with heads factorised per agent.

    pi(a | s) = prod_i pi_i(a_i | s), where pi_i reads agent i's embedding beside the pooled context.

    Args:
        spec: The scenario's spec, with one group.
        heads: The layout of the action heads of one agent.
        width: W.
        bounded: Distribution of real-valued heads, a key of ``BOUNDED``.
    """

    def __init__(self, spec: Spec, heads: Heads, width: int, bounded: str = "beta") -> None:
        super().__init__()
        self.heads, self.bounded = heads, BOUNDED[bounded]
        self.network = CentralHeads(spec, heads.choices + 2 * heads.continuous, width)

    def forward(
        self,
        observations: Tensor,
        state: Sequence[Tensor],
        active: Tensor,
        masks: Tensor,
        *,
        active_only: bool = False,
    ) -> HybridDistribution:
        """The action distribution of every agent.

        Args:
            observations: In the features' units, [B,A,F].
            state: Per state block [B,S,F].
            active: Who is asked to act, [B,A].
            masks: Allowed choices, [B,A,C].
            active_only: Drop the agents that are not asked: the leading axes are then [n], in the order of
                ``active.nonzero()``, else [B,A].
        """
        outputs, _ = self.network(observations, state, active, masks, active_only=active_only)
        if active_only:
            masks = masks[active]
        logits, real = outputs.tensor_split([self.heads.choices], -1)
        return HybridDistribution(self.heads, logits, self.bounded(real), masks)


class CentralCritic(nn.Module):
    """V(s) of the global state, in normalised units.

    Args:
        spec: The scenario's spec, with one group.
        width: W.
    """

    def __init__(self, spec: Spec, width: int) -> None:
        super().__init__()
        self.encoder = PooledEncoder(spec, width)
        self.value = nn.Sequential(
            linear(self.encoder.context_width, width), nn.Tanh(), linear(width, 1, 1.0)
        )

    def forward(self, observations: Tensor, state: Sequence[Tensor]) -> Tensor:
        """Values [B] of [B,A,F] observations and [B,S,F] blocks."""
        value: Tensor = self.value(self.encoder(observations, state).context)
        return value.squeeze(-1)
