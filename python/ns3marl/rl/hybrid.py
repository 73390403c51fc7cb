# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Joint distributions of discrete and bounded real-valued action heads.

Each discrete head is a Categorical over its allowed choices, each real-valued head a distribution on the unit interval
(``bounded``), mapped linearly to the physical range.
Heads are independent given which of them count (are active): a head with a ``Condition`` counts only if its parent head counts and
took one of the condition's choices. A head that does not count has log-probability and entropy 0.

Axes: **D** discrete heads, **R** real-valued heads, **H** = D + R heads (discrete ones first), **C** choices of all
discrete heads side by side, **K** = C + 2R entries of an encoded action. ``...`` are leading axes, [B,A] as a rule.

Log-densities and differential entropies of real-valued heads are those on the unit interval; in physical units they
differ by the constant log(high - low), which cancels in likelihood ratios.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from ns3marl.rl.bounded import Bounded
from ns3marl.rl.counters import Counters
from ns3marl.rl.policy import fill_inactive
from ns3marl.rl.record import Decision
from ns3marl.types import Bool, ContinuousHead, DiscreteHead, Float64, Group, Int64

# Taken from a logit: its probability is exactly 0 in float32, and 0 times its logarithm is 0.
_FORBIDDEN = 1e9
# Log-probabilities below it count as 0: exponentials that underflow take libraries forty times as long.
_NEVER = -80.0


class Drawable(Protocol):
    """A policy of many agents, with independent or sequentially sampled heads."""

    bounded: Any  #: gives ``Bounded.unit``

    def greedy(self) -> tuple[Tensor, Tensor]:
        """The most likely action, choices [..., D] and draws of the real-valued heads [..., R]."""
        ...

    def sample(self, rngs: Sequence[np.random.Generator]) -> tuple[Tensor, Tensor]:
        """A sampled action, in the same form."""
        ...


class Heads:
    """Sizes, ranges and conditions of the action heads of one group of agents."""

    def __init__(self, group: Group) -> None:
        self.group = group
        heads: list[DiscreteHead | ContinuousHead] = [*group.discrete_heads, *group.continuous_heads]
        self.names = tuple(head.name for head in heads)
        self.choice_counts = group.choice_counts
        self.discrete = len(group.discrete_heads)
        self.continuous = len(group.continuous_heads)
        self.total = len(heads)
        self.choices = sum(group.choice_counts)
        self.encoded = self.choices + 2 * self.continuous
        self.low = torch.tensor([head.low for head in group.continuous_heads], dtype=torch.float32)
        self.high = torch.tensor([head.high for head in group.continuous_heads], dtype=torch.float32)
        # Per head: its parent, and 1.0 for each of the parent's choices under which the head counts.
        self._conditions: list[tuple[int, Tensor] | None] = []
        for head in heads:
            condition = head.active_if
            if condition is None:
                self._conditions.append(None)
            else:
                enabling = torch.zeros(self.choice_counts[condition.head])
                enabling[list(condition.choices)] = 1.0
                self._conditions.append((condition.head, enabling))

    def to(self, device: torch.device) -> None:
        """Moves all further computation to this device."""
        self.low, self.high = self.low.to(device), self.high.to(device)
        self._conditions = [
            None if condition is None else (condition[0], condition[1].to(device))
            for condition in self._conditions
        ]

    def split(self, choices: Tensor) -> tuple[Tensor, ...]:
        """Splits [..., C] into one [..., n] per discrete head."""
        return torch.split(choices, list(self.choice_counts), dim=-1)

    def physical(self, unit: Tensor) -> Tensor:
        """Maps real-valued actions from the unit interval to the heads' units, [..., R]."""
        return torch.clamp(self.low + (self.high - self.low) * unit, self.low, self.high)

    def decision(
        self, policy: Drawable, active: Bool, rngs: Sequence[np.random.Generator], *, greedy: bool
    ) -> Decision:
        """Actions sampled from a policy, or its most likely ones.

        Args:
            policy: The policy of B x A agents.
            active: Which agents are active, [B,A]; the others get the spec's defaults.
            rngs: One generator per environment.
            greedy: Whether to take the most likely actions.
        """
        discrete, raw = policy.greedy() if greedy else policy.sample(rngs)
        physical = self.physical(policy.bounded.unit(raw)).numpy()
        actions = fill_inactive(self.group, active, discrete.numpy(), physical)
        return Decision(actions, actions.discrete, raw.numpy())

    def counts(self, discrete: Tensor) -> Tensor:
        """Which heads count under a discrete action [..., D]: 1.0 or 0.0, [..., H]."""
        return self._relevance(lambda parent, enabling: enabling[discrete[..., parent]], discrete.shape[:-1])

    def relevance_of(self, h: int, before: Sequence[Tensor], taken: Sequence[Tensor]) -> Tensor:
        """Probability that head h counts, [..., 1].

        Args:
            h: Number of the head.
            before: The same of the heads before it.
            taken: One-hots or probabilities of the choices of the discrete heads before it, [..., n] each; others are ignored.
        """
        condition = self._conditions[h]
        if condition is None:
            return torch.ones((*taken[h].shape[:-1], 1), device=self.low.device)
        parent, enabling = condition
        return before[parent] * (taken[parent] @ enabling)[..., None]

    def encode(self, discrete: Tensor, unit: Tensor) -> Tensor:
        """An action as [one-hots, x, x^2] with zeros for heads that do not count, [..., K].

        Args:
            discrete: Indices into the choices, [..., D].
            unit: Real-valued actions x on the unit interval, [..., R].
        """
        chosen = [
            torch.nn.functional.one_hot(discrete[..., d].long(), n).to(torch.float32)
            for d, n in enumerate(self.choice_counts)
        ]
        return self._weigh(chosen, unit, unit**2, self.counts(discrete))

    def encode_relaxed(self, one_hots: Tensor, unit: Tensor) -> Tensor:
        """As ``encode``, from one-hots [..., C] (or relaxed ones) instead of indices; differentiable in both arguments."""
        chosen = self.split(one_hots)
        counts = self._relevance(lambda parent, enabling: chosen[parent] @ enabling, one_hots.shape[:-1])
        return self._weigh(chosen, unit, unit**2, counts)

    def _relevance(self, enabled: Callable[[int, Tensor], Tensor], leading: torch.Size) -> Tensor:
        """Probability that each head counts; parents precede children.

        Args:
            enabled: Probability [...] that a discrete head takes one of the choices that are marked by 1.0, [n].
            leading: Leading axes.
        """
        columns: list[Tensor] = []
        for condition in self._conditions:
            if condition is None:
                columns.append(torch.ones(leading, device=self.low.device))
            else:
                parent, enabling = condition
                columns.append(columns[parent] * enabled(parent, enabling))
        return torch.stack(columns, dim=-1) if columns else torch.ones((*leading, 0), device=self.low.device)

    def _weigh(self, choices: Sequence[Tensor], first: Tensor, second: Tensor, weights: Tensor) -> Tensor:
        """Puts one-hots (or probabilities) and moments side by side, each weighed by its head's relevance."""
        parts = [block * weights[..., d, None] for d, block in enumerate(choices)]
        real = weights[..., self.discrete :]
        return torch.cat([*parts, first * real, second * real], dim=-1)


class HybridDistribution:
    """The joint action distribution of many agents at once.

    Args:
        heads: The layout of the heads.
        logits: Unnormalised log-probabilities of all choices, [..., C].
        bounded: Distributions of the real-valued heads, [..., R].
        masks: Allowed choices, [..., C]. A head that allows nothing is treated as if all its choices were equally
            likely, within the precision of float32; only inactive agents may have such a head.
    """

    def __init__(self, heads: Heads, logits: Tensor, bounded: Bounded, masks: Tensor) -> None:
        self.heads = heads
        parts = heads.split(forbidding(logits, masks))
        self.log_probabilities = [torch.log_softmax(part, dim=-1) for part in parts]
        self.probabilities = [probabilities(part) for part in self.log_probabilities]
        self.bounded = bounded
        self._leading = logits.shape[:-1]

    def given(self, discrete: Tensor, raw: Tensor) -> HybridDistribution:
        """The distributions of all heads; earlier heads' values have no effect here. See ``SequentialDistribution.given``."""
        del discrete, raw
        return self

    def log_prob(self, discrete: Tensor, raw: Tensor) -> Tensor:
        """Log-probability (density, for real-valued heads) of an action, head by head, [..., H].

        The joint log-probability is the sum over heads; heads that do not count under ``discrete`` hold 0.
        """
        columns = [
            part.gather(-1, discrete[..., d, None].long()).squeeze(-1)
            for d, part in enumerate(self.log_probabilities)
        ]
        columns += list(self.bounded.log_prob(raw).unbind(-1))
        return torch.stack(columns, dim=-1) * self.heads.counts(discrete)

    def entropy(self) -> Tensor:
        """Entropy of each head given that it counts, in nats, [..., H].

        The joint entropy is ``(count_probability() * entropy()).sum(-1)``.
        """
        columns = [
            -(p * log_p).sum(-1) for p, log_p in zip(self.probabilities, self.log_probabilities, strict=True)
        ]
        return torch.stack([*columns, *self.bounded.entropy().unbind(-1)], dim=-1)

    def count_probability(self) -> Tensor:
        """Probability that each head counts, [..., H]."""
        return self.heads._relevance(  # noqa: SLF001 - one module, one idea
            lambda parent, enabling: self.probabilities[parent] @ enabling, self._leading
        )

    def moments(self) -> Tensor:
        """Expectation of ``Heads.encode`` under this distribution, [..., K]: the counterfactual marginal.

        Probabilities, mean and mean square of each head, weighted by the probability that it counts.
        """
        mean, square = self.bounded.moments()
        return self.heads._weigh(  # noqa: SLF001 - one module, one idea
            self.probabilities, mean, square, self.count_probability()
        )

    def greedy(self) -> tuple[Tensor, Tensor]:
        """The most likely choice of each discrete head [..., D] and draw of each real-valued head [..., R]."""
        discrete = [part.argmax(-1) for part in self.log_probabilities]
        return self._stack(discrete), self.bounded.mode()

    def sample(self, rngs: Sequence[np.random.Generator]) -> tuple[Tensor, Tensor]:
        """Draws one action for each of B x A agents: [B,A,D] indices and [B,A,R] draws of ``bounded``.

        Args:
            rngs: One generator per environment, length B; row b draws from ``rngs[b]`` alone.
        """
        agents = self._leading[1]
        noise = np.stack([rng.random((agents, self.heads.discrete)) for rng in rngs])
        discrete = [
            torch.from_numpy(first_above(part.double().numpy(), noise[..., d]))
            for d, part in enumerate(self.probabilities)
        ]
        return self._stack(discrete), self.bounded.sample(rngs)

    def sample_counted(self, numbers: Counters) -> tuple[Tensor, Tensor]:
        """As ``sample``, on the device of the distribution, without a copy to the host."""
        uniform = numbers.uniform(self._leading[1], self.heads.discrete)
        discrete = [first_above_counted(part, uniform[..., d]) for d, part in enumerate(self.probabilities)]
        return self._stack(discrete), self.bounded.sample_counted(numbers)

    def _stack(self, discrete: list[Tensor]) -> Tensor:
        empty = torch.zeros((*self._leading, 0), dtype=torch.int64, device=self.heads.low.device)
        return torch.stack(discrete, dim=-1) if discrete else empty


def forbidding(logits: Tensor, masks: Tensor) -> Tensor:
    """Logits [..., n] in which choices that are not allowed have probability 0."""
    return logits - (1 - masks.to(logits.dtype)) * _FORBIDDEN


def probabilities(logarithms: Tensor) -> Tensor:
    """Probabilities of choices from their logits, [..., n]."""
    return logarithms.clamp(min=_NEVER).exp() * (logarithms > _NEVER)


def first_above(probabilities: Float64, uniform: Float64) -> Int64:
    """Inverse distribution function: the first choice whose cumulative probability exceeds ``uniform``.

    A choice of probability 0 adds nothing to the cumulative sum, so it is never first.
    """
    cumulative = probabilities.cumsum(-1)
    exceeds = cumulative > (uniform * cumulative[..., -1])[..., None]
    choice: Int64 = exceeds.argmax(-1)
    return choice


def first_above_counted(probabilities: Tensor, uniform: Tensor) -> Tensor:
    """As ``first_above``, on the device of the probabilities [..., n]; uniform numbers [...]."""
    cumulative = probabilities.double().cumsum(-1)
    exceeds = cumulative > (uniform * cumulative[..., -1])[..., None]
    return exceeds.to(torch.uint8).argmax(-1)
