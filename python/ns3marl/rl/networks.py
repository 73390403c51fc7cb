# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The actor, and the critic of what one agent observes.

Axes as in ``hybrid``: A agents, F features, C choices, R real-valued heads, K entries of an encoded action; W is the
width of hidden layers.
"""

from __future__ import annotations

from functools import partial
from math import sqrt

import torch
from torch import Tensor, nn

from ns3marl.rl.bounded import BOUNDED
from ns3marl.rl.choices import HeadOutputs, MakeLinear
from ns3marl.rl.hybrid import Heads, HybridDistribution
from ns3marl.rl.normalise import BoundsScaler
from ns3marl.rl.per_agent import AgentLinear
from ns3marl.rl.sequence import HeadOrder, HeadSequence, HybridPolicy
from ns3marl.rl.tanh import Tanh
from ns3marl.types import Group

# Libraries prepare a kernel for every number of rows that layers meet in bfloat16: as many as agents are active, which
# changes from minibatch to minibatch. Rounded up to a multiple of this, there are few.
PADDING = 128
# Of a policy's output layer. Agents with one actor tell themselves apart by what they observe. With weights near 0 they begin
# alike; where they must differ to be paid, that is a saddle of the reward, and some never leave it (docs/decisions/0012).
POLICY_GAIN = 1.0


def linear(inputs: int, outputs: int, gain: float = sqrt(2)) -> nn.Linear:
    """A linear layer with orthogonal weights (Saxe et al., ICLR 2014) and zero bias."""
    layer = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


def fan_in_linear(inputs: int, outputs: int, gain: float = 1.0) -> nn.Linear:
    """A linear layer with weights and biases uniform within ±gain / sqrt(inputs) (Lillicrap et al., ICLR 2016).

    Q-learners learn faster from it than from orthogonal weights (docs/algorithms/dqn.md).
    """
    layer = nn.Linear(inputs, outputs)
    bound = gain / sqrt(inputs)
    nn.init.uniform_(layer.weight, -bound, bound)
    nn.init.uniform_(layer.bias, -bound, bound)
    return layer


def pad_rows(index: Tensor) -> Tensor:
    """An index [n] with its first entry repeated at the end up to a multiple of ``PADDING`` rows."""
    return torch.cat([index, index[:1].expand(-len(index) % PADDING)])


def _trunk(inputs: int, width: int, layers: int, make: MakeLinear = linear) -> nn.Sequential:
    parts: list[nn.Module] = []
    for i in range(layers):
        parts += [make(inputs if i == 0 else width, width), Tanh()]
    return nn.Sequential(*parts)


class Actor(nn.Module):
    """The policy of each agent of a group; an agent sees its own observation only.

    One network for any number of agents, or one network with separate weights for each agent.

    Args:
        group: The agents' layout of observation and action.
        heads: The layout of the action heads.
        width: W.
        layers: Hidden layers of the trunk.
        bounded: Distribution of real-valued heads, a key of ``BOUNDED``.
        order: Whether heads are independent of each other; weights per agent need independent heads.
        per_agent: Weights for each agent of the group, instead of one set for all.
    """

    def __init__(
        self,
        group: Group,
        heads: Heads,
        width: int,
        layers: int,
        bounded: str = "beta",
        *,
        order: HeadOrder = "independent",
        per_agent: bool = False,
    ) -> None:
        super().__init__()
        self.bounded = BOUNDED[bounded]
        self.heads = heads
        self.per_agent = per_agent
        make: MakeLinear = partial(AgentLinear, len(group.agents)) if per_agent else linear
        self.scaler = BoundsScaler(group.bounds)
        self.trunk = _trunk(len(group.features), width, layers, make)
        self.outputs = (
            HeadSequence(group, heads, self.bounded, width, make, POLICY_GAIN)
            if order == "sequential"
            else HeadOutputs(group, heads.choices + 2 * heads.continuous, width, make, POLICY_GAIN)
        )

    def forward(
        self,
        observations: Tensor,
        masks: Tensor,
        acting: Tensor | None = None,
        shift: Tensor | None = None,
    ) -> HybridPolicy:
        """The agents' action distribution.

        Args:
            observations: In the features' units, [..., F]; [B,A,F] for weights per agent, or with ``acting``.
            masks: Allowed choices, [..., C].
            acting: Numbers of the n agents among all B x A whose distribution is computed; None: all agents.
            shift: Of the real-valued heads, [..., 2R], see ``Bounded.shifted``; leading axes of the result, or 1 in their place.
        """
        if isinstance(self.outputs, HeadSequence):
            if acting is not None:
                observations, masks = (x.flatten(0, 1).index_select(0, acting) for x in (observations, masks))
            scaled = self.scaler(observations)
            policy: HybridPolicy = self.outputs(self.trunk(scaled), scaled, masks, shift=shift)
            return policy
        if acting is None:
            outputs = self._outputs(observations, masks)
        else:
            padded = pad_rows(acting)
            flat_masks = masks.flatten(0, 1)
            if self.per_agent:
                outputs = self._outputs(observations, masks).flatten(0, 1)[acting]
            else:
                outputs = self._outputs(
                    observations.flatten(0, 1).index_select(0, padded), flat_masks.index_select(0, padded)
                )[: len(acting)]
            masks = flat_masks[acting]
        logits, bounded = outputs.tensor_split([self.heads.choices], dim=-1)
        if shift is not None:
            bounded = self.bounded.shifted(bounded, shift)
        return HybridDistribution(self.heads, logits, self.bounded(bounded), masks)

    def _outputs(self, observations: Tensor, masks: Tensor) -> Tensor:
        """Logits and parameters of real-valued heads, [..., C + 2R], as precise as the observations."""
        if self.per_agent:  # agents first, as their layers want it
            observations, masks = observations.transpose(0, 1), masks.transpose(0, 1)
        scaled = self.scaler(observations)
        outputs: Tensor = self.outputs(self.trunk(scaled), scaled, masks)
        return outputs.transpose(0, 1) if self.per_agent else outputs


class LocalCritic(nn.Module):
    """V(o_i) of what one agent observes, in normalised units; the same function for all agents of a group.

    Args:
        group: The agents' layout of observation.
        width: W.
        layers: Hidden layers.
    """

    def __init__(self, group: Group, width: int, layers: int) -> None:
        super().__init__()
        self.value = nn.Sequential(
            BoundsScaler(group.bounds), _trunk(len(group.features), width, layers), linear(width, 1, 1.0)
        )

    def forward(self, observations: Tensor) -> Tensor:
        """Values [...] of observations [...,F] in the features' units."""
        value: Tensor = self.value(observations)
        return value.squeeze(-1)
