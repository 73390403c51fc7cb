# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Independent Q-learning: each agent learns alone and treats the others as part of the environment.

Tan, "Multi-agent reinforcement learning: independent vs. cooperative agents", ICML 1993, with the deep networks of Tampuu et
al. (2017). Agent i has its own network, target network and optimiser and reads only its own observation, when it learns and
when it acts. Its action heads are branches (Tavakoli, Pardo, Kormushev, AAAI 2018), dueling and with double Q-learning, as in
``dqn``:

    y_i = r_i + gamma mean_d Q^-_id(o'_i, argmax_c Q_id(o'_i, c)),

with the mean over i's active heads. At ticks at which i is not active, V^-_i(o'_i) replaces the mean, so that rewards between two
decisions are not lost. r_i is a mean reward over agents or i's own (``IqlOptions.reward``). Real-valued heads are discretised into
levels. When an agent leaves, y_i = r_i; an absent agent does not learn.

All agents learn in one batched product; loss, gradient clipping and reward scale are separate for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.rl.choices import HeadOutputs
from ns3marl.rl.descent import Descent
from ns3marl.rl.learner import acting_group
from ns3marl.rl.levels import BranchingOptions, Levels, best, dueling, epsilon_greedy, mean_counting, taken
from ns3marl.rl.normalise import BoundsScaler
from ns3marl.rl.off_policy import OffPolicyMemory
from ns3marl.rl.per_agent import AgentLinear, agent_trunk, clip_agent_grads
from ns3marl.rl.record import Decision
from ns3marl.rl.replay import Replay, RewardScale, Transitions, scaled_targets
from ns3marl.rl.rewards import RewardKind
from ns3marl.rl.state import GeneratorState, Parts
from ns3marl.rl.targets import PeriodicCopy
from ns3marl.types import Actions, Batch, Float32, Group, Spec


@dataclass(frozen=True)
class IqlOptions(BranchingOptions):
    """Independent Q-learning: each agent learns alone, from its own observation."""

    reward: RewardKind = "team"
    """The reward of an agent: mean over all agents of all groups, over all agents of its group, or its own."""


class IndependentNetworks(nn.Module):
    """A branching Q-network for each agent; it reads the agent's observation and whether it is active.

    Args:
        group: The agents' layout of observation and action.
        choices: C, over all heads of an agent, those of the group's discrete heads first.
        width: Units per hidden layer.
    """

    def __init__(self, group: Group, choices: int, width: int) -> None:
        super().__init__()
        agents = len(group.agents)
        self.scaler = BoundsScaler(group.bounds)
        self.trunk = agent_trunk(agents, len(group.features) + 1, width)
        self.value = AgentLinear(agents, width, 1, 1.0, fan_in=True)
        make = partial(AgentLinear, agents, fan_in=True)
        self.advantages = HeadOutputs(group, choices, width, make, 1.0)

    def forward(self, observations: Tensor, active: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
        """V [B,A] and advantages [B,A,C], not centred.

        Args:
            observations: In the features' units, [B,A,F].
            active: Which agents are active, [B,A].
            masks: Allowed choices of the group's discrete heads, [B,A,...].
        """
        scaled = self.scaler(observations)
        flags = active[..., None].to(scaled.dtype)
        hidden = self.trunk(torch.cat([scaled, flags], -1).transpose(0, 1))
        advantages = self.advantages(hidden, scaled.transpose(0, 1), masks.transpose(0, 1))
        return self.value(hidden)[..., 0].T, advantages.transpose(0, 1)


class Iql:
    """The learners of all agents; see the module.

    Args:
        spec: The scenario's spec.
        group: Number of the group whose agents learn.
        options: See ``IqlOptions``.
        seed: Seed of the network weights and of the samples from the replay buffer.

    Raises:
        ConfigError: The group's agents have no actions.
    """

    Options = IqlOptions
    central_execution = False

    def __init__(self, spec: Spec, group: int, options: IqlOptions, seed: int) -> None:
        self.options, self.number = options, group
        agents = acting_group(spec, group)
        self.levels = Levels(agents, options.levels)
        self.heads = self.levels.heads
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.networks = IndependentNetworks(agents, self.heads.choices, options.width)
        self.target = deepcopy(self.networks).requires_grad_(requires_grad=False)
        self.copies = PeriodicCopy(self.networks, self.target, options.target_steps)
        self.descent = Descent(self.networks, options.lr, options.max_grad_norm, clip=clip_agent_grads)
        self.scales = [RewardScale(options.discount) for _ in agents.agents]
        self.rng = np.random.default_rng(seed)
        self.memory = OffPolicyMemory(spec, group, options, self.heads.discrete, 0, self.rng)
        self.greedy = False  #: never explore in ``act``
        self.learned = Parts(
            networks=self.networks,
            target=self.target,
            optimiser=self.descent,
            copies=self.copies,
            scales=Parts(**{str(agent): scale for agent, scale in enumerate(self.scales)}),
            progress=self.memory.progress,
        )
        self.running = Parts(rng=GeneratorState(self.rng), memory=self.memory)

    @property
    def notes(self) -> str:
        """What results must say: the discretisation."""
        return self.levels.notes

    @property
    def epsilon(self) -> float:
        """Probability that a head explores now."""
        return self.options.epsilon_at(self.memory.progress)

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Actions:
        """See ``Learner.act``."""
        return self._decide(batch, rngs, 0.0 if self.greedy else self.options.epsilon).actions

    def explore(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Actions:
        """See ``Learner.explore``."""
        return self.memory.decided(batch, self._decide(batch, rngs, self.epsilon))

    @torch.no_grad()
    def _decide(self, batch: Batch, rngs: Sequence[np.random.Generator], epsilon: float) -> Decision:
        seen = batch.groups[self.number]
        allowed = torch.tensor(seen.masks)
        _, advantages = self.networks(torch.tensor(seen.observations), torch.tensor(seen.active), allowed)
        chosen = epsilon_greedy(self.heads, advantages, self.levels.masks(allowed), epsilon, rngs)
        return self.levels.decision(chosen.numpy(), seen.active)

    def learn(self, joint: Sequence[Actions], outcome: Batch) -> dict[str, float] | None:
        """See ``Learner.learn``; metrics come every ``IqlOptions.report_ticks``."""
        metrics = self.memory.learn(joint, outcome, self.measure, self.update)
        return None if metrics is None else {**metrics, "epsilon": self.epsilon}

    def measure(self, replay: Replay) -> None:
        """Sets the scale of every agent's rewards."""
        self.measure_rewards(replay.held_rewards(self.options.reward), keep_mean=replay.keeps_mean())

    def measure_rewards(self, rewards: Float32, *, keep_mean: bool = False) -> None:
        """Sets the scale of every agent's rewards from those of n ticks, [n,A] or [n,1]; see ``RewardScale.measure``."""
        columns = np.broadcast_to(rewards, (len(rewards), len(self.scales))).T
        for scale, column in zip(self.scales, columns, strict=True):
            scale.measure(column, keep_mean=keep_mean)

    @torch.no_grad()
    def targets(self, data: Transitions) -> Tensor:
        """Y of every agent in N transitions, [N,A], in units of its scaled reward."""
        after = data.after.groups[self.number]
        masks = self.levels.masks(after.masks)
        seen = after.observations, after.active, after.masks
        value, advantages = self.target(*seen)
        chosen = best(self.heads, self.networks(*seen)[1], masks)
        q = taken(self.heads, dueling(self.heads, value[..., None], advantages, masks), chosen)
        following = mean_counting(q, self.levels.counting(chosen, after.active), value)
        rewards = data.reward(self.options.reward, self.number).expand_as(value)
        ended = data.terminated[:, None] | ~after.present
        return scaled_targets(self.scales, rewards, ended, following, data.elapsed)

    def update(self, data: Transitions) -> dict[str, float]:
        """One gradient step of every agent; metrics by name, means over agents."""
        y, before = self.targets(data), data.before.groups[self.number]
        masks, chosen = self.levels.masks(before.masks), data.discrete[self.number]
        value, advantages = self.networks(before.observations, before.active, before.masks)
        q = taken(self.heads, dueling(self.heads, value[..., None], advantages, masks), chosen)
        losses = self.options.losses
        per_agent = mean_counting(
            losses(q, y[..., None].expand_as(q)),
            self.levels.counting(chosen, before.active),
            losses(value, y),
        )
        loss = (per_agent * before.present).mean(0)
        norm = self.descent.step(loss.sum())
        self.copies.step()
        return {
            "td_loss": float(loss.detach().mean()),
            "grad_norm": norm,
            "target_mean": float(y.mean()),
        }

    def load_policy(self, learned: dict[str, Any]) -> None:
        """See ``Learner.load_policy``: every agent's network.

        Raises:
            ValueError: The number of agents differs; there is no network for a new agent.
        """
        trained, agents = len(learned["scales"]), len(self.scales)
        if trained != agents:
            raise ValueError(
                f"independent learners were trained for {trained} agents and cannot act for {agents}: each has a network "
                f"of its own; train iql with {agents} agents"
            )
        self.networks.load_state_dict(learned["networks"])
