# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The actor and the pooled, action-taking critic.

Axes as in ``hybrid``: A agents, F features, C choices, R real-valued heads, K entries of an encoded action; W is the
width of hidden layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import sqrt
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from ns3marl.rl.bounded import BOUNDED
from ns3marl.rl.choices import HeadOutputs, MakeLinear
from ns3marl.rl.hybrid import Heads, HybridDistribution
from ns3marl.rl.normalise import BoundsScaler
from ns3marl.rl.per_agent import AgentLinear
from ns3marl.types import Group, Spec

Pooling = Literal["mean", "attention"]
# Libraries prepare a kernel for every number of rows that layers meet in bfloat16: as many as agents were asked, which
# changes from minibatch to minibatch. Rounded up to a multiple of this, there are few.
PADDING = 128
# Of a policy's output layer. Agents with one actor tell themselves apart by what they observe. With weights near 0 they begin
# alike; where they must differ to be paid, that is a saddle of the reward, and some never leave it (docs/decisions/0010).
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


class Tanh(nn.Module):
    """Hyperbolic tangent, in single precision even where layers compute in bfloat16: processors have no quick one for that."""

    def forward(self, x: Tensor) -> Tensor:
        """Of each element."""
        return torch.tanh(x.float() if x.dtype == torch.bfloat16 else x)


def _trunk(inputs: int, width: int, layers: int, make: MakeLinear = linear) -> nn.Sequential:
    parts: list[nn.Module] = []
    for i in range(layers):
        parts += [make(inputs if i == 0 else width, width), Tanh()]
    return nn.Sequential(*parts)


class Actor(nn.Module):
    """The policy of each agent of a group; an agent sees its own observation only.

    One network for all agents, of any number, or one for each with weights of its own: equal networks side by side.

    Args:
        group: The agents' layout of observation and action.
        heads: The layout of the action heads.
        width: W.
        layers: Hidden layers of the trunk.
        bounded: Distribution of real-valued heads, a key of ``BOUNDED``.
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
        per_agent: bool = False,
    ) -> None:
        super().__init__()
        self.bounded = BOUNDED[bounded]
        self.heads = heads
        self.per_agent = per_agent
        make: MakeLinear = partial(AgentLinear, len(group.agents)) if per_agent else linear
        self.scaler = BoundsScaler(group.bounds)
        self.trunk = _trunk(len(group.features), width, layers, make)
        self.outputs = HeadOutputs(group, heads.choices + 2 * heads.continuous, width, make, POLICY_GAIN)

    def forward(self, observations: Tensor, masks: Tensor, asked: Tensor | None = None) -> HybridDistribution:
        """The agents' action distribution.

        Args:
            observations: In the features' units, [..., F]; [B,A,F] for weights per agent, or with ``asked``.
            masks: Allowed choices, [..., C].
            asked: Whose distribution is wanted, n agents of all B x A by number; None: everybody's.
        """
        if asked is None:
            outputs = self._outputs(observations, masks)
        else:
            padded = pad_rows(asked)
            flat_masks = masks.flatten(0, 1)
            if self.per_agent:
                outputs = self._outputs(observations, masks).flatten(0, 1)[asked]
            else:
                outputs = self._outputs(
                    observations.flatten(0, 1).index_select(0, padded), flat_masks.index_select(0, padded)
                )[: len(asked)]
            masks = flat_masks[asked]
        logits, bounded = outputs.tensor_split([self.heads.choices], dim=-1)
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


class CriticValues(NamedTuple):
    """What the critic says of B states, in normalised units; Q and V of the team, or [B,A] of every agent's own return."""

    joint: Tensor  #: [B] or [B,A] Q(s, a): the value of the joint action taken
    baselines: Tensor  #: [B,A] V(s^-i): agent i's action replaced by its marginal, Q for an agent without action; of i's own return, if each has one
    state: Tensor  #: [B] or [B,A] V(s): no action known


class _ValueHead(nn.Module):
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


class PooledCritic(nn.Module):
    """Values of the joint action, of all A counterfactual marginals at once, and of the state alone.

    e_i = phi(h(o_i) + W act_i), Q = g(pool_i e_i), V(s^-i) = g(pool with e_i replaced by phi(h(o_i) + W act'_i)),
    where act_i is the encoded action and act'_i its expectation under i's policy (``HybridDistribution.moments``).
    V(s^-i) does not depend on a_i, so it is a baseline that leaves the policy gradient unbiased (Foerster et al.,
    "Counterfactual multi-agent policy gradients", AAAI 2018). Pooling makes the critic indifferent to the agents'
    order and number. V(s) is a head of its own on the pool of phi(h(o_i)).

    With ``per_agent`` the values are those of each agent's own return. g then reads agent i's embedding beside the pool:
    Q_i = g(pool, e_i), and V_i(s^-i) has agent i's marginal in both places, so a_i is in neither.

    State blocks whose rows are the group's agents extend h's input, row by row; rows of other blocks are embedded
    and averaged, and join the input of g.

    Args:
        spec: The scenario's spec, with one group.
        heads: The layout of the action heads.
        width: W.
        pooling: "mean", or "attention" with one learned query.
        per_agent: Values of each agent's own return, instead of the team's.
    """

    def __init__(
        self, spec: Spec, heads: Heads, width: int, pooling: Pooling, *, per_agent: bool = False
    ) -> None:
        super().__init__()
        self.per_agent = per_agent
        group = spec.groups[0]
        self.agents = len(group.agents)
        self.own_blocks = [b for b, block in enumerate(spec.state) if block.rows == group.agents]
        self.other_blocks = [b for b in range(len(spec.state)) if b not in self.own_blocks]
        self.scaler = BoundsScaler(group.bounds)
        self.block_scalers = nn.ModuleList(BoundsScaler(block.bounds) for block in spec.state)
        inputs = len(group.features) + sum(len(spec.state[b].features) for b in self.own_blocks)
        self.observe = nn.Sequential(linear(inputs, width), Tanh(), linear(width, width))
        self.act = nn.Linear(heads.encoded + 1, width, bias=False)
        nn.init.orthogonal_(self.act.weight, sqrt(2))
        self.embed = nn.Sequential(Tanh(), linear(width, width), Tanh())
        self.attend = linear(width, 1) if pooling == "attention" else None
        self.rows = nn.ModuleList(
            nn.Sequential(linear(len(spec.state[b].features), width), Tanh()) for b in self.other_blocks
        )
        pooled, context = width * (1 + per_agent), width * len(self.other_blocks)
        self.value_joint = _ValueHead(pooled, context, width)
        self.value_state = _ValueHead(pooled, context, width)

    def forward(
        self,
        observations: Tensor,
        state: Sequence[Tensor],
        encoded: Tensor,
        moments: Tensor,
        active: Tensor,
    ) -> CriticValues:
        """Values of B states.

        Args:
            observations: [B,A,F] in the features' units.
            state: Per state block [B,S,F].
            encoded: Joint action taken, [B,A,K]; ignored where an agent was not asked to act.
            moments: Marginal of each agent, [B,A,K]; likewise.
            active: Who was asked to act, [B,A].
        """
        asked = active.flatten().nonzero().squeeze(-1)
        acts = encoded.flatten(0, 1)[asked], moments.flatten(0, 1)[asked]
        return self.evaluate(self.read(observations, state), asked, *acts)

    def state_value(self, observations: Tensor, state: Sequence[Tensor]) -> Tensor:
        """V(s) alone, [B] or [B,A]."""
        return self.evaluate_state(self.read(observations, state))

    def evaluate_state(self, inputs: Sequence[Tensor]) -> Tensor:
        """As ``state_value``, from what ``read`` gave."""
        hidden, context = self._first_layers(inputs)
        embedded = self._embed(hidden)
        pool = self._pool(self._share(embedded).sum(1))
        return self._value(self.value_state, pool, embedded, context)

    def read(self, observations: Tensor, state: Sequence[Tensor]) -> list[Tensor]:
        """What the first layers read, scaled: of every agent [B,A,I], then of each block that is not about agents [B,S,F]."""
        scaled = [scale(block) for scale, block in zip(self.block_scalers, state, strict=True)]
        own = torch.cat([self.scaler(observations), *(scaled[b] for b in self.own_blocks)], -1)
        return [own, *(scaled[b] for b in self.other_blocks)]

    def evaluate(
        self, inputs: Sequence[Tensor], asked: Tensor, encoded: Tensor, moments: Tensor
    ) -> CriticValues:
        """As ``forward``, from what ``read`` gave.

        Args:
            inputs: Of B states.
            asked: The n agents that were asked to act, of all B x A by number.
            encoded: Their actions, [n,K].
            moments: Their marginals, [n,K].
        """
        hidden, context = self._first_layers(inputs)
        unknown = self._embed(hidden)
        batch, agents, _ = hidden.shape
        states = asked // agents  # where each of them stands
        n, padded = len(asked), pad_rows(asked)
        acts = nn.functional.pad(torch.stack([encoded, moments]), (0, 1), value=1.0)  # was asked
        acts = nn.functional.pad(acts, (0, 0, 0, len(padded) - n))
        own, marginal = self._embed(hidden.flatten(0, 1)[padded] + self.act(acts))[:, :n].unbind()
        before, after, instead = (self._share(e) for e in (unknown, own, marginal))
        unseen = before.sum(1)  # [B,P]
        total = unseen.index_add(0, states, after - before.flatten(0, 1)[asked])
        pool, without = self._pool(total), self._pool(total[states] - after + instead)
        state = self._value(self.value_state, self._pool(unseen), unknown, context)
        if self.per_agent:
            taken = unknown.flatten(0, 1).index_copy(0, asked, own).view_as(unknown)
            joint = everyone = self._value(self.value_joint, pool, taken, context)
            without = torch.cat([without, marginal], -1)
        else:
            joint = self._value(self.value_joint, pool, unknown, context)
            everyone = joint[:, None].expand(batch, agents)
        counterfactual = self.value_joint(without, context, states)
        baselines = everyone.flatten().index_copy(0, asked, counterfactual).view(batch, agents)
        return CriticValues(joint, baselines, state)

    def _first_layers(self, inputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """h(o_i) [B,A,W], and the embedding of the blocks that are not about agents [B,W x blocks]."""
        own, *others = inputs
        rows = [embed(block).mean(-2) for embed, block in zip(self.rows, others, strict=True)]
        context = torch.cat(rows, -1) if rows else own.new_zeros(own.shape[0], 0)
        return self.observe(own), context

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

    def _pool(self, total: Tensor) -> Tensor:
        """The mean of which ``total`` [..., P] is the sum over agents, [..., W]."""
        if self.attend is None:
            return total / self.agents
        return total[..., :-1] / total[..., -1:]

    def _value(self, head: _ValueHead, pool: Tensor, embedded: Tensor, context: Tensor) -> Tensor:
        """Value of the pool [B], or of the pool as each agent stands in it [B,A]."""
        if not self.per_agent:
            value: Tensor = head(pool, context)
            return value
        batch, agents, width = embedded.shape
        beside = torch.cat([pool[:, None].expand_as(embedded), embedded], -1)
        states = torch.arange(batch).repeat_interleave(agents)
        value = head(beside.view(-1, 2 * width), context, states)
        return value.view(batch, agents)
