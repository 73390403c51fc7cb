# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""IMAPPO: multi-agent PPO whose advantage credits each agent against its own counterfactual.

A shared actor sees each agent's own observation. A central critic sees the observations, the global state and the joint
action, and says what would have been expected had agent i acted on average: V(s^-i). Agent i's advantage is

    A_i = G - V(s^-i)

where G is the lambda-return of the team reward (the mean over agents). This is the published
R - V(s) + [V(s) - V(s^-i)], in which V(s) cancels; what remains differs from MAPPO because the critic takes actions. The
baseline does not depend on a_i, so the gradient stays unbiased (Foerster et al., AAAI 2018). The rest is PPO (Schulman
et al., 2017) with MAPPO's practice (Yu et al., NeurIPS 2022): value normalisation, Huber loss, orthogonal weights.

Agents that were not asked to act take part in the team reward, the critic and the returns at every tick, and in no
policy loss, entropy, KL divergence or advantage normalisation.

With ``ImappoOptions.reward`` = "agent" every return, value and baseline is that of agent i's own reward. Axes: N samples, A
agents, H heads, V = 1 value of the team, or A values of the agents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.config import ImappoOptions
from ns3marl.errors import ConfigError
from ns3marl.rl.gae import gae
from ns3marl.rl.hybrid import Heads, HybridDistribution
from ns3marl.rl.learner import learning_group
from ns3marl.rl.networks import Actor, CriticValues, PooledCritic
from ns3marl.rl.normalise import ValueNormaliser
from ns3marl.rl.policy import fill_inactive
from ns3marl.rl.ppo import clipped_objective, evaluate_actions, run_epochs
from ns3marl.rl.rollout import Decision, Rollout, Samples
from ns3marl.types import Actions, Batch, Float64, Spec


class Imappo:
    """The learner: it decides, and improves from rollouts of its own decisions.

    Args:
        spec: The scenario's spec.
        options: See ``ImappoOptions``.
        seed: Of the network weights and the order of minibatches.

    Raises:
        ConfigError: The spec has several groups of agents, or agents without actions, or lacks a head that
            ``ImappoOptions.entropy_heads`` names.
    """

    central_execution = False

    def __init__(self, spec: Spec, options: ImappoOptions, seed: int) -> None:
        self.spec, self.options = spec, options
        self.group = learning_group(spec, "imappo")
        self.heads = Heads(self.group)
        self.entropy_weights = _entropy_weights(self.heads, options)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.actor = Actor(
                self.group,
                self.heads,
                options.actor_width,
                options.actor_layers,
                options.real_valued,
                per_agent=options.actors == "per-agent",
            )
            self.critic = PooledCritic(
                spec, self.heads, options.critic_width, options.pooling, per_agent=options.reward == "agent"
            )
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

    def rollout(self, ticks: int, num_envs: int) -> Rollout:
        """An empty buffer that fits this learner."""
        return Rollout(self.spec, ticks, num_envs)

    def explore(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """See ``Learner.explore``."""
        decision = self.decide(batch, rngs)
        self._asked = batch, decision
        return [decision.actions]

    def learn(self, outcome: Batch) -> dict[str, float] | None:
        """See ``Learner.learn``; updates whenever ``ImappoOptions.rollout_ticks`` ticks are together."""
        if self._asked is None:
            raise RuntimeError("learn() without explore(): there is no decision to learn from")
        if self._rollout is None:
            self._rollout = self.rollout(self.options.rollout_ticks, len(outcome.env_id))
        self._rollout.add(*self._asked, outcome)
        self._asked = None
        if not self._rollout.full:
            return None
        figures = self.update(self._rollout, outcome)
        self._rollout.clear()
        return figures

    @torch.no_grad()
    def decide(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Decision:
        """Chooses the joint action of B environments and keeps what ``update`` needs.

        Args:
            batch: Observations.
            rngs: One generator per row.
        """
        seen = batch.groups[0]
        policy = self.actor(torch.tensor(seen.observations), torch.tensor(seen.masks))
        discrete, raw = policy.greedy() if self.greedy else policy.sample(rngs)
        physical = self.heads.physical(policy.bounded.unit(raw)).numpy()
        return Decision(fill_inactive(self.group, seen.active, discrete.numpy(), physical), raw.numpy())

    def act(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> list[Actions]:
        """The joint action of B environments; see ``Policy.act``."""
        return [self.decide(batch, rngs).actions]

    def update(self, rollout: Rollout, last: Batch) -> dict[str, float]:
        """Improves actor and critic.

        Args:
            rollout: A full buffer of decisions of this learner's present actor, which an update changes.
            last: The batch that followed it, [E] rows; its values bootstrap the returns.

        Returns:
            Figures of the update by name, among them ``kl/<head>``, ``entropy/<head>`` and ``explained_variance``.
        """
        data = _Samples(rollout, self.heads, self.actor.bounded.unit, self.critic)
        sizes = [self.heads.total, self.heads.encoded]
        said = evaluate_actions(data, self._policy, _likelihood_and_marginal, sum(sizes))
        data.log_probs, data.moments = torch.split(said, sizes, -1)
        frozen = self._values(data)
        rewards = rollout.rewards.astype(np.float64)
        if self.options.reward == "team":
            rewards = rewards.mean(-1, keepdims=True)
        values = self.normaliser.denormalise(frozen.state).numpy().reshape(rewards.shape)  # [T,E,V]
        deltas = gae(
            rewards,
            values,
            self._next_values(rollout, last, values),
            rollout.ends[..., None],
            discount=self.options.discount,
            gae_lambda=self.options.gae_lambda,
        )
        returns = torch.from_numpy(deltas + values).flatten(0, 1)  # [N,V]
        advantages = self._advantages(returns, frozen)
        chosen = advantages[data.active]
        if len(chosen) > 1:
            advantages = (advantages - chosen.mean()) / (chosen.std() + 1e-8)
        if self.options.normalise_values:  # else it stays the identity
            self.normaliser.update(returns)
        targets = self.normaliser.normalise(returns)
        figures = self._learn(data, advantages.float(), targets)
        residual = returns - torch.from_numpy(values).flatten(0, 1)
        figures["explained_variance"] = float(1 - residual.var() / returns.var().clamp(min=1e-12))
        figures["return_mean"], figures["return_std"] = float(returns.mean()), float(returns.std())
        figures["reward_per_tick"] = float(rewards.mean())
        figures["advantage_std"] = float(chosen.std()) if len(chosen) > 1 else 0.0
        figures["active_agents"] = float(data.active.float().mean())
        return figures

    def _advantages(self, returns: Tensor, frozen: CriticValues) -> Tensor:
        """Advantage of every agent in every sample, [N,A] in reward units; see ``ImappoOptions.advantage``."""
        denormalise = self.normaliser.denormalise
        match self.options.advantage:
            case "literal":
                return returns - denormalise(frozen.baselines)
            case "coma":
                return denormalise(frozen.joint) - denormalise(frozen.baselines)
            case "gae":
                return (returns - denormalise(frozen.state)).expand(-1, len(self.group.agents))

    @torch.no_grad()
    def _values(self, data: _Samples) -> CriticValues:
        """The critic's view of all samples before any update: Q and V as [N,V], baselines [N,A], frozen at the rollout."""
        rows = torch.arange(data.size)
        chunks = [self._predict(data, rows[start : start + 1024]) for start in rows[::1024].tolist()]
        return CriticValues(*(torch.cat(parts).reshape(data.size, -1) for parts in zip(*chunks, strict=True)))

    def _predict(self, data: _Samples, rows: Tensor) -> CriticValues:
        """The critic's view of some samples; ``gae`` needs V(s) only, and puts it in the place of all."""
        if self.options.advantage == "gae":
            state = self.critic.evaluate_state(data.read_of(rows))
            return CriticValues(state, state, state)
        values: CriticValues = self.critic.evaluate(*data.critic_inputs(rows))
        return values

    @torch.no_grad()
    def _next_values(self, rollout: Rollout, last: Batch, values: Float64) -> Float64:
        """V(s_{t+1}) in reward units, shaped as V(s_t): 0 after a termination, that of the last observation after a truncation."""

        def value_of(observations: Tensor, state: Sequence[Tensor]) -> Float64:
            found: Float64 = self.normaliser.denormalise(self.critic.state_value(observations, state)).numpy()
            return found

        return rollout.next_values(values, last, value_of)

    def _learn(self, data: _Samples, advantages: Tensor, targets: Tensor) -> dict[str, float]:
        """The epochs, see ``run_epochs``."""
        return run_epochs(
            data.active,
            self.rng,
            lambda rows: self._actor_step(data, rows, advantages),
            lambda rows: self._critic_step(data, rows, targets),
            epochs=self.options.epochs,
            minibatches=self.options.minibatches,
            target_kl=self.options.target_kl,
        )

    def _policy(self, data: Samples, rows: Tensor) -> tuple[HybridDistribution, Tensor]:
        """The policy of the n agents of samples [r] that were asked to act, and their numbers among all N x A, [n]."""
        local, asked = data.asked(rows)
        if self.actor.per_agent:
            return self.actor(data.observations[rows], data.masks[rows], local), asked
        return self.actor(data.observations, data.masks, asked), asked

    def _actor_step(self, data: _Samples, rows: Tensor, advantages: Tensor) -> dict[str, float]:
        """One clipped policy-gradient step on the agents of these samples that were asked to act (n of them)."""
        options = self.options
        with self._precision():
            policy, asked = self._policy(data, rows)
        objective = clipped_objective(
            policy,
            data.discrete.flatten(0, 1)[asked],
            data.raw.flatten(0, 1)[asked],
            data.log_probs[asked],
            advantages.flatten()[asked],
            clip=options.clip,
            max_log_ratio=options.max_log_ratio,
            entropy_discrete=self.entropy_weights[: self.heads.discrete],
            entropy_continuous=self.entropy_weights[self.heads.discrete :],
        )
        self.actor_optimiser.zero_grad()
        (-objective.surrogate - objective.entropy_bonus).backward()  # type: ignore[no-untyped-call] # torch's own
        norm = nn.utils.clip_grad_norm_(self.actor.parameters(), options.max_grad_norm)
        self.actor_optimiser.step()
        return {**objective.figures, "actor_grad_norm": float(norm)}

    def _critic_step(self, data: _Samples, rows: Tensor, targets: Tensor) -> float:
        """One regression step of Q, every V(s^-i) and V, as far as the advantage needs them, on the normalised returns."""
        with self._precision():
            values = self._predict(data, rows)
        target = targets[rows]
        delta = self.options.huber_delta
        predictions = [values.state.view_as(target)]
        if self.options.advantage != "gae":
            predictions += [values.joint.view_as(target), values.baselines]
        losses = [nn.functional.huber_loss(p, target.expand_as(p), delta=delta) for p in predictions]
        loss = torch.stack(losses).sum()
        self.critic_optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch's own
        nn.utils.clip_grad_norm_(self.critic.parameters(), self.options.max_grad_norm)
        self.critic_optimiser.step()
        return float(loss.detach()) / len(losses)

    def _precision(self) -> torch.autocast:
        return torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.options.bfloat16)

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
            self._rollout = self.rollout(self.options.rollout_ticks, state["num_envs"])
            self._rollout.load_state_dict(state["rollout"])

    def load_policy(self, state: dict[str, Any]) -> None:
        """See ``Learner.load_policy``: the actor, for any number of agents if they share it.

        Raises:
            ValueError: Each agent has an actor of its own, and their number is another.
        """
        if self.options.actors == "per-agent":
            trained, wanted = len(state["actor"]["outputs.linear.weight"]), len(self.group.agents)
            if trained != wanted:
                raise ValueError(
                    f"the policy has an actor for each of {trained} agents, the scenario has {wanted}; only one trained "
                    'with imappo.actors = "shared" acts for another number'
                )
        self.actor.load_state_dict(state["actor"])


def _entropy_weights(heads: Heads, options: ImappoOptions) -> Tensor:
    """Weight of each head's entropy, [H]."""
    weights = [options.entropy_discrete] * heads.discrete + [options.entropy_continuous] * heads.continuous
    for entry in options.entropy_heads:
        name, _, text = entry.partition("=")
        if name.strip() not in heads.names:
            raise ConfigError(
                f"imappo.entropy_heads: no head {name.strip()!r}; the scenario's heads are {', '.join(heads.names)}"
            )
        try:
            weight = float(text)
        except ValueError:
            weight = -1.0
        if not 0 <= weight < np.inf:
            raise ConfigError(f"imappo.entropy_heads: expected head=weight, weight 0 or more, got {entry!r}")
        weights[heads.names.index(name.strip())] = weight
    return torch.tensor(weights)


def _likelihood_and_marginal(policy: HybridDistribution, discrete: Tensor, raw: Tensor) -> Tensor:
    """What an update must know of the policy that acted, [n,H+K]: log-probabilities and ``HybridDistribution.moments``."""
    return torch.cat([policy.log_prob(discrete, raw), policy.moments()], -1)


class _Samples(Samples):
    """With what the critic reads, and what the policy that acted said of its decisions."""

    log_probs: Tensor  #: [N x A, H] head by head; see ``evaluate_actions``
    moments: Tensor  #: [N x A, K] see ``HybridDistribution.moments``

    def __init__(
        self, rollout: Rollout, heads: Heads, unit: Callable[[Tensor], Tensor], critic: PooledCritic
    ) -> None:
        super().__init__(rollout)
        self.encoded = heads.encode(self.discrete, unit(self.raw))
        self.read = critic.read(self.observations, self.state)

    def read_of(self, rows: Tensor) -> list[Tensor]:
        """What the critic reads of some samples."""
        return [block.index_select(0, rows) for block in self.read]

    def critic_inputs(self, rows: Tensor) -> tuple[list[Tensor], Tensor, Tensor, Tensor]:
        """Arguments of ``PooledCritic.evaluate`` for some samples."""
        local, asked = self.asked(rows)
        return self.read_of(rows), local, self.encoded.flatten(0, 1)[asked], self.moments[asked]
