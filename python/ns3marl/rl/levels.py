# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Real-valued heads discretised into levels, for learners with only discrete actions, and Q-values by head.

Axes as in ``hybrid``: D counts the discretised heads, C their choices; ``...`` leading axes, [B,A] as a rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.options import Fraction, PositiveFloat, PositiveInt, Range
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.off_policy import OffPolicyOptions, OffPolicyProgress
from ns3marl.rl.policy import fill_inactive
from ns3marl.rl.record import Decision
from ns3marl.types import Bool, DiscreteHead, Group, Int64


@dataclass(frozen=True)
class BranchingOptions(OffPolicyOptions):
    """Options of learners of Q-values with one branch per head."""

    discount: Fraction = 0.9
    """gamma, per tick."""
    lr: PositiveFloat = 1e-3
    """Adam's learning rate."""
    max_grad_norm: PositiveFloat = 10.0
    """Gradients are scaled down to this norm, network by network."""
    epsilon: Fraction = 0.02
    """Probability that a head's choice is drawn at random, after the decay; also when ``act`` is not greedy."""
    epsilon_ticks: PositiveInt = 5000
    """Ticks after the warm-up, summed over environments, in which epsilon falls from 1 to its last value."""
    levels: Annotated[int, Range(2)] = 5
    """Levels to which each real-valued head is cut, its ends included."""
    target_steps: PositiveInt = 100
    """Gradient steps between copies of the network to the target network."""
    huber_delta: PositiveFloat = 1.0
    """Where the loss turns from quadratic to linear, in deviations of the reward."""
    width: PositiveInt = 64
    """Units per hidden layer."""

    def epsilon_at(self, progress: OffPolicyProgress) -> float:
        """Probability that a head explores."""
        return linear_decay(1.0, self.epsilon, progress.since(self.warmup_ticks, self.epsilon_ticks))

    def losses(self, predicted: Tensor, wanted: Tensor) -> Tensor:
        """Huber losses, element by element."""
        return nn.functional.huber_loss(predicted, wanted, reduction="none", delta=self.huber_delta)


class Levels:
    """The action heads of a group, each real-valued one replaced by evenly spaced levels from its low to its high end.

    Args:
        group: The agents' layout of action.
        levels: L, levels per real-valued head, 2 or more.
    """

    def __init__(self, group: Group, levels: int) -> None:
        self.group, self.levels = group, levels
        self.values = [
            np.linspace(head.low, head.high, levels, dtype=np.float32).clip(head.low, head.high)
            for head in group.continuous_heads
        ]  #: per real-valued head [L], in its unit
        as_choices = [
            DiscreteHead(
                head.name,
                tuple(f"{value:g}" for value in values),
                default_choice=int(np.abs(values - head.default_value).argmin()),
                active_if=head.active_if,
            )
            for head, values in zip(group.continuous_heads, self.values, strict=True)
        ]
        self.heads = Heads(
            replace(group, discrete_heads=(*group.discrete_heads, *as_choices), continuous_heads=())
        )

    @property
    def notes(self) -> str:
        """The discretisation, for tables of results; empty where there is none."""
        return ", ".join(f"{head.name} {self.levels} levels" for head in self.group.continuous_heads)

    def masks(self, masks: Tensor) -> Tensor:
        """Allowed choices of all heads, [..., C], from those of the discrete ones; every level is allowed.

        A head that allows nothing is treated as if it allowed everything; only inactive agents may have one.
        """
        levels = masks.new_ones((*masks.shape[:-1], self.levels * len(self.values)))
        parts = self.heads.split(torch.cat([masks, levels], -1))
        return torch.cat([part | ~part.any(-1, keepdim=True) for part in parts], -1)

    def decision(self, chosen: Int64, active: Bool) -> Decision:
        """The decision, with actions in physical units and the spec's defaults for inactive agents.

        Args:
            chosen: [B,A,D].
            active: [B,A].
        """
        count = len(self.group.discrete_heads)
        real = [values[chosen[..., count + r]] for r, values in enumerate(self.values)]
        continuous = np.stack(real, -1) if real else np.zeros((*chosen.shape[:-1], 0), np.float32)
        actions = fill_inactive(self.group, active, chosen[..., :count], continuous)
        return Decision(actions, chosen, np.zeros((*chosen.shape[:-1], 0), np.float32))

    def counting(self, chosen: Tensor, active: Tensor) -> Tensor:
        """Which branches are part of a joint action: the heads that count, of active agents; 1.0 or 0.0, [..., D]."""
        return self.heads.counts(chosen) * active[..., None]


def dueling(heads: Heads, value: Tensor, advantages: Tensor, masks: Tensor) -> Tensor:
    """Q_d(s, c) = V(s) + A_d(s, c) - mean of A_d over the allowed choices, [..., C].

    Wang et al., "Dueling network architectures for deep reinforcement learning", ICML 2016, branch by branch.

    Args:
        heads: The layout of the heads.
        value: V(s), [..., 1].
        advantages: A_d(s, c), [..., C].
        masks: [..., C]; every head allows a choice.
    """
    parts = zip(heads.split(advantages), heads.split(masks), strict=True)
    centred = [
        part - (part * mask).sum(-1, keepdim=True) / mask.sum(-1, keepdim=True) for part, mask in parts
    ]
    return value + torch.cat(centred, -1)


def best(heads: Heads, q: Tensor, masks: Tensor) -> Tensor:
    """The allowed choice of greatest value of every head, [..., D]."""
    allowed = q.masked_fill(~masks, -torch.inf)
    return torch.stack([part.argmax(-1) for part in heads.split(allowed)], -1)


def taken(heads: Heads, q: Tensor, chosen: Tensor) -> Tensor:
    """Q_d of the choices made, [..., D], from [..., C] and [..., D]."""
    parts = [part.gather(-1, chosen[..., d, None]) for d, part in enumerate(heads.split(q))]
    return torch.cat(parts, -1)


def epsilon_greedy(
    heads: Heads, q: Tensor, masks: Tensor, epsilon: float, rngs: Sequence[np.random.Generator]
) -> Tensor:
    """The best choices, each head's replaced with probability epsilon by one drawn uniformly from the allowed, [B,A,D].

    Args:
        heads: The layout of the heads.
        q: [B,A,C].
        masks: [B,A,C].
        epsilon: From 0 to 1.
        rngs: One per row of the batch.
    """
    agents, count = q.shape[1], len(heads.choice_counts)
    noise = np.stack([rng.random((agents, count + heads.choices), dtype=np.float32) for rng in rngs])
    explores = torch.from_numpy(noise[..., :count]) < epsilon
    raw = best(heads, torch.from_numpy(noise[..., count:]), masks)
    return torch.where(explores, raw, best(heads, q, masks))


def mean_counting(
    values: Tensor, counting: Tensor, otherwise: Tensor, states: Tensor | None = None
) -> Tensor:
    """Mean over the branches that count; if none does, another value.

    Args:
        values: Per branch, [...,D], or [n,D] of n agents of B states.
        counting: 1.0 or 0.0, same shape.
        otherwise: [...], or [B].
        states: The state of each agent among the B states, [n]: the mean is over all branches of a state. None: over D only.
    """
    number, total = counting.sum(-1), (values * counting).sum(-1)
    if states is not None:
        number, total = (torch.zeros_like(otherwise).index_add(0, states, x) for x in (number, total))
    return torch.where(number > 0, total / number.clamp(min=1), otherwise)


def linear_decay(first: float, last: float, progress: float) -> float:
    """From ``first`` at progress 0 to ``last`` at 1 and beyond."""
    return first + (last - first) * min(progress, 1.0)
