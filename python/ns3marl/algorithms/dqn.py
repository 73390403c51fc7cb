# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Branching DQN: one central controller of all agents.

The joint action of N agents with H heads each has far too many values for one output each, so every head of every agent
is a branch of its own (Tavakoli, Pardo, Kormushev, "Action branching architectures for deep reinforcement learning", AAAI
2018): dueling, with double Q-learning (van Hasselt, Guez, Silver, AAAI 2016) and one target for all branches,

    y = r + gamma mean_d Q^-_d(s', argmax_c Q_d(s', c)),

the mean over the heads that count of the agents asked to act in s'; where none is asked, y = r + gamma V^-(s'). r is the
team's reward, the mean over agents. Real-valued heads are cut into levels.

A branch of agent i reads e_i, the embedding of i's observation and row of the state, and the pool of all embeddings; V
reads the pool. The network therefore serves any number of agents. It acts on what all agents see: central execution.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.config import DqnOptions
from ns3marl.rl.central import CentralHeads
from ns3marl.rl.learner import learning_group
from ns3marl.rl.levels import Levels, best, dueling, epsilon_greedy, linear_decay, mean_counting, taken
from ns3marl.rl.networks import fan_in_linear
from ns3marl.rl.replay import Averages, Replay, RewardScale, Seen, Transitions
from ns3marl.types import Actions, Batch, Int64, Spec


class BranchingNetwork(nn.Module):
    """V of the state and advantages of every choice of every agent.

    Args:
        spec: The scenario's spec, with one group.
        choices: C, over all heads of an agent.
        width: W, units per hidden layer.
    """

    def __init__(self, spec: Spec, choices: int, width: int) -> None:
        super().__init__()
        self.advantages = CentralHeads(spec, choices, width, gain=1.0, make=fan_in_linear, activation=nn.ReLU)
        pooled = self.advantages.encoder.context_width
        self.value = nn.Sequential(fan_in_linear(pooled, width), nn.ReLU(), fan_in_linear(width, 1))

    def forward(self, seen: Seen) -> tuple[Tensor, Tensor]:
        """V(s) [B] and advantages [B,A,C], not centred."""
        advantages, pool = self.advantages(seen.observations, seen.state, seen.active, seen.masks)
        return self.value(pool).squeeze(-1), advantages


class Dqn:
    """The learner; see the module.

    Args:
        spec: The scenario's spec.
        options: See ``DqnOptions``.
        seed: Of the network weights and of the draws from the replay.

    Raises:
        ConfigError: The spec has several groups of agents, or agents without actions.
    """

    central_execution = True

    def __init__(self, spec: Spec, options: DqnOptions, seed: int) -> None:
        self.spec, self.options = spec, options
        group = learning_group(spec, "dqn")
        self.levels = Levels(group, options.levels)
        self.heads = self.levels.heads
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = BranchingNetwork(spec, self.heads.choices, options.width)
        self.target = deepcopy(self.network).requires_grad_(requires_grad=False)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=options.lr, fused=True)
        self.scale = RewardScale(options.discount)
        self.rng = np.random.default_rng(seed)
        self.greedy = False  #: never explore in ``act``
        self.ticks = self.steps = 0  #: played, summed over environments; gradient steps
        self._averages = Averages()
        self._replay: Replay | None = None
        self._asked: tuple[Batch, Int64] | None = None  # between ``explore`` and ``learn``

    @property
    def notes(self) -> str:
        """What results must say: the discretisation."""
        return self.levels.notes

    @property
    def epsilon(self) -> float:
        """Probability that a head explores now."""
        progress = (self.ticks - self.options.warmup_ticks) / self.options.epsilon_ticks
        return linear_decay(1.0, self.options.epsilon, max(progress, 0.0))

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        chosen = self._choose(batch, rngs, 0.0 if self.greedy else self.options.epsilon)
        return [self.levels.actions(chosen, batch.groups[0].active)]

    def explore(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Learner.explore``."""
        chosen = self._choose(batch, rngs, self.epsilon)
        self._asked = batch, chosen
        return [self.levels.actions(chosen, batch.groups[0].active)]

    @torch.no_grad()
    def _choose(self, batch: Batch, rngs: Sequence[np.random.Generator], epsilon: float) -> Int64:
        """Choices of all heads, [B,A,D]."""
        seen = batch.groups[0]
        allowed = torch.tensor(seen.masks)
        _, advantages = self.network(
            Seen(
                torch.tensor(seen.observations),
                [torch.tensor(block) for block in batch.state],
                torch.tensor(seen.active),
                allowed,
            )
        )
        masks = self.levels.masks(allowed)
        chosen: Int64 = epsilon_greedy(self.heads, advantages, masks, epsilon, rngs).numpy()
        return chosen

    def learn(self, outcome: Batch) -> dict[str, float] | None:
        """See ``Learner.learn``; figures come every ``DqnOptions.report_ticks``."""
        if self._asked is None:
            raise RuntimeError("learn() without explore(): there is no decision to learn from")
        envs, options = len(outcome.env_id), self.options
        if self._replay is None:
            self._replay = self._new_replay(envs)
        batch, chosen = self._asked
        self._replay.add(batch, chosen, np.zeros((*chosen.shape[:2], 0)), outcome)
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
        return {**self._averages.take(), "epsilon": self.epsilon, "replay": float(len(self._replay))}

    @torch.no_grad()
    def targets(self, data: Transitions) -> Tensor:
        """Y of N transitions, [N], in scaled reward units."""
        after, masks = data.after, self.levels.masks(data.after.masks)
        value, advantages = self.target(after)
        chosen = best(self.heads, self.network(after)[1], masks)
        q = taken(self.heads, dueling(self.heads, value[:, None, None], advantages, masks), chosen)
        following = mean_counting(q, self.levels.counting(chosen, after.active), value, (1, 2))
        return self.scale.target(data.rewards.mean(-1), data.terminated, following)

    def update(self, data: Transitions) -> dict[str, float]:
        """One gradient step; its figures by name."""
        y, options = self.targets(data), self.options
        masks = self.levels.masks(data.before.masks)
        value, advantages = self.network(data.before)
        q = taken(self.heads, dueling(self.heads, value[:, None, None], advantages, masks), data.discrete)

        def loss_of(prediction: Tensor, wanted: Tensor) -> Tensor:
            return nn.functional.huber_loss(prediction, wanted, reduction="none", delta=options.huber_delta)

        per_branch = loss_of(q, y[:, None, None].expand_as(q))
        counting = self.levels.counting(data.discrete, data.before.active)
        loss = mean_counting(per_branch, counting, loss_of(value, y), (1, 2)).mean()
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch's own
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), options.max_grad_norm)
        self.optimiser.step()
        self.steps += 1
        if self.steps % options.target_steps == 0:
            self.target.load_state_dict(self.network.state_dict())
        return {"td_loss": float(loss.detach()), "grad_norm": float(norm), "target_mean": float(y.mean())}

    def _new_replay(self, num_envs: int) -> Replay:
        return Replay(self.spec, self.options.replay_ticks, num_envs, self.heads.discrete, 0)

    def state_dict(self) -> dict[str, Any]:
        """Everything that ``load_state_dict`` needs to continue as if never interrupted."""
        return {
            "network": self.network.state_dict(),
            "target": self.target.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scale": self.scale.state_dict(),
            "rng": self.rng.bit_generator.state,
            "ticks": self.ticks,
            "steps": self.steps,
            "averages": self._averages.state_dict(),
            "replay": None if self._replay is None else self._replay.state_dict(),
            "num_envs": 0 if self._replay is None else len(self._replay.written),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave.

        Raises:
            KeyError, RuntimeError, ValueError: The state does not fit this learner.
        """
        self.network.load_state_dict(state["network"])
        self.target.load_state_dict(state["target"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scale.load_state_dict(state["scale"])
        self.rng.bit_generator.state = state["rng"]
        self.ticks, self.steps = state["ticks"], state["steps"]
        self._averages.load_state_dict(state["averages"])
        self._replay = None
        if state["replay"] is not None:
            self._replay = self._new_replay(state["num_envs"])
            self._replay.load_state_dict(state["replay"])

    def load_policy(self, state: dict[str, Any]) -> None:
        """See ``Learner.load_policy``: the network, for any number of agents."""
        self.network.load_state_dict(state["network"])
