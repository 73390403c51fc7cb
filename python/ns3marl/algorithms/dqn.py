# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Branching DQN: one central controller of all agents of a group.

The joint action of N agents with H heads has too many values for one output per value, so every head of every agent
is a separate branch (Tavakoli, Pardo, Kormushev, "Action branching architectures for deep reinforcement learning", AAAI
2018): dueling, with double Q-learning (van Hasselt, Guez, Silver, AAAI 2016) and one target for all branches,

    y = r + gamma mean_d Q^-_d(s', argmax_c Q_d(s', c)),

with the mean over the active heads of the active agents in s'. If no agent is active, y = r + gamma V^-(s'). r is a mean reward over
agents (``DqnOptions.reward``). Real-valued heads are discretised into levels.

A branch of agent i reads e_i, the embedding of i's observation and row of the state, and one pool of embeddings per group; V reads the
pools. So the network works for any number of agents. Execution is central: it acts on the observations of all agents.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.options import PositiveInt
from ns3marl.rl.central import CentralHeads
from ns3marl.rl.descent import Descent
from ns3marl.rl.learner import acting_group
from ns3marl.rl.levels import BranchingOptions, Levels, best, dueling, epsilon_greedy, mean_counting, taken
from ns3marl.rl.networks import fan_in_linear
from ns3marl.rl.off_policy import OffPolicyMemory
from ns3marl.rl.record import Decision
from ns3marl.rl.replay import Replay, RewardScale, Transitions
from ns3marl.rl.rewards import SharedReward
from ns3marl.rl.seen import Seen, seen_in
from ns3marl.rl.state import GeneratorState, Parts
from ns3marl.rl.targets import PeriodicCopy
from ns3marl.types import Actions, Batch, Spec


@dataclass(frozen=True)
class DqnOptions(BranchingOptions):
    """Branching DQN: one controller of all agents of a group, on the global state."""

    reward: SharedReward = "team"
    """The reward to maximise: mean over all agents of all groups, or of its own group."""
    replay_ticks: PositiveInt = 4000


class BranchingNetwork(nn.Module):
    """V of the state and advantages of every choice of every agent.

    Args:
        spec: The scenario's spec.
        group: Number of the group.
        choices: C, over all heads of an agent.
        width: W, units per hidden layer.
    """

    def __init__(self, spec: Spec, group: int, choices: int, width: int) -> None:
        super().__init__()
        self.advantages = CentralHeads(
            spec, group, choices, width, gain=1.0, make=fan_in_linear, activation=nn.ReLU
        )
        pooled = self.advantages.encoder.context_width
        self.value = nn.Sequential(fan_in_linear(pooled, width), nn.ReLU(), fan_in_linear(width, 1))

    def forward(self, seen: Seen, *, active_only: bool = False) -> tuple[Tensor, Tensor]:
        """V(s) [B] and advantages [B,A,C], not centred.

        Args:
            seen: B states.
            active_only: Return the advantages of the n active agents only, [n,C], in the order of ``active.nonzero()``.
        """
        advantages, pool = self.advantages(seen, active_only=active_only)
        return self.value(pool).squeeze(-1), advantages


class Dqn:
    """The learner; see the module.

    Args:
        spec: The scenario's spec.
        group: Number of the group that it controls.
        options: See ``DqnOptions``.
        seed: Seed of the network weights and of the samples from the replay buffer.

    Raises:
        ConfigError: The group's agents have no actions.
    """

    Options = DqnOptions
    central_execution = True

    def __init__(self, spec: Spec, group: int, options: DqnOptions, seed: int) -> None:
        self.options, self.number = options, group
        self.levels = Levels(acting_group(spec, group), options.levels)
        self.heads = self.levels.heads
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = BranchingNetwork(spec, group, self.heads.choices, options.width)
        self.target = deepcopy(self.network).requires_grad_(requires_grad=False)
        self.copies = PeriodicCopy(self.network, self.target, options.target_steps)
        self.descent = Descent(self.network, options.lr, options.max_grad_norm)
        self.scale = RewardScale(options.discount)
        self.rng = np.random.default_rng(seed)
        self.memory = OffPolicyMemory(spec, group, options, self.heads.discrete, 0, self.rng)
        self.greedy = False  #: never explore in ``act``
        self.learned = Parts(
            network=self.network,
            target=self.target,
            optimiser=self.descent,
            copies=self.copies,
            scale=self.scale,
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
        seen = seen_in(batch)
        mine = seen.groups[self.number]
        masks = self.levels.masks(mine.masks)
        chosen = epsilon_greedy(self.heads, self.network(seen)[1], masks, epsilon, rngs)
        return self.levels.decision(chosen.numpy(), batch.groups[self.number].active)

    def learn(self, joint: Sequence[Actions], outcome: Batch) -> dict[str, float] | None:
        """See ``Learner.learn``; metrics come every ``DqnOptions.report_ticks``."""
        metrics = self.memory.learn(joint, outcome, self.measure, self.update)
        return None if metrics is None else {**metrics, "epsilon": self.epsilon}

    def measure(self, replay: Replay) -> None:
        """Sets the scale of the rewards."""
        self.scale.measure(replay.held_rewards(self.options.reward), keep_mean=replay.keeps_mean())

    @torch.no_grad()
    def targets(self, data: Transitions) -> Tensor:
        """Y of N transitions, [N], in scaled reward units."""
        after = data.after.groups[self.number]
        states, masks = after.active.nonzero()[:, 0], self.levels.masks(after.masks[after.active])
        value, advantages = self.target(data.after, active_only=True)
        chosen = best(self.heads, self.network(data.after, active_only=True)[1], masks)
        q = taken(self.heads, dueling(self.heads, value[states, None], advantages, masks), chosen)
        following = mean_counting(q, self.heads.counts(chosen), value, states)
        rewards = data.reward(self.options.reward, self.number).squeeze(-1)
        return self.scale.target(rewards, data.terminated, following, data.elapsed)

    def update(self, data: Transitions) -> dict[str, float]:
        """One gradient step; its metrics by name."""
        y, before = self.targets(data), data.before.groups[self.number]
        states, masks = before.active.nonzero()[:, 0], self.levels.masks(before.masks[before.active])
        chosen = data.discrete[self.number][before.active]
        value, advantages = self.network(data.before, active_only=True)
        q = taken(self.heads, dueling(self.heads, value[states, None], advantages, masks), chosen)
        losses = self.options.losses
        per_branch = losses(q, y[states, None].expand_as(q))
        loss = mean_counting(per_branch, self.heads.counts(chosen), losses(value, y), states).mean()
        norm = self.descent.step(loss)
        self.copies.step()
        return {"td_loss": float(loss.detach()), "grad_norm": norm, "target_mean": float(y.mean())}

    def load_policy(self, learned: dict[str, Any]) -> None:
        """See ``Learner.load_policy``: the network, for any number of agents."""
        self.network.load_state_dict(learned["network"])
