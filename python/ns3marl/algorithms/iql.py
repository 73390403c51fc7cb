# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Independent Q-learning: each agent learns alone and takes the others for a part of its surroundings.

Tan, "Multi-agent reinforcement learning: independent vs. cooperative agents", ICML 1993, with the deep networks of Tampuu et
al. (2017). Agent i has a network, a target network and an optimiser of its own and sees its own observation only, in learning
as in acting. Its action heads are branches (Tavakoli, Pardo, Kormushev, AAAI 2018), dueling and with double Q-learning, as in
``dqn``:

    y_i = r_i + gamma mean_d Q^-_id(o'_i, argmax_c Q_id(o'_i, c)),

the mean over i's heads that count; at ticks at which i is not asked to act, V^-_i(o'_i) stands for the mean, so that rewards
between two decisions are not lost. r_i is the team's reward or i's own. Real-valued heads are cut into levels.

All agents learn in one batched product; neither loss nor gradient clipping nor scaling of rewards couples them.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.config import IqlOptions
from ns3marl.rl.choices import HeadOutputs
from ns3marl.rl.learner import learning_group
from ns3marl.rl.levels import Levels, best, dueling, epsilon_greedy, linear_decay, mean_counting, taken
from ns3marl.rl.normalise import BoundsScaler
from ns3marl.rl.per_agent import AgentLinear, agent_trunk, clip_agent_grads
from ns3marl.rl.replay import Averages, Replay, RewardScale, Transitions
from ns3marl.types import Actions, Batch, Float32, Group, Int64, Spec


class IndependentNetworks(nn.Module):
    """A branching Q-network for each agent; each sees its own observation and whether it is asked to act.

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
            active: Who is asked to act, [B,A].
            masks: Allowed choices of the group's discrete heads, [B,A,...].
        """
        scaled = self.scaler(observations)
        asked = active[..., None].to(scaled.dtype)
        hidden = self.trunk(torch.cat([scaled, asked], -1).transpose(0, 1))
        advantages = self.advantages(hidden, scaled.transpose(0, 1), masks.transpose(0, 1))
        return self.value(hidden)[..., 0].T, advantages.transpose(0, 1)


class Iql:
    """The learners of all agents; see the module.

    Args:
        spec: The scenario's spec.
        options: See ``IqlOptions``.
        seed: Of the network weights and of the draws from the replay.

    Raises:
        ConfigError: The spec has several groups of agents, or agents without actions.
    """

    central_execution = False

    def __init__(self, spec: Spec, options: IqlOptions, seed: int) -> None:
        self.spec, self.options = spec, options
        group = learning_group(spec, "iql")
        self.levels = Levels(group, options.levels)
        self.heads = self.levels.heads
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.networks = IndependentNetworks(group, self.heads.choices, options.width)
        self.target = deepcopy(self.networks).requires_grad_(requires_grad=False)
        self.optimiser = torch.optim.Adam(self.networks.parameters(), lr=options.lr, fused=True)
        self.scales = [RewardScale(options.discount) for _ in group.agents]
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
        _, advantages = self.networks(torch.tensor(seen.observations), torch.tensor(seen.active), allowed)
        masks = self.levels.masks(allowed)
        chosen: Int64 = epsilon_greedy(self.heads, advantages, masks, epsilon, rngs).numpy()
        return chosen

    def learn(self, outcome: Batch) -> dict[str, float] | None:
        """See ``Learner.learn``; figures come every ``IqlOptions.report_ticks``."""
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
            if not self.scales[0].measured:
                rewards = self._replay.held_rewards()
                self.measure_rewards(rewards, terminates=self._replay.terminates())
            for _ in range(
                self.ticks // options.ticks_per_step - (self.ticks - envs) // options.ticks_per_step
            ):
                self._averages.add(**self.update(self._replay.sample(options.batch_size, self.rng)))
        if self.ticks // envs % options.report_ticks:
            return None
        return {**self._averages.take(), "epsilon": self.epsilon, "replay": float(len(self._replay))}

    def measure_rewards(self, rewards: Float32, *, terminates: bool = False) -> None:
        """Fixes the scale of every agent's rewards by those of n ticks, [n,A]; see ``RewardScale.measure``."""
        own = (
            rewards
            if self.options.reward == "agent"
            else rewards.mean(-1, keepdims=True).repeat(rewards.shape[-1], -1)
        )
        for scale, column in zip(self.scales, own.T, strict=True):
            scale.measure(column, terminates=terminates)

    @torch.no_grad()
    def targets(self, data: Transitions) -> Tensor:
        """Y of every agent in N transitions, [N,A], in units of its scaled reward."""
        after, masks = data.after, self.levels.masks(data.after.masks)
        seen = after.observations, after.active, after.masks
        value, advantages = self.target(*seen)
        chosen = best(self.heads, self.networks(*seen)[1], masks)
        q = taken(self.heads, dueling(self.heads, value[..., None], advantages, masks), chosen)
        following = mean_counting(q, self.levels.counting(chosen, after.active), value, (-1,))
        own = data.rewards
        if self.options.reward == "team":
            own = own.mean(-1, keepdim=True).expand_as(own)
        columns = [
            scale.target(own[:, agent], data.terminated, following[:, agent])
            for agent, scale in enumerate(self.scales)
        ]
        return torch.stack(columns, -1)

    def update(self, data: Transitions) -> dict[str, float]:
        """One gradient step of every agent; figures by name, means over agents."""
        y, options = self.targets(data), self.options
        before, masks = data.before, self.levels.masks(data.before.masks)
        value, advantages = self.networks(before.observations, before.active, before.masks)
        q = taken(self.heads, dueling(self.heads, value[..., None], advantages, masks), data.discrete)

        def loss_of(prediction: Tensor, wanted: Tensor) -> Tensor:
            return nn.functional.huber_loss(prediction, wanted, reduction="none", delta=options.huber_delta)

        counting = self.levels.counting(data.discrete, before.active)
        losses = mean_counting(
            loss_of(q, y[..., None].expand_as(q)), counting, loss_of(value, y), (-1,)
        ).mean(0)
        self.optimiser.zero_grad()
        losses.sum().backward()  # type: ignore[no-untyped-call] # torch's own
        norms = clip_agent_grads(self.networks, options.max_grad_norm)
        self.optimiser.step()
        self.steps += 1
        if self.steps % options.target_steps == 0:
            self.target.load_state_dict(self.networks.state_dict())
        return {
            "td_loss": float(losses.detach().mean()),
            "grad_norm": float(norms.mean()),
            "target_mean": float(y.mean()),
        }

    def _new_replay(self, num_envs: int) -> Replay:
        return Replay(self.spec, self.options.replay_ticks, num_envs, self.heads.discrete, 0)

    def state_dict(self) -> dict[str, Any]:
        """Everything that ``load_state_dict`` needs to continue as if never interrupted."""
        return {
            "networks": self.networks.state_dict(),
            "target": self.target.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scales": [scale.state_dict() for scale in self.scales],
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
            KeyError, RuntimeError, ValueError: The state does not fit these learners.
        """
        self.load_policy(state)
        self.target.load_state_dict(state["target"])
        self.optimiser.load_state_dict(state["optimiser"])
        for scale, saved in zip(self.scales, state["scales"], strict=True):
            scale.load_state_dict(saved)
        self.rng.bit_generator.state = state["rng"]
        self.ticks, self.steps = state["ticks"], state["steps"]
        self._averages.load_state_dict(state["averages"])
        self._replay = None
        if state["replay"] is not None:
            self._replay = self._new_replay(state["num_envs"])
            self._replay.load_state_dict(state["replay"])

    def load_policy(self, state: dict[str, Any]) -> None:
        """See ``Learner.load_policy``: every agent's network.

        Raises:
            ValueError: There were more or fewer agents; a new agent has nobody's experience.
        """
        trained, agents = len(state["scales"]), len(self.scales)
        if trained != agents:
            raise ValueError(
                f"independent learners were trained for {trained} agents and cannot act for {agents}: each has a network "
                f"of its own; train iql with {agents} agents"
            )
        self.networks.load_state_dict(state["networks"])
