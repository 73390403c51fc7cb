# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""MADDPG: decentralised deterministic actors, a centralised critic, for hybrid actions.

Lowe et al., "Multi-agent actor-critic for mixed cooperative-competitive environments", NeurIPS 2017. The critic learns

    y = r + gamma Q^-(s', mu^-(o'_1), ..., mu^-(o'_N)),

and agent i's actor maximises Q(s, a_1, ..., mu_i(o_i), ..., a_N) with the others' actions from the replay buffer. Discrete heads
are one-hot samples of a Gumbel-softmax under the mask (Jang, Gu, Poole, ICLR 2017; straight-through: the forward pass takes
the sample, the gradient that of the relaxation), real-valued heads are (1 + tanh)/2 on the unit interval, explored with
Gaussian noise. r is a mean reward over agents (``MaddpgOptions.reward``), so one critic serves all agents of a group.

The critic is ``CreditCritic``. The published critic concatenates all observations and actions, which fixes N and requires learning that
agents are interchangeable. ``CreditCritic`` also gives Q with agent i's action replaced, for all i at once.

With several groups the critic reads all of them. In s' the agents of other groups act as their current learners of any kind would
(``Sociable``): there are target policies for the own group only.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ns3marl.options import Fraction, NotNegativeFloat, PositiveFloat, PositiveInt
from ns3marl.rl.choices import HeadOutputs
from ns3marl.rl.credit import CreditCritic
from ns3marl.rl.descent import Descent
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.learner import ActOf, acting_group
from ns3marl.rl.levels import linear_decay
from ns3marl.rl.losses import huber
from ns3marl.rl.normalise import BoundsScaler
from ns3marl.rl.off_policy import OffPolicyMemory, OffPolicyOptions
from ns3marl.rl.per_agent import AgentLinear, agent_trunk
from ns3marl.rl.policy import fill_inactive
from ns3marl.rl.pooled import Acts, Pooling, Read, numbers
from ns3marl.rl.record import Decision, on_unit_interval
from ns3marl.rl.replay import Replay, RewardScale, Transitions
from ns3marl.rl.rewards import SharedReward
from ns3marl.rl.seen import GroupSeen, Seen, batch_of
from ns3marl.rl.state import GeneratorState, Parts
from ns3marl.rl.targets import follow
from ns3marl.types import Actions, Batch, Float32, Group, Int64, Spec


@dataclass(frozen=True)
class MaddpgOptions(OffPolicyOptions):
    """MADDPG: actors that read their own observation, and a critic that reads all observations and actions."""

    actors: Literal["shared", "per-agent"] = "shared"
    """One actor network for all agents of the group, or one for each."""
    reward: SharedReward = "team"
    """The reward to maximise: mean over all agents of all groups, or of their own group."""
    discount: Fraction = 0.9
    """Discount factor gamma, per tick."""
    max_grad_norm: PositiveFloat = 10.0
    """Maximum norm of a gradient, for actor and critic each; longer ones are scaled down."""
    actor_lr: PositiveFloat = 1e-3
    """Adam's learning rate of the actors."""
    critic_lr: PositiveFloat = 1e-3
    """Adam's learning rate of the critic."""
    polyak: Fraction = 0.01
    """Weight of the networks in the update of the target networks at every gradient step."""
    temperature: PositiveFloat = 1.0
    """Temperature of the Gumbel-softmax relaxation."""
    noise: NotNegativeFloat = 0.2
    """Standard deviation of the exploration noise of real-valued heads, as a fraction of their range, after the decay."""
    noise_first: NotNegativeFloat = 0.5
    """The same at the end of the warm-up."""
    noise_ticks: PositiveInt = 6000
    """Ticks after the warm-up, summed over environments, in which the noise decays."""
    epsilon: Fraction = 0.1
    """Probability of a uniformly random choice of a discrete head during exploration."""
    regularisation: NotNegativeFloat = 2e-3
    """Weight of the sum of the squares of an actor's outputs; it prevents saturation on errors of the critic."""
    huber_delta: PositiveFloat = 1.0
    """Error from which the critic's loss is linear, in standard deviations of the reward."""
    actor_width: PositiveInt = 64
    """Units per hidden layer of an actor."""
    critic_width: PositiveInt = 64
    """Units per hidden layer of the critic."""
    pooling: Pooling = "mean"
    """How the critic pools agents."""


class Actors(nn.Module):
    """Logits of the discrete heads and real-valued outputs before the tanh, from each agent's own observation.

    Args:
        group: The agents' layout of observation.
        heads: The layout of the action heads.
        copies: 1 for one network that all agents share, or the number of agents.
        width: Units per hidden layer.
    """

    def __init__(self, group: Group, heads: Heads, copies: int, width: int) -> None:
        super().__init__()
        self.heads, self.copies = heads, copies
        self.scaler = BoundsScaler(group.bounds)
        self.trunk = agent_trunk(copies, len(group.features), width)
        outputs = heads.choices + heads.continuous
        self.outputs = HeadOutputs(group, outputs, width, partial(AgentLinear, copies), 0.01)

    def forward(
        self, observations: Tensor, masks: Tensor, acting: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Outputs for discrete and real-valued heads, [B,A,C] and [B,A,R], or [n,C] and [n,R].

        Args:
            observations: In the features' units, [B,A,F].
            masks: Allowed choices, [B,A,C].
            acting: Numbers of the n agents, of all B x A, whose outputs to return; None: all.
        """
        if acting is not None and self.copies == 1:
            observations, masks = (x.flatten(0, 1)[acting, None] for x in (observations, masks))
        scaled = self.scaler(observations).transpose(0, 1)
        outputs = self.outputs(self.trunk(scaled), scaled, masks.transpose(0, 1)).transpose(0, 1)
        if acting is not None:
            outputs = outputs[:, 0] if self.copies == 1 else outputs.flatten(0, 1)[acting]
        return outputs[..., : self.heads.choices], outputs[..., self.heads.choices :]


def gumbel_softmax(heads: Heads, logits: Tensor, masks: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """One-hot samples of every head, [..., C], with the gradient of softmax((logits + noise) / temperature).

    Args:
        heads: The layout of the heads.
        logits: [..., C].
        masks: Allowed choices, [..., C]; a head that allows nothing is treated as if it allowed everything.
        noise: Of the standard Gumbel distribution, [..., C].
        temperature: Above 0.
    """
    parts = []
    for part, mask in zip(heads.split(logits + noise), heads.split(masks), strict=True):
        allowed = mask | ~mask.any(-1, keepdim=True)
        relaxed = torch.softmax(part.masked_fill(~allowed, -torch.inf) / temperature, -1)
        sample = nn.functional.one_hot(relaxed.argmax(-1), relaxed.shape[-1]).to(relaxed.dtype)
        parts.append(sample + relaxed - relaxed.detach())
    return torch.cat(parts, -1) if parts else logits


class Maddpg:
    """The learner; see the module.

    Args:
        spec: The scenario's spec.
        group: Number of the group that it controls.
        options: See ``MaddpgOptions``.
        seed: Seed of the network weights, the samples from the replay buffer and the Gumbel noise of the updates.

    Raises:
        ConfigError: The group's agents have no actions.
    """

    Options = MaddpgOptions
    central_execution = False

    def __init__(self, spec: Spec, group: int, options: MaddpgOptions, seed: int) -> None:
        self.spec, self.options, self.number = spec, options, group
        self.group = acting_group(spec, group)
        self.heads = Heads(self.group)
        self.all_heads = [Heads(one) for one in spec.groups]
        copies = 1 if options.actors == "shared" else len(self.group.agents)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.actors = Actors(self.group, self.heads, copies, options.actor_width)
            self.critic = CreditCritic(spec, group, options.critic_width, options.pooling)
        self.target_actors = deepcopy(self.actors).requires_grad_(requires_grad=False)
        self.target_critic = deepcopy(self.critic).requires_grad_(requires_grad=False)
        self.actor_descent = Descent(self.actors, options.actor_lr, options.max_grad_norm)
        self.critic_descent = Descent(self.critic, options.critic_lr, options.max_grad_norm)
        self.scale = RewardScale(options.discount)
        self.rng = np.random.default_rng(seed)
        self.memory = OffPolicyMemory(
            spec, group, options, self.heads.discrete, self.heads.continuous, self.rng
        )
        self.greedy = False  #: take the most likely choices in ``act``
        self._act_of: ActOf | None = None
        self.learned = Parts(
            actors=self.actors,
            critic=self.critic,
            target_actors=self.target_actors,
            target_critic=self.target_critic,
            actor_optimiser=self.actor_descent,
            critic_optimiser=self.critic_descent,
            scale=self.scale,
            progress=self.memory.progress,
        )
        self.running = Parts(rng=GeneratorState(self.rng), memory=self.memory)

    def meet(self, act_of: ActOf) -> None:
        """See ``Sociable``: the critic's targets need the actions of other groups."""
        self._act_of = act_of

    @property
    def noise(self) -> float:
        """Current standard deviation of the exploration noise of real-valued heads, as a fraction of their range."""
        options = self.options
        progress = self.memory.progress.since(options.warmup_ticks, options.noise_ticks)
        return linear_decay(options.noise_first, options.noise, progress)

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Actions:
        """See ``Learner.act``; unless greedy, discrete heads are sampled from their softmax."""
        logits, real = self._outputs(batch)
        gumbel = np.zeros(logits.shape) if self.greedy else _draw(rngs, logits, "gumbel")
        return self._actions(batch, self._choices(batch, logits + gumbel), _unit(real))

    def explore(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Actions:
        """See ``Learner.explore``; uniformly random during the warm-up."""
        logits, real = self._outputs(batch)
        gumbel, uniform = _draw(rngs, logits, "gumbel"), _draw(rngs, logits, "random")
        heads = np.zeros((*logits.shape[:2], self.heads.discrete))
        warm = self.memory.progress.ticks >= self.options.warmup_ticks
        random = _draw(rngs, heads, "random") < (self.options.epsilon if warm else 1.0)
        discrete = np.where(random, self._choices(batch, uniform), self._choices(batch, logits + gumbel))
        if warm:
            unit = (_unit(real) + self.noise * _draw(rngs, real, "standard_normal")).clip(0, 1)
        else:
            unit = _draw(rngs, real, "random")
        unit = unit.astype(np.float32)
        return self.memory.decided(batch, Decision(self._actions(batch, discrete, unit), discrete, unit))

    @torch.no_grad()
    def _outputs(self, batch: Batch) -> tuple[Float32, Float32]:
        """Outputs of the actors, [B,A,C] and [B,A,R]."""
        seen = batch.groups[self.number]
        logits, real = self.actors(torch.tensor(seen.observations), torch.tensor(seen.masks))
        return logits.numpy(), real.numpy()

    def _choices(self, batch: Batch, scores: NDArray[Any]) -> Int64:
        """The allowed choice with the highest score of every discrete head, [B,A,D]."""
        allowed = np.where(batch.groups[self.number].masks, scores, -np.inf)
        offsets = self.group.mask_offsets
        columns = [allowed[..., a:b].argmax(-1) for a, b in pairwise(offsets)]
        return np.stack(columns, -1) if columns else np.zeros((*scores.shape[:2], 0), np.int64)

    def _actions(self, batch: Batch, discrete: Int64, unit: Float32) -> Actions:
        """In physical units, with the spec's defaults for inactive agents."""
        physical = self.heads.physical(torch.from_numpy(unit)).numpy()
        return fill_inactive(self.group, batch.groups[self.number].active, discrete, physical)

    def learn(self, joint: Sequence[Actions], outcome: Batch) -> dict[str, float] | None:
        """See ``Learner.learn``; metrics come every ``MaddpgOptions.report_ticks``."""
        metrics = self.memory.learn(joint, outcome, self.measure, self.update)
        return None if metrics is None else {**metrics, "noise": self.noise}

    def measure(self, replay: Replay) -> None:
        """Sets the scale of the rewards."""
        self.scale.measure(replay.held_rewards(self.options.reward), keep_mean=replay.keeps_mean())

    def _relaxed(self, actors: Actors, seen: GroupSeen, acting: Tensor) -> tuple[Tensor, Tensor]:
        """Encoded actions of the n active agents' actors, [n,K], and the sum of the squares of their outputs, [n]."""
        logits, real = actors(seen.observations, seen.masks, acting)
        gumbel = torch.from_numpy(self.rng.gumbel(size=logits.shape).astype(np.float32))
        masks = seen.masks.flatten(0, 1)[acting]
        one_hots = gumbel_softmax(self.heads, logits, masks, gumbel, self.options.temperature)
        encoded = self.heads.encode_relaxed(one_hots, (1 + torch.tanh(real)) / 2)
        return encoded, torch.cat([logits, real], -1).square().sum(-1)

    @torch.no_grad()
    def targets(self, data: Transitions) -> Tensor:
        """Y of N transitions, [N], in scaled reward units."""
        own = data.after.groups[self.number]
        acts = self._others_now(data.after)
        acting = numbers(own.active)
        acts[self.number] = Acts(acting, self._relaxed(self.target_actors, own, acting)[0])
        following = self.target_critic.joint(self.target_critic.read(data.after), acts)
        rewards = data.reward(self.options.reward, self.number).squeeze(-1)
        return self.scale.target(rewards, data.terminated, following, data.elapsed)

    def _others_now(self, seen: Seen) -> list[Acts]:
        """Actions that the active agents of all groups would take in N states with their current learners; empty for the own group."""
        acts = [Acts(torch.empty(0), torch.empty(0))] * len(self.spec.groups)
        if len(acts) == 1:
            return acts
        if self._act_of is None:
            raise RuntimeError("targets() before meet(): how other groups act is not known")
        batch = batch_of(seen)
        for g, group in enumerate(self.spec.groups):
            if g != self.number:
                rngs = [
                    np.random.default_rng(key) for key in self.rng.integers(2**63, size=len(batch.env_id))
                ]
                actions = self._act_of(g, batch, rngs)
                unit = torch.from_numpy(on_unit_interval(group, actions.continuous))
                acts[g] = self._acts(g, seen, torch.from_numpy(actions.discrete), unit)
        return acts

    def _acts(self, group: int, seen: Seen, discrete: Tensor, unit: Tensor) -> Acts:
        """Actions of the active agents of a group in N states, from all agents' choices [N,A,D] and real-valued actions [N,A,R]."""
        acting = numbers(seen.groups[group].active)
        chosen, real = (actions.flatten(0, 1)[acting] for actions in (discrete, unit))
        return Acts(acting, self.all_heads[group].encode(chosen, real))

    def update(self, data: Transitions) -> dict[str, float]:
        """One gradient step of critic and actors; its metrics by name."""
        y = self.targets(data)
        read = self.critic.read(data.before)
        acts = [
            self._acts(g, data.before, discrete, unit)
            for g, (discrete, unit) in enumerate(zip(data.discrete, data.unit, strict=True))
        ]
        critic_loss = huber(self.critic.joint(read, acts), y, self.options.huber_delta)
        critic_norm = self.critic_descent.step(critic_loss)
        metrics = {"td_loss": float(critic_loss.detach()), "critic_grad_norm": critic_norm}
        metrics |= self._actor_step(data.before.groups[self.number], read, acts)
        follow(self.actors, self.target_actors, self.options.polyak)
        follow(self.critic, self.target_critic, self.options.polyak)
        return {**metrics, "target_mean": float(y.mean())}

    def _actor_step(self, seen: GroupSeen, read: Read, acts: Sequence[Acts]) -> dict[str, float]:
        """Every active agent maximises Q with its own action from its actor and the others' from the replay buffer."""
        acting = acts[self.number].acting
        if not len(acting):
            return {}
        own, square = self._relaxed(self.actors, seen, acting)
        q = self.critic.replaced(read, acts, own)
        loss = (self.options.regularisation * square - q).mean()
        norm = self.actor_descent.step(loss)
        return {
            "actor_grad_norm": norm,
            "actor_value": float(q.detach().mean()),
            "actor_output_square": float(square.detach().mean()),
        }

    def load_policy(self, learned: dict[str, Any]) -> None:
        """See ``Learner.load_policy``: the actors; a shared one for any number of agents.

        Raises:
            ValueError: Each agent has its own actor, and the number of agents differs.
        """
        first = "trunk.0.weight"
        trained, copies = len(learned["actors"][first]), len(self.actors.get_parameter(first))
        if trained != copies:
            raise ValueError(
                f"{trained} actors were trained and {copies} are needed; only maddpg.actors=shared serves any number of agents"
            )
        self.actors.load_state_dict(learned["actors"])


def _unit(real: Float32) -> Float32:
    """(1 + tanh) / 2."""
    unit: NDArray[Any] = (1 + np.tanh(real)) / 2
    return unit


def _draw(rngs: Sequence[np.random.Generator], like: NDArray[Any], law: str) -> Float32:
    """Noise with the shape of ``like``; row b comes from ``rngs[b]`` only. ``law`` is a method of the generators."""
    rows = [getattr(rng, law)(size=like.shape[1:]) for rng in rngs]
    raw: NDArray[Any] = np.stack(rows)
    return raw.astype(np.float32)
