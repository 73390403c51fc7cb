# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""MADDPG: decentralised deterministic actors, a centralised critic, for hybrid actions.

Lowe et al., "Multi-agent actor-critic for mixed cooperative-competitive environments", NeurIPS 2017. The critic learns

    y = r + gamma Q^-(s', mu^-(o'_1), ..., mu^-(o'_N)),

and agent i's actor climbs Q(s, a_1, ..., mu_i(o_i), ..., a_N), where the others' actions are those of the replay. Discrete heads
are one-hot samples of a Gumbel-softmax under the mask (Jang, Gu, Poole, ICLR 2017; straight-through: the forward pass takes
the sample, the gradient that of the relaxation), real-valued heads are (1 + tanh)/2 on the unit interval, explored with
Gaussian noise. r is the team's reward, the mean over agents, so one critic serves all agents.

The critic is ``CreditCritic``: the published one reads all observations and actions side by side and so is tied to N and
must learn that agents are interchangeable. It also gives Q with agent i's action replaced, for all i at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ns3marl.config import MaddpgOptions
from ns3marl.rl.choices import HeadOutputs
from ns3marl.rl.credit import CreditCritic
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.learner import learning_group
from ns3marl.rl.levels import linear_decay
from ns3marl.rl.normalise import BoundsScaler
from ns3marl.rl.per_agent import AgentLinear, agent_trunk
from ns3marl.rl.policy import fill_inactive
from ns3marl.rl.replay import Averages, Replay, RewardScale, Seen, Transitions
from ns3marl.types import Actions, Batch, Float32, Group, Int64, Spec


class Actors(nn.Module):
    """Logits of the discrete heads and what the real-valued ones are before the tanh, from each agent's own observation.

    Args:
        group: The agents' layout of observation.
        heads: The layout of the action heads.
        copies: 1 for one network that all agents share, or the number of agents.
        width: Units per hidden layer.
    """

    def __init__(self, group: Group, heads: Heads, copies: int, width: int) -> None:
        super().__init__()
        self.heads = heads
        self.scaler = BoundsScaler(group.bounds)
        self.trunk = agent_trunk(copies, len(group.features), width)
        outputs = heads.choices + heads.continuous
        self.outputs = HeadOutputs(group, outputs, width, partial(AgentLinear, copies), 0.01)

    def forward(self, observations: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs [B,A,C] and [B,A,R] from [B,A,F] and allowed choices [B,A,C]."""
        scaled = self.scaler(observations).transpose(0, 1)
        outputs = self.outputs(self.trunk(scaled), scaled, masks.transpose(0, 1)).transpose(0, 1)
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
        options: See ``MaddpgOptions``.
        seed: Of the network weights, the draws from the replay and the Gumbel noise of the updates.

    Raises:
        ConfigError: The spec has several groups of agents, or agents without actions.
    """

    central_execution = False
    notes = ""  #: nothing is cut into levels

    def __init__(self, spec: Spec, options: MaddpgOptions, seed: int) -> None:
        self.spec, self.options = spec, options
        self.group = learning_group(spec, "maddpg")
        self.heads = Heads(self.group)
        copies = 1 if options.actors == "shared" else len(self.group.agents)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.actors = Actors(self.group, self.heads, copies, options.actor_width)
            self.critic = CreditCritic(spec, self.heads, options.critic_width, options.pooling)
        self.target_actors = deepcopy(self.actors).requires_grad_(requires_grad=False)
        self.target_critic = deepcopy(self.critic).requires_grad_(requires_grad=False)
        self.actor_optimiser = torch.optim.Adam(self.actors.parameters(), lr=options.actor_lr, fused=True)
        self.critic_optimiser = torch.optim.Adam(self.critic.parameters(), lr=options.critic_lr, fused=True)
        self.scale = RewardScale(options.discount)
        self.rng = np.random.default_rng(seed)
        self.greedy = False  #: take the most likely choices in ``act``
        self.ticks = 0  #: played, summed over environments
        self._averages = Averages()
        self._replay: Replay | None = None
        self._asked: tuple[Batch, Int64, Float32] | None = None  # between ``explore`` and ``learn``

    @property
    def noise(self) -> float:
        """Deviation of the exploration noise of real-valued heads now, in shares of their range."""
        progress = (self.ticks - self.options.warmup_ticks) / self.options.noise_ticks
        return linear_decay(self.options.noise_first, self.options.noise, max(progress, 0.0))

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``; not greedy, discrete heads are drawn from their softmax."""
        logits, real = self._outputs(batch)
        gumbel = np.zeros(logits.shape) if self.greedy else _draw(rngs, logits, "gumbel")
        return [self._actions(batch, self._choices(batch, logits + gumbel), _unit(real))]

    def explore(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Learner.explore``; uniformly random during the warm-up."""
        logits, real = self._outputs(batch)
        gumbel, uniform = _draw(rngs, logits, "gumbel"), _draw(rngs, logits, "random")
        heads = np.zeros((*logits.shape[:2], self.heads.discrete))
        warm = self.ticks >= self.options.warmup_ticks
        random = _draw(rngs, heads, "random") < (self.options.epsilon if warm else 1.0)
        discrete = np.where(random, self._choices(batch, uniform), self._choices(batch, logits + gumbel))
        if warm:
            unit = (_unit(real) + self.noise * _draw(rngs, real, "standard_normal")).clip(0, 1)
        else:
            unit = _draw(rngs, real, "random")
        unit = unit.astype(np.float32)
        self._asked = batch, discrete, unit
        return [self._actions(batch, discrete, unit)]

    @torch.no_grad()
    def _outputs(self, batch: Batch) -> tuple[Float32, Float32]:
        """Outputs of the actors, [B,A,C] and [B,A,R]."""
        seen = batch.groups[0]
        logits, real = self.actors(torch.tensor(seen.observations), torch.tensor(seen.masks))
        return logits.numpy(), real.numpy()

    def _choices(self, batch: Batch, scores: NDArray[Any]) -> Int64:
        """The allowed choice of greatest score of every discrete head, [B,A,D]."""
        allowed = np.where(batch.groups[0].masks, scores, -np.inf)
        offsets = self.group.mask_offsets
        columns = [allowed[..., a:b].argmax(-1) for a, b in pairwise(offsets)]
        return np.stack(columns, -1) if columns else np.zeros((*scores.shape[:2], 0), np.int64)

    def _actions(self, batch: Batch, discrete: Int64, unit: Float32) -> Actions:
        """In physical units, with the spec's defaults for agents that are not asked to act."""
        physical = self.heads.physical(torch.from_numpy(unit)).numpy()
        return fill_inactive(self.group, batch.groups[0].active, discrete, physical)

    def learn(self, outcome: Batch) -> dict[str, float] | None:
        """See ``Learner.learn``; figures come every ``MaddpgOptions.report_ticks``."""
        if self._asked is None:
            raise RuntimeError("learn() without explore(): there is no decision to learn from")
        envs, options = len(outcome.env_id), self.options
        if self._replay is None:
            self._replay = self._new_replay(envs)
        batch, discrete, unit = self._asked
        self._replay.add(batch, discrete, unit, outcome)
        self._asked = None
        self.ticks += envs
        self._averages.add(reward_per_tick=float(outcome.groups[0].rewards.mean(dtype=np.float64)))
        if self.ticks > options.warmup_ticks:
            if not self.scale.measured:
                rewards = self._replay.held_rewards().mean(-1)
                self.scale.measure(rewards, terminates=self._replay.terminates())
            for _ in range(
                self.ticks // options.ticks_per_step - (self.ticks - envs) // options.ticks_per_step
            ):
                self._averages.add(**self.update(self._replay.sample(options.batch_size, self.rng)))
        if self.ticks // envs % options.report_ticks:
            return None
        return {**self._averages.take(), "noise": self.noise, "replay": float(len(self._replay))}

    def _relaxed(self, actors: Actors, seen: Seen) -> tuple[Tensor, Tensor]:
        """Encoded actions of the actors, [N,A,K], and the sum of the squares of their outputs, [N,A]."""
        logits, real = actors(seen.observations, seen.masks)
        gumbel = torch.from_numpy(self.rng.gumbel(size=logits.shape).astype(np.float32))
        one_hots = gumbel_softmax(self.heads, logits, seen.masks, gumbel, self.options.temperature)
        encoded = self.heads.encode_relaxed(one_hots, (1 + torch.tanh(real)) / 2)
        return encoded, torch.cat([logits, real], -1).square().sum(-1)

    @torch.no_grad()
    def targets(self, data: Transitions) -> Tensor:
        """Y of N transitions, [N], in scaled reward units."""
        after = data.after
        encoded, _ = self._relaxed(self.target_actors, after)
        following = self.target_critic(after.observations, after.state, encoded, encoded, after.active).joint
        return self.scale.target(data.rewards.mean(-1), data.terminated, following)

    def update(self, data: Transitions) -> dict[str, float]:
        """One gradient step of critic and actors; its figures by name."""
        options, before = self.options, data.before
        y = self.targets(data)
        encoded = self.heads.encode(data.discrete, data.unit)
        values = self.critic(before.observations, before.state, encoded, encoded, before.active)
        critic_loss = nn.functional.huber_loss(values.joint, y, delta=options.huber_delta)
        self.critic_optimiser.zero_grad()
        critic_loss.backward()  # type: ignore[no-untyped-call] # torch's own
        critic_norm = nn.utils.clip_grad_norm_(self.critic.parameters(), options.max_grad_norm)
        self.critic_optimiser.step()
        figures = {"td_loss": float(critic_loss.detach()), "critic_grad_norm": float(critic_norm)}
        figures |= self._actor_step(before, encoded)
        for target, network in ((self.target_actors, self.actors), (self.target_critic, self.critic)):
            with torch.no_grad():
                for slow, fast in zip(target.parameters(), network.parameters(), strict=True):
                    slow.lerp_(fast, options.polyak)
        return {**figures, "target_mean": float(y.mean())}

    def _actor_step(self, seen: Seen, encoded: Tensor) -> dict[str, float]:
        """Every asked agent climbs Q with its own action replaced by its actor's, the others' as in the replay."""
        if not bool(seen.active.any()):
            return {}
        own, square = self._relaxed(self.actors, seen)
        self.critic.requires_grad_(requires_grad=False)
        q = self.critic(seen.observations, seen.state, encoded, own, seen.active).replaced
        loss = (self.options.regularisation * square - q)[seen.active].mean()
        self.actor_optimiser.zero_grad()
        loss.backward()
        self.critic.requires_grad_(requires_grad=True)
        norm = nn.utils.clip_grad_norm_(self.actors.parameters(), self.options.max_grad_norm)
        self.actor_optimiser.step()
        return {
            "actor_grad_norm": float(norm),
            "actor_value": float(q.detach()[seen.active].mean()),
            "actor_output_square": float(square.detach()[seen.active].mean()),
        }

    def _new_replay(self, num_envs: int) -> Replay:
        heads = self.heads
        return Replay(self.spec, self.options.replay_ticks, num_envs, heads.discrete, heads.continuous)

    def state_dict(self) -> dict[str, Any]:
        """Everything that ``load_state_dict`` needs to continue as if never interrupted."""
        return {
            "actors": self.actors.state_dict(),
            "critic": self.critic.state_dict(),
            "target_actors": self.target_actors.state_dict(),
            "target_critic": self.target_critic.state_dict(),
            "actor_optimiser": self.actor_optimiser.state_dict(),
            "critic_optimiser": self.critic_optimiser.state_dict(),
            "scale": self.scale.state_dict(),
            "rng": self.rng.bit_generator.state,
            "ticks": self.ticks,
            "averages": self._averages.state_dict(),
            "replay": None if self._replay is None else self._replay.state_dict(),
            "num_envs": 0 if self._replay is None else len(self._replay.written),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave.

        Raises:
            KeyError, RuntimeError, ValueError: The state does not fit this learner.
        """
        self.load_policy(state)
        self.critic.load_state_dict(state["critic"])
        self.target_actors.load_state_dict(state["target_actors"])
        self.target_critic.load_state_dict(state["target_critic"])
        self.actor_optimiser.load_state_dict(state["actor_optimiser"])
        self.critic_optimiser.load_state_dict(state["critic_optimiser"])
        self.scale.load_state_dict(state["scale"])
        self.rng.bit_generator.state = state["rng"]
        self.ticks = state["ticks"]
        self._averages.load_state_dict(state["averages"])
        self._replay = None
        if state["replay"] is not None:
            self._replay = self._new_replay(state["num_envs"])
            self._replay.load_state_dict(state["replay"])

    def load_policy(self, state: dict[str, Any]) -> None:
        """See ``Learner.load_policy``: the actors; a shared one for any number of agents.

        Raises:
            ValueError: Each agent had an actor of its own, and there were more or fewer agents.
        """
        first = "trunk.0.weight"
        trained, copies = len(state["actors"][first]), len(self.actors.get_parameter(first))
        if trained != copies:
            raise ValueError(
                f"{trained} actors were trained and {copies} are needed; only maddpg.actors=shared serves any number of agents"
            )
        self.actors.load_state_dict(state["actors"])


def _unit(real: Float32) -> Float32:
    """(1 + tanh) / 2."""
    unit: NDArray[Any] = (1 + np.tanh(real)) / 2
    return unit


def _draw(rngs: Sequence[np.random.Generator], like: NDArray[Any], law: str) -> Float32:
    """Noise of the shape of ``like``; row b from ``rngs[b]`` alone. ``law`` is a method of the generators."""
    rows = [getattr(rng, law)(size=like.shape[1:]) for rng in rngs]
    raw: NDArray[Any] = np.stack(rows)
    return raw.astype(np.float32)
