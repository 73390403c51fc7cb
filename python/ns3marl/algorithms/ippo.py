# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""IPPO: every agent learns by PPO on its own, with what it observes and nothing else.

Independent PPO (de Witt et al., "Is independent learning all you need in the StarCraft multi-agent challenge?", 2020): agents
share the weights of one actor and one critic, but neither sees the global state or other agents. With agent i's own value
V(o_i) and reward r_i (its own, or the team's; see ``IppoOptions.reward``), its advantage is the generalised one:

    A_i,t = sum_l (gamma lambda)^l [r_i,t+l + gamma V(o_i,t+l+1) - V(o_i,t+l)].

To each agent the others are part of the environment. The rest is PPO (Schulman et al., 2017) as in ``imappo``: value
normalisation, Huber loss, orthogonal weights, a target for the KL divergence.

Agents that were not asked to act take part in the values and the returns at every tick, and in no policy loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.config import IppoOptions
from ns3marl.rl.gae import gae
from ns3marl.rl.hybrid import Heads, HybridDistribution
from ns3marl.rl.learner import learning_group
from ns3marl.rl.networks import Actor, LocalCritic
from ns3marl.rl.normalise import ValueNormaliser
from ns3marl.rl.policy import fill_inactive
from ns3marl.rl.ppo import clipped_objective, evaluate_actions, run_epochs
from ns3marl.rl.rollout import Decision, Rollout, Samples
from ns3marl.types import Actions, Batch, Float64, Spec


class Ippo:
    """The learner: it decides for each agent by itself, and improves from rollouts of its own decisions.

    Args:
        spec: The scenario's spec.
        options: See ``IppoOptions``.
        seed: Of the network weights and the order of minibatches.

    Raises:
        ConfigError: The spec has several groups of agents, or agents without actions.
    """

    central_execution = False

    def __init__(self, spec: Spec, options: IppoOptions, seed: int) -> None:
        self.spec, self.options = spec, options
        self.group = learning_group(spec, "ippo")
        self.heads = Heads(self.group)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.actor = Actor(
                self.group, self.heads, options.actor_width, options.actor_layers, options.real_valued
            )
            self.critic = LocalCritic(self.group, options.critic_width, options.critic_layers)
        self.normaliser = ValueNormaliser()
        self.actor_optimiser = torch.optim.Adam(
            self.actor.parameters(), lr=options.actor_lr, eps=1e-5, fused=True
        )
        self.critic_optimiser = torch.optim.Adam(
            self.critic.parameters(), lr=options.critic_lr, eps=1e-5, fused=True
        )
        self.rng = np.random.default_rng(seed)
        self.greedy = False  #: take the most likely action in ``act``
        self._rollout: Rollout | None = None  # of ``explore`` and ``learn``
        self._asked: tuple[Batch, Decision] | None = None  # between ``explore`` and ``learn``

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Policy.act``."""
        return [self.decide(batch, rngs).actions]

    def explore(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Learner.explore``."""
        decision = self.decide(batch, rngs)
        self._asked = batch, decision
        return [decision.actions]

    def learn(self, outcome: Batch) -> dict[str, float] | None:
        """See ``Learner.learn``; updates whenever ``IppoOptions.rollout_ticks`` ticks are together."""
        if self._asked is None:
            raise RuntimeError("learn() without explore(): there is no decision to learn from")
        if self._rollout is None:
            self._rollout = self._empty(len(outcome.env_id))
        self._rollout.add(*self._asked, outcome)
        self._asked = None
        if not self._rollout.full:
            return None
        figures = self.update(self._rollout, outcome)
        self._rollout.clear()
        return figures

    @torch.no_grad()
    def decide(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Decision:
        """Chooses the joint action of B environments, one generator each, and keeps what ``update`` needs."""
        seen = batch.groups[0]
        policy = self.actor(torch.tensor(seen.observations), torch.tensor(seen.masks))
        discrete, raw = policy.greedy() if self.greedy else policy.sample(rngs)
        physical = self.heads.physical(policy.bounded.unit(raw)).numpy()
        return Decision(fill_inactive(self.group, seen.active, discrete.numpy(), physical), raw.numpy())

    def update(self, rollout: Rollout, last: Batch) -> dict[str, float]:
        """Improves actor and critic.

        Args:
            rollout: A full buffer of decisions of this learner's present actor, which an update changes.
            last: The batch that followed it, [E] rows; its values bootstrap the returns.

        Returns:
            Figures of the update by name.
        """
        data = Samples(rollout)
        values = self._values(data.observations).reshape(rollout.rewards.shape)
        rewards = rollout.rewards.astype(np.float64)
        team = rewards.mean(-1)
        if self.options.reward == "team":
            rewards = np.repeat(team[..., None], rewards.shape[-1], axis=-1)
        flat = (rewards.shape[0], -1)  # an agent of an environment is a column of its own
        deltas = gae(
            rewards.reshape(flat),
            values.reshape(flat),
            self._next_values(rollout, last, values).reshape(flat),
            np.repeat(rollout.ends, rewards.shape[-1], axis=1),
            discount=self.options.discount,
            gae_lambda=self.options.gae_lambda,
        )
        returns = torch.from_numpy(deltas + values.reshape(flat)).reshape(data.active.shape)
        advantages = torch.from_numpy(deltas).reshape(data.active.shape)
        chosen = advantages[data.active]
        if len(chosen) > 1:
            advantages = (advantages - chosen.mean()) / (chosen.std() + 1e-8)
        self.normaliser.update(returns)
        old = evaluate_actions(data, self._policy, HybridDistribution.log_prob, self.heads.total)
        figures = self._learn(data, old, advantages.float(), self.normaliser.normalise(returns))
        residual = returns - torch.from_numpy(values.reshape(returns.shape))
        figures["explained_variance"] = float(1 - residual.var() / returns.var().clamp(min=1e-12))
        figures["return_mean"], figures["return_std"] = float(returns.mean()), float(returns.std())
        figures["reward_per_tick"] = float(team.mean())
        figures["active_agents"] = float(data.active.float().mean())
        return figures

    @torch.no_grad()
    def _values(self, observations: Tensor) -> Float64:
        """V(o_i) in reward units, [N,A]."""
        values: Float64 = self.normaliser.denormalise(self.critic(observations)).numpy()
        return values

    def _next_values(self, rollout: Rollout, last: Batch, values: Float64) -> Float64:
        """V(o_i,t+1) in reward units, [T,E,A]: 0 after a termination, that of the last observation after a truncation."""
        return rollout.next_values(values, last, lambda observations, _: self._values(observations))

    def _learn(self, data: Samples, old: Tensor, advantages: Tensor, targets: Tensor) -> dict[str, float]:
        """The epochs, see ``run_epochs``."""
        return run_epochs(
            data.active,
            self.rng,
            lambda rows: self._actor_step(data, rows, old, advantages),
            lambda rows: self._critic_step(data, rows, targets),
            epochs=self.options.epochs,
            minibatches=self.options.minibatches,
            target_kl=self.options.target_kl,
        )

    def _policy(self, data: Samples, rows: Tensor) -> tuple[HybridDistribution, Tensor]:
        """The policy of the n agents of samples [r] that were asked to act, and their numbers among all N x A, [n]."""
        _, asked = data.asked(rows)
        return self.actor(*(block.flatten(0, 1)[asked] for block in (data.observations, data.masks))), asked

    def _actor_step(self, data: Samples, rows: Tensor, old: Tensor, advantages: Tensor) -> dict[str, float]:
        """One clipped policy-gradient step on the agents of these samples that were asked to act (n of them)."""
        options = self.options
        policy, asked = self._policy(data, rows)
        objective = clipped_objective(
            policy,
            data.discrete.flatten(0, 1)[asked],
            data.raw.flatten(0, 1)[asked],
            old[asked],
            advantages.flatten()[asked],
            clip=options.clip,
            max_log_ratio=options.max_log_ratio,
            entropy_discrete=options.entropy_discrete,
            entropy_continuous=options.entropy_continuous,
        )
        self.actor_optimiser.zero_grad()
        (-objective.surrogate - objective.entropy_bonus).backward()  # type: ignore[no-untyped-call] # torch's own
        norm = nn.utils.clip_grad_norm_(self.actor.parameters(), options.max_grad_norm)
        self.actor_optimiser.step()
        return {**objective.figures, "actor_grad_norm": float(norm)}

    def _critic_step(self, data: Samples, rows: Tensor, targets: Tensor) -> float:
        """One regression step of V on the normalised returns."""
        values = self.critic(data.observations[rows])
        loss = nn.functional.huber_loss(values, targets[rows], delta=self.options.huber_delta)
        self.critic_optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch's own
        nn.utils.clip_grad_norm_(self.critic.parameters(), self.options.max_grad_norm)
        self.critic_optimiser.step()
        return float(loss.detach())

    def _empty(self, num_envs: int) -> Rollout:
        return Rollout(self.spec, self.options.rollout_ticks, num_envs)

    def state_dict(self) -> dict[str, Any]:
        """Everything that ``load_state_dict`` needs to continue as if never interrupted."""
        return {
            "actor": self.actor.state_dict(),
            "critic": self.critic.state_dict(),
            "normaliser": self.normaliser.state_dict(),
            "actor_optimiser": self.actor_optimiser.state_dict(),
            "critic_optimiser": self.critic_optimiser.state_dict(),
            "rng": self.rng.bit_generator.state,
            "rollout": None if self._rollout is None else self._rollout.state_dict(),
            "num_envs": 0 if self._rollout is None else self._rollout.ends.shape[1],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what ``state_dict`` gave.

        Raises:
            KeyError, RuntimeError, ValueError: The state does not fit this learner.
        """
        self.actor.load_state_dict(state["actor"])
        self.critic.load_state_dict(state["critic"])
        self.normaliser.load_state_dict(state["normaliser"])
        self.actor_optimiser.load_state_dict(state["actor_optimiser"])
        self.critic_optimiser.load_state_dict(state["critic_optimiser"])
        self.rng.bit_generator.state = state["rng"]
        self._rollout = None
        if state["rollout"] is not None:
            self._rollout = self._empty(state["num_envs"])
            self._rollout.load_state_dict(state["rollout"])

    def load_policy(self, state: dict[str, Any]) -> None:
        """See ``Learner.load_policy``: the actor, for any number of agents."""
        self.actor.load_state_dict(state["actor"])
