# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Action heads that are sampled one after the other: each may depend on the earlier ones.

pi(a | o) = prod_h pi_h(a_h | o, a_1, ..., a_{h-1}), discrete heads first, in the order of the spec: the chain rule, as in autoregressive
policies (Vinyals et al., "StarCraft II: a new challenge for reinforcement learning", 2017). So the power of a device can depend on the
server that it has chosen, which independent heads cannot express.

Axes as in ``hybrid``: D discrete heads, R real-valued heads, H = D + R heads, C choices, K entries of an encoded action; W is the width of
hidden layers, n the choices of one head.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.rl.bounded import Bounded, BoundedKind
from ns3marl.rl.choices import ChoiceScorer, MakeLinear, choice_features
from ns3marl.rl.counters import Counters
from ns3marl.rl.hybrid import (
    Heads,
    HybridDistribution,
    first_above,
    first_above_counted,
    forbidding,
    probabilities,
)
from ns3marl.rl.tanh import tanh
from ns3marl.types import Group

#: ``independent``: an agent draws all its heads at once. ``sequential``: one after the other, each given those before it.
HeadOrder = Literal["independent", "sequential"]
#: Scores of a discrete head's choices from hidden units, by number of the head.
Scorers = Mapping[int, Callable[[Tensor], Tensor]]
#: What later heads read of head h, from its outputs: a one-hot or probabilities [..., n] or x and x^2 [..., 2].
_Taken = Callable[[int, Tensor], Tensor]


class HeadSequence(nn.Module):
    """The last layers of a policy whose heads are drawn one after the other.

    Head h reads z_h = tanh(M_h z + sum_{g<h} T_g u_g), where z is the trunk's output, z_0 = z, and u_g encodes head g's value: a one-hot and, if
    features describe the choices (``Feature.describes``), the features of the choice taken and their squares; x and x^2 of a real-valued
    head; zeros for a head that does not count.

    Args:
        group: The agents' layout of observation and action.
        heads: The layout of the action heads.
        bounded: Distribution of real-valued heads, a value of ``BOUNDED``.
        width: W.
        make: Makes layers; see ``networks.linear``.
        gain: Of the output layers' initial weights.
    """

    def __init__(
        self,
        group: Group,
        heads: Heads,
        bounded: BoundedKind,
        width: int,
        make: MakeLinear,
        gain: float,
    ) -> None:
        super().__init__()
        self.heads, self.bounded = heads, bounded
        described = choice_features(group)
        self.ends = list(group.mask_offsets[1:])
        sizes = [*heads.choice_counts, *[2] * heads.continuous]
        self.outputs = nn.ModuleList(make(width, size, gain) for size in sizes)
        self.scorers = nn.ModuleDict(
            {str(d): ChoiceScorer(index, width, make, gain) for d, index in described.items()}
        )
        self.mix = nn.ModuleList(make(width, width) for _ in sizes[1:])
        features = [2 * len(described[h][0]) if h in described else 0 for h in range(len(sizes))]
        self.taken = nn.ModuleList(
            make(size + more, width, 1.0) for size, more in zip(sizes[:-1], features[:-1], strict=True)
        )

    def forward(
        self,
        hidden: Tensor,
        scaled: Tensor,
        masks: Tensor,
        more: Scorers | None = None,
        shift: Tensor | None = None,
    ) -> SequentialDistribution:
        """The policy.

        Args:
            hidden: Output of the trunk z, [..., W].
            scaled: Scaled observation, [..., F].
            masks: Allowed choices, [..., C].
            more: Further scores of the choices of some heads.
            shift: Of the real-valued heads, [..., 2R]; see ``Bounded.shifted``.
        """
        return SequentialDistribution(self, hidden, scaled, masks, more or {}, shift)

    def head(self, h: int, hidden: Tensor, scaled: Tensor, masks: Sequence[Tensor]) -> Tensor:
        """Logits [..., n] or parameters [..., 2] of a head, from its own hidden units [..., W]."""
        outputs: Tensor = self.outputs[h](hidden).to(scaled.dtype)
        if str(h) in self.scorers:
            outputs = self.scorers[str(h)](outputs, masks[h], hidden, scaled)
        return outputs

    def after(self, h: int, taken: Tensor, scaled: Tensor) -> Tensor:
        """What this head's value adds to the hidden units of later heads, [..., W]."""
        if str(h) in self.scorers:
            scorer = self.scorers[str(h)]
            assert isinstance(scorer, ChoiceScorer)
            own = scorer.features(scaled)
            taken = torch.cat([taken, (taken[..., None] * own).sum(-2)], -1)
        gained: Tensor = self.taken[h](taken)
        return gained


class SequentialDistribution:
    """The joint action distribution of many agents at once; see ``HeadSequence``, which makes it.

    What does not depend on the actions is computed once; every method then iterates over the heads.
    """

    def __init__(
        self,
        network: HeadSequence,
        hidden: Tensor,
        scaled: Tensor,
        masks: Tensor,
        more: Scorers,
        shift: Tensor | None,
    ) -> None:
        self._shift = shift
        self.network, self.heads, self.bounded = network, network.heads, network.bounded
        # Asked later, perhaps where layers compute in another precision than here.
        self._hidden, self._scaled, self._masks, self._more = hidden.to(scaled.dtype), scaled, masks, more
        self._head_masks = masks.tensor_split(network.ends, -1)
        self._mixed = [mix(hidden).to(scaled.dtype) for mix in network.mix]

    def given(self, discrete: Tensor, raw: Tensor) -> HybridDistribution:
        """The distribution of every head, given the values of earlier heads.

        Args:
            discrete: Indices into the choices, [..., D].
            raw: Draws of the real-valued heads, [..., R].
        """
        unit = self.bounded.unit(raw)

        def taken(h: int, _: Tensor) -> Tensor:
            if h < self.heads.discrete:
                return self._one_hot(h, discrete[..., h])
            return _powers(unit[..., h - self.heads.discrete, None])

        return self._walk(taken)

    def moments(self) -> Tensor:
        """The counterfactual marginal, [..., K]: the moments of each head under the expected values of earlier heads.

        It is exact for the first head. For later heads, one evaluation at the mean of the earlier heads' values replaces the expectation
        over these values: one pass instead of one for every combination. As it does not depend on the action taken, what a critic predicts from it is a
        baseline that leaves the policy gradient unbiased.
        """

        def taken(h: int, outputs: Tensor) -> Tensor:
            if h < self.heads.discrete:
                return self._probabilities(h, outputs)
            return torch.cat(self.bounded(outputs).moments(), -1)

        return self._walk(taken).moments()

    def greedy(self) -> tuple[Tensor, Tensor]:
        """The most likely choice of each discrete head [..., D] and draw of each real-valued head [..., R], one after the other."""
        return self._drawn(
            lambda h, outputs: self._probabilities(h, outputs).argmax(-1), lambda real: real.mode()
        )

    def sample(self, rngs: Sequence[np.random.Generator]) -> tuple[Tensor, Tensor]:
        """See ``HybridDistribution.sample``."""
        agents = self._hidden.shape[1]
        noise = np.stack([rng.random((agents, self.heads.discrete)) for rng in rngs])

        def choose(h: int, outputs: Tensor) -> Tensor:
            return torch.from_numpy(
                first_above(self._probabilities(h, outputs).double().numpy(), noise[..., h])
            )

        return self._drawn(choose, lambda real: real.sample(rngs))

    def sample_counted(self, numbers: Counters) -> tuple[Tensor, Tensor]:
        """See ``HybridDistribution.sample_counted``."""
        uniform = numbers.uniform(self._hidden.shape[1], self.heads.discrete)

        def choose(h: int, outputs: Tensor) -> Tensor:
            return first_above_counted(self._probabilities(h, outputs), uniform[..., h])

        return self._drawn(choose, lambda real: real.sample_counted(numbers))

    def _drawn(
        self, choose: Callable[[int, Tensor], Tensor], draw: Callable[[Bounded], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """An action [..., D] and [..., R]: ``choose`` finds choices from a head's outputs, ``draw`` real values."""
        discrete: list[Tensor] = []
        raw: list[Tensor] = []

        def taken(h: int, outputs: Tensor) -> Tensor:
            if h < self.heads.discrete:
                discrete.append(choose(h, outputs))
                return self._one_hot(h, discrete[-1])
            raw.append(draw(self.bounded(outputs)))
            return _powers(self.bounded.unit(raw[-1]))

        self._walk(taken)
        leading, device = self._hidden.shape[:-1], self._hidden.device
        choices = (
            torch.stack(discrete, -1)
            if discrete
            else torch.zeros((*leading, 0), dtype=torch.int64, device=device)
        )
        return choices, torch.cat(raw, -1) if raw else torch.zeros((*leading, 0), device=device)

    def _walk(self, taken: _Taken) -> HybridDistribution:
        """The distribution of every head, in order, each given what ``taken`` says of those before it."""
        network, hidden, gained = self.network, self._hidden, torch.zeros_like(self._hidden)
        outputs: list[Tensor] = []
        relevance: list[Tensor] = []
        seen: list[Tensor] = []
        for h in range(self.heads.total):
            if h:
                hidden = tanh(self._mixed[h - 1] + gained)
            out = network.head(h, hidden, self._scaled, self._head_masks)
            if h in self._more:
                out = out + self._more[h](hidden)
            if self._shift is not None and h >= self.heads.discrete:
                own = h - self.heads.discrete
                out = self.bounded.shifted(out, self._shift[..., [own, own + self.heads.continuous]])
            outputs.append(out)
            seen.append(taken(h, out))
            if h + 1 < self.heads.total:
                relevance.append(self.heads.relevance_of(h, relevance, seen))
                gained = gained + relevance[-1] * network.after(h, seen[-1], self._scaled)
        real = outputs[self.heads.discrete :]
        parameters = [part[..., i : i + 1] for i in range(2) for part in real]
        empty = self._scaled[..., :0]
        return HybridDistribution(
            self.heads,
            torch.cat([empty, *outputs[: self.heads.discrete]], -1),
            self.bounded(torch.cat([empty, *parameters], -1)),
            self._masks,
        )

    def _one_hot(self, h: int, choices: Tensor) -> Tensor:
        return nn.functional.one_hot(choices.long(), self.heads.choice_counts[h]).to(self._scaled.dtype)

    def _probabilities(self, h: int, logits: Tensor) -> Tensor:
        return probabilities(torch.log_softmax(forbidding(logits, self._head_masks[h]), -1))


#: Of heads that are independent, or drawn one after the other.
HybridPolicy: TypeAlias = HybridDistribution | SequentialDistribution


def _powers(unit: Tensor) -> Tensor:
    """[x, x^2], [..., 2], of x [..., 1]."""
    return torch.cat([unit, unit**2], -1)
