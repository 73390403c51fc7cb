# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Networks of a central controller: one policy and one value of the whole system, for any number of agents.

Axes: B samples, A agents, F features, C choices, S rows of a state block; W is the width of hidden layers.

The encoder pools agents as Deep Sets do (Zaheer et al., NeurIPS 2017), so the controller's size depends neither on their number
nor on their order: every group has an embedding and a mean of its own, over the agents that are present. State blocks whose rows are
the agents of a group (``StateBlock.agents_of``) extend each agent's input, row by row; the rows of other blocks are embedded and
averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ns3marl.rl.bounded import BOUNDED
from ns3marl.rl.choices import HeadOutputs, MakeLinear
from ns3marl.rl.hybrid import Heads, HybridDistribution
from ns3marl.rl.networks import POLICY_GAIN, linear
from ns3marl.rl.normalise import BoundsScaler
from ns3marl.rl.seen import Seen
from ns3marl.rl.sequence import HeadOrder, HeadSequence, HybridPolicy, Scorers
from ns3marl.rl.tanh import Tanh, tanh
from ns3marl.types import Spec


class Encoded(NamedTuple):
    """The encoder's output for B global states."""

    own: Tensor  #: [B,A,W] one embedding per agent of the own group
    context: Tensor  #: [B,W x (groups + blocks)] means over the agents of each group, and over the rows of each other block
    rows: dict[
        int, Tensor
    ]  #: by number of the block, as far as rows are embedded: embedding of each row, [B,S,W]
    scaled: Tensor  #: [B,A,F] observations of the own group scaled to [-1, 1]


class PooledEncoder(nn.Module):
    """Embeds every agent and every other row of the global state, and pools them.

    Args:
        spec: The scenario's spec.
        group: Number of the own group.
        width: W.
        active: Whether the flags of the active agents are read as well.
        rows_of: Numbers of further blocks whose rows are embedded, although they describe agents.
        make: Makes the layers.
        activation: Of the hidden layers.
    """

    def __init__(
        self,
        spec: Spec,
        group: int,
        width: int,
        *,
        active: bool = False,
        rows_of: Sequence[int] = (),
        make: MakeLinear = linear,
        activation: type[nn.Module] = Tanh,
    ) -> None:
        super().__init__()
        self.group = group
        self.order = [group, *(g for g in range(len(spec.groups)) if g != group)]  #: the own group first
        self.about = [
            [b for b, block in enumerate(spec.state) if block.agents_of == g] for g in range(len(spec.groups))
        ]  #: per group: blocks about its agents
        self.other_blocks = [b for b, block in enumerate(spec.state) if block.agents_of is None]
        self.embedded_blocks = [*self.other_blocks, *(b for b in rows_of if b not in self.other_blocks)]
        self.active = active
        self.scalers = nn.ModuleList(BoundsScaler(one.bounds) for one in spec.groups)
        self.block_scalers = nn.ModuleList(BoundsScaler(block.bounds) for block in spec.state)

        def layers(inputs: int) -> nn.Sequential:
            return nn.Sequential(make(inputs, width), activation(), make(width, width), activation())

        inputs = [
            len(one.features) + sum(len(spec.state[b].features) for b in self.about[g]) + active
            for g, one in enumerate(spec.groups)
        ]
        self.embed = layers(inputs[group])
        self.embed_rows = nn.ModuleList(
            nn.Sequential(make(len(spec.state[b].features), width), activation())
            for b in self.embedded_blocks
        )
        self.embed_others = nn.ModuleList(layers(inputs[g]) for g in self.order[1:])
        self.context_width = width * (len(spec.groups) + len(self.other_blocks))

    def forward(self, seen: Seen) -> Encoded:
        """Encodes B global states."""
        blocks = [scale(block) for scale, block in zip(self.block_scalers, seen.state, strict=True)]
        scaled = [scale(g.observations) for scale, g in zip(self.scalers, seen.groups, strict=True)]
        embedded = []
        for g, embed in zip(self.order, [self.embed, *self.embed_others], strict=True):
            inputs = [scaled[g], *(blocks[b] for b in self.about[g])]
            if self.active:
                inputs.append(2.0 * seen.groups[g].active[..., None] - 1)
            embedded.append(embed(torch.cat(inputs, -1)))
        rows = {b: embed(blocks[b]) for b, embed in zip(self.embedded_blocks, self.embed_rows, strict=True)}
        pools = [_mean(e, seen.groups[g].present) for g, e in zip(self.order, embedded, strict=True)]
        context = torch.cat([*pools, *(rows[b].mean(-2) for b in self.other_blocks)], -1)
        return Encoded(embedded[0], context, rows, scaled[self.group])


def _mean(embedded: Tensor, present: Tensor) -> Tensor:
    """Mean over the agents that are present, [B,W]; 0 where nobody is."""
    if bool(present.all()):
        return embedded.mean(-2)
    return (embedded * present[..., None]).sum(-2) / present.sum(-1, keepdim=True).clamp(min=1)


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
        both = tanh(self.from_hidden(hidden)[..., None, :] + rows)
        scores = hidden.new_zeros(*hidden.shape[:-1], self.count)
        scores[..., self.choices] = self.score(both).squeeze(-1)
        return scores


class Hidden(NamedTuple):
    """Input of the heads of a central controller; leading axes [B,A], or [n] for the active agents."""

    units: Tensor  #: [..., W]
    scaled: Tensor  #: [..., F] scaled observations
    masks: Tensor  #: [..., C]
    scorers: Scorers  #: of heads whose choices are rows of the state
    context: Tensor  #: [B,...] the pooled context


class CentralHeads(nn.Module):
    """Outputs of one controller that sees everything, for every agent's heads: a score of each choice, and further outputs on request.

    Each agent's outputs depend on its embedding and the pooled context; choices that features (``Feature.describes``) or rows of the
    state (``StateBlock.choices_of``) describe are scored by these.

    Args:
        spec: The scenario's spec.
        group: Number of the group that is controlled.
        outputs: Number of outputs per agent: choices of all heads, those of the group's discrete heads first, then further outputs; or a
            function that makes the layers which the caller applies to ``hidden``.
        width: W.
        gain: Of the output layer's initial weights.
        make: Makes the layers.
        activation: Of the hidden layers.
    """

    def __init__(
        self,
        spec: Spec,
        group: int,
        outputs: int | Callable[[], HeadSequence],
        width: int,
        *,
        gain: float = POLICY_GAIN,
        make: MakeLinear = linear,
        activation: type[nn.Module] = Tanh,
    ) -> None:
        super().__init__()
        own = spec.groups[group]
        self.group = group
        self.ends = list(own.mask_offsets[1:])
        self._scored = [
            (b, choices.head, choices.choices)
            for b, block in enumerate(spec.state)
            for choices in block.choices_of
            if choices.group == group
        ]  # block, head, choices of its rows
        self.encoder = PooledEncoder(
            spec,
            group,
            width,
            active=True,
            rows_of=tuple(dict.fromkeys(b for b, *_ in self._scored)),
            make=make,
            activation=activation,
        )
        self.trunk = nn.Sequential(make(width + self.encoder.context_width, width), activation())
        self.outputs: nn.Module = (
            HeadOutputs(own, outputs, width, make, gain) if isinstance(outputs, int) else outputs()
        )
        self.by_rows = nn.ModuleDict(
            {
                f"{d}-{b}": _RowScorer(choices, len(own.discrete_heads[d].choices), width, make, gain)
                for b, d, choices in self._scored
            }
        )

    def forward(self, seen: Seen, *, active_only: bool = False) -> tuple[Tensor, Tensor]:
        """Outputs of every agent [B,A,outputs], and the pooled context [B,...].

        Args:
            seen: B states.
            active_only: Only for the n active agents, [n,outputs], in the order of ``active.nonzero()``.
        """
        hidden = self.hidden(seen, active_only=active_only)
        parts = list(self.outputs(hidden.units, hidden.scaled, hidden.masks).tensor_split(self.ends, -1))
        for d, score in hidden.scorers.items():
            parts[d] = parts[d] + score(hidden.units)
        return torch.cat(parts, -1), hidden.context

    def hidden(self, seen: Seen, *, active_only: bool = False) -> Hidden:
        """Input of the heads of every agent, or of the active ones."""
        encoded, mine = self.encoder(seen), seen.groups[self.group]
        own, scaled, masks = encoded.own, encoded.scaled, mine.masks
        # Picks each agent's from what states have in common.
        states: Tensor | tuple[slice, None] = (slice(None), None)
        if active_only:
            own, scaled, masks = own[mine.active], scaled[mine.active], masks[mine.active]
            states = mine.active.nonzero()[:, 0]
        layer, activation = self.trunk
        assert isinstance(layer, nn.Linear)
        from_own, from_context = layer.weight.tensor_split([own.shape[-1]], -1)
        shared = nn.functional.linear(encoded.context, from_context, layer.bias)  # once per state
        hidden = activation(nn.functional.linear(own, from_own) + shared[states])
        scorers = {d: self._scorer(d, encoded, states) for _, d, _ in self._scored}
        return Hidden(hidden, scaled, masks, scorers, encoded.context)

    def _scorer(
        self, head: int, encoded: Encoded, states: Tensor | tuple[slice, None]
    ) -> Callable[[Tensor], Tensor]:
        """Scores the choices of a head by the rows of the state that they are, from hidden units."""
        scored: list[tuple[_RowScorer, Tensor]] = []
        for b, d, _ in self._scored:
            if d == head:
                scorer = self.by_rows[f"{d}-{b}"]
                assert isinstance(scorer, _RowScorer)
                scored.append((scorer, scorer.from_row(encoded.rows[b])[states]))

        def score(hidden: Tensor) -> Tensor:
            scores: Tensor = sum(scorer(hidden, rows) for scorer, rows in scored)
            return scores

        return score


class CentralActor(nn.Module):
    """One controller that sees everything and acts for every agent of a group, with heads factorised per agent.

    pi(a | s) = prod_i pi_i(a_i | s), where pi_i reads agent i's embedding beside the pooled context.

    Args:
        spec: The scenario's spec.
        group: Number of the group.
        heads: The layout of the action heads of one agent.
        width: W.
        bounded: Distribution of real-valued heads, a key of ``BOUNDED``.
        order: Whether an agent's heads are independent of each other.
    """

    def __init__(
        self,
        spec: Spec,
        group: int,
        heads: Heads,
        width: int,
        bounded: str = "beta",
        order: HeadOrder = "independent",
    ) -> None:
        super().__init__()
        self.group, self.heads, self.bounded = group, heads, BOUNDED[bounded]

        def sequence() -> HeadSequence:
            return HeadSequence(spec.groups[group], heads, self.bounded, width, linear, POLICY_GAIN)

        independent = heads.choices + 2 * heads.continuous
        self.network = CentralHeads(spec, group, sequence if order == "sequential" else independent, width)

    def forward(self, seen: Seen, *, active_only: bool = False) -> HybridPolicy:
        """The action distribution of every agent.

        Args:
            seen: B states.
            active_only: Drop inactive agents: the leading axes are then [n], in the order of
                ``active.nonzero()``, else [B,A].
        """
        network = self.network
        if isinstance(network.outputs, HeadSequence):
            hidden = network.hidden(seen, active_only=active_only)
            policy: HybridPolicy = network.outputs(hidden.units, hidden.scaled, hidden.masks, hidden.scorers)
            return policy
        outputs, _ = network(seen, active_only=active_only)
        mine = seen.groups[self.group]
        masks = mine.masks[mine.active] if active_only else mine.masks
        logits, real = outputs.tensor_split([self.heads.choices], -1)
        return HybridDistribution(self.heads, logits, self.bounded(real), masks)


class CentralCritic(nn.Module):
    """V(s) of the global state, in normalised units.

    Args:
        spec: The scenario's spec.
        group: Number of the own group, whose agents are pooled first.
        width: W.
    """

    def __init__(self, spec: Spec, group: int, width: int) -> None:
        super().__init__()
        self.encoder = PooledEncoder(spec, group, width)
        self.value = nn.Sequential(linear(self.encoder.context_width, width), Tanh(), linear(width, 1, 1.0))

    def forward(self, seen: Seen) -> Tensor:
        """Values [B]."""
        value: Tensor = self.value(self.encoder(seen).context)
        return value.squeeze(-1)
