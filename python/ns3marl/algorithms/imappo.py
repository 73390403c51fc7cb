# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""IMAPPO: multi-agent PPO with a counterfactual advantage for each agent.

A shared actor reads each agent's own observation. A central critic reads the observations of all groups, the global state and the joint
action of all groups, and estimates V(s^-i), the expected return if agent i's action is averaged over its policy. Agent i's advantage is

    A_i = G - V(s^-i)

where G is the lambda-return of the team reward (the mean over agents). This is the published
R - V(s) + [V(s) - V(s^-i)], in which V(s) cancels. It differs from MAPPO because the critic takes actions. The
baseline does not depend on a_i, so the gradient stays unbiased (Foerster et al., AAAI 2018). The rest is PPO (Schulman
et al., 2017) with MAPPO's practice (Yu et al., NeurIPS 2022): value normalisation, Huber loss, orthogonal weights.

Inactive agents count in the team reward, the critic and the returns at every tick, but not in the policy loss, entropy, KL divergence
and advantage normalisation. Absent agents count in nothing.

With ``ImappoOptions.credit`` = "split" the critic predicts every agent's own return G_j instead of their mean, and

    A_i = G_i - V_i(s^-i) + sum_{j != i} [Q_j(s, a) - Q_j(s, a^-i)]

where a^-i contains agent i's marginal instead of its action. The first part compares the agent's own return with its counterfactual, the
second is the effect of its action on the others according to the critic; neither contains the others' noise, which agent i cannot change.
This is a difference reward (Wolpert and Tumer, "Optimal payoff functions for members of collectives", 2001) whose unobservable part
is learned. If the critic is exact, the gradient is that of A times the mean return.

With ``ImappoOptions.reward`` = "agent" there is only the first part: every agent maximises its own return. Axes: N samples, A agents of
the learner's group, H heads, V = 1 shared value or A values, one per agent.

With ``ImappoOptions.shifts`` the policy gradient along a few directions, in which all agents change alike, is what whole episodes measure;
see ``rl.shifts``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.errors import ConfigError
from ns3marl.options import Fraction, PositiveFloat, PositiveInt
from ns3marl.rl.gae import gae
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.learner import acting_group
from ns3marl.rl.losses import huber
from ns3marl.rl.networks import Actor
from ns3marl.rl.normalise import ValueNormaliser
from ns3marl.rl.on_policy import OnPolicyLearner, OnPolicyMemory
from ns3marl.rl.pooled import Acts, CriticValues, PooledCritic, Pooling, Read
from ns3marl.rl.ppo import EpochOptions, Epochs, evaluate_actions, log_probs_of, normalised, summary
from ns3marl.rl.record import Decision
from ns3marl.rl.rewards import RewardKind
from ns3marl.rl.rollout import Rollout, Samples, episodes_of
from ns3marl.rl.seen import Seen
from ns3marl.rl.sequence import HybridPolicy
from ns3marl.rl.shifts import Shifts, shift_scores
from ns3marl.rl.split import SplitCritic
from ns3marl.types import Actions, Batch, Float64, Spec

#: Hidden units of others that ``SplitCritic.effects`` computes at once, which bounds its memory.
EFFECTS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class ImappoOptions(EpochOptions):
    """Counterfactual multi-agent PPO with a pooled, action-taking critic."""

    advantage: Literal["literal", "coma", "gae"] = "literal"
    """``literal``: lambda-return - V(s^-i). ``coma``: Q(s, a) - V(s^-i). ``gae``: lambda-return - V(s), as in MAPPO."""
    reward: RewardKind = "team"
    """The reward of an agent: mean over all agents of all groups, over all agents of its group, or its own."""
    credit: Literal["shared", "split"] = "shared"
    """``shared``: an agent's advantage uses the mean return of all agents. ``split``: it uses its own return and, by the critic, the effect of
    its action on the others' returns; for scenarios that pay each agent its share of the team's reward."""
    shifts: Fraction = 0.0
    """By how much all agents of an environment are shifted alike for an episode of training, as a share of the range of each real-valued head; its
    spread likewise. That measures what the team earns if all agents change this head alike, which replaces what the advantages say about it.
    0: none. It compares environments, so ``pool.num_envs`` must be 8 or more, best a multiple of 16."""
    actors: Literal["shared", "per-agent"] = "shared"
    """One actor for all agents of the group, or one each, which fixes the number of agents."""
    discount: Fraction = 0.9
    """Discount factor gamma, per tick."""
    gae_lambda: Fraction = 0.8
    """lambda of the lambda-return."""
    rollout_ticks: PositiveInt = 250
    """Ticks per environment between updates (T)."""
    entropy_heads: tuple[str, ...] = ()
    """Entropy weights of single heads, which override the two general weights, e.g. ``server=0.02``."""
    huber_delta: PositiveFloat = 1.0
    """Error from which the critic's loss is linear, in standard deviations of the return (in its unit, if not normalised)."""
    normalise_values: bool = True
    """The critic predicts returns in units of their running standard deviation, not of the reward."""
    actor_width: PositiveInt = 64
    """Units per hidden layer of the actor."""
    actor_layers: PositiveInt = 2
    """Hidden layers of the actor."""
    real_valued: Literal["beta", "tanh-normal", "clipped-gaussian"] = "beta"
    """Distribution of real-valued heads."""
    critic_width: PositiveInt = 64
    """Units per hidden layer of the critic."""
    pooling: Pooling = "mean"
    """How the critic pools agents."""
    bfloat16: bool = False
    """Layers compute in bfloat16 during updates, but not when agents act or advantages are computed.

    This helps wide networks on a processor with bfloat16 units: measured on one core, an update took 9 to 27 % less time at
    width 256, and 2 to 21 % more at width 64."""


class Imappo(OnPolicyLearner):
    """The learner: it decides, and updates from rollouts of its own decisions.

    Args:
        spec: The scenario's spec.
        group: Number of the group that it controls.
        options: See ``ImappoOptions``.
        seed: Seed of the network weights and of the order of minibatches.

    Raises:
        ConfigError: The group's agents have no actions, or no head that ``ImappoOptions.entropy_heads`` names; or options exclude each
            other.
    """

    Options = ImappoOptions
    central_execution = False
    overlapping = True

    def __init__(self, spec: Spec, group: int, options: ImappoOptions, seed: int) -> None:
        self.spec, self.options, self.number = spec, options, group
        self.group = acting_group(spec, group)
        self.heads = Heads(self.group)
        self.all_heads = [Heads(one) for one in spec.groups]
        self.entropy_weights = _entropy_weights(self.heads, options)
        _check(spec, options)
        self.reward: RewardKind = (
            "agent" if options.credit == "split" else options.reward
        )  #: whose return is learned
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.actor = Actor(
                self.group,
                self.heads,
                options.actor_width,
                options.actor_layers,
                options.real_valued,
                order=options.heads,
                per_agent=options.actors == "per-agent",
            )
            critic = SplitCritic if self.reward == "agent" else PooledCritic
            self.critic = critic(spec, group, options.critic_width, options.pooling)
        self.normaliser = ValueNormaliser()
        self.shifts = Shifts(self.group, group, options.shifts) if options.shifts else None
        self.epochs = Epochs(self.actor, self.critic, options, self.heads, seed, self.entropy_weights)
        self.memory = OnPolicyMemory(spec, group, options.rollout_ticks, self.actor)
        self.greedy = False  #: take the most likely action in ``act``
        self.learned = self.epochs.learned(normaliser=self.normaliser)
        more = {} if self.shifts is None else {"shifts": self.shifts}
        self.running = self.epochs.running(memory=self.memory, **more)

    @torch.no_grad()
    def decide(
        self,
        batch: Batch,
        rngs: Sequence[np.random.Generator],
        acting: nn.Module | None = None,
        shift: Tensor | None = None,
    ) -> Decision:
        """See ``OnPolicyLearner.decide``; under a shift of all agents' real-valued heads, [B,1,2R]."""
        seen = batch.groups[self.number]
        policy = (acting or self.actor)(
            torch.tensor(seen.observations), torch.tensor(seen.masks), shift=shift
        )
        return self.heads.decision(policy, seen.active, rngs, greedy=self.greedy)

    def explore(self, batch: Batch, rngs: Sequence[np.random.Generator]) -> Actions:
        """See ``Learner.explore``."""
        shift = None if self.shifts is None else self.shifts.of(episodes_of(batch))[:, None]
        return self.memory.decided(batch, self.decide(batch, rngs, self.memory.acting, shift))

    def to(self, device: torch.device) -> None:
        """See ``DeviceLearner``."""
        for network in (self.actor, self.critic, self.normaliser):
            network.to(device)
        for heads in (self.heads, self.actor.heads, *self.all_heads):
            heads.to(device)
        self.epochs.to(device)

    def policy(self, seen: Seen, shift: Tensor | None = None) -> HybridPolicy:
        """See ``DeviceLearner``."""
        mine = seen.groups[self.number]
        policy: HybridPolicy = self.actor(mine.observations, mine.masks, shift=shift)
        return policy

    def update(self, rollout: Rollout, last: Batch) -> dict[str, float]:
        """Improves actor and critic.

        Args:
            rollout: A full buffer of decisions of this learner's current actor, or of ``rollout.acted``.
            last: The batch that followed it, [E] rows; its values bootstrap the returns.

        Returns:
            Metrics of the update by name, among them ``kl/<head>``, ``entropy/<head>`` and ``explained_variance``.
        """
        options = self.options
        data = _Samples(rollout, self.all_heads, self.actor.bounded.unit, self.critic)
        if self.shifts is not None:
            shift = self.shifts.of(rollout.episodes).flatten(0, 1).to(data.device)
            data.shift = shift[:, None].expand(-1, data.active.shape[1], -1)
        sizes = [self.heads.total, self.heads.encoded]
        acted = partial(self._policy, acted=rollout.acted)
        evaluated = evaluate_actions(data, acted, _likelihood_and_marginal, sum(sizes))
        data.log_probs, data.moments = torch.split(evaluated, sizes, -1)
        frozen = self._values(data)
        rewards = rollout.rewards(self.reward)
        if options.credit == "split":
            _refuse_alike(rewards)
        values = self.normaliser.denormalise(frozen.state).cpu().numpy().reshape(rewards.shape)  # [T,E,V]
        left = rollout.left(last) if self.reward == "agent" else np.zeros((1, 1, 1), bool)
        deltas = gae(
            rewards,
            values,
            np.where(left, 0.0, rollout.next_values(values, last, self._next_values)),
            rollout.ends[..., None] | left,
            discount=rollout.discounts(options.discount),
            gae_lambda=options.gae_lambda,
        )
        returns = data.tensor(deltas + values).flatten(0, 1)  # [N,V]
        advantages = self._advantages(returns, frozen)
        plain = returns - data.tensor(values).flatten(0, 1)  # lambda-return - V(s), [N,V]
        if options.credit == "split":
            advantages = advantages + self._effects(data)
            plain = (plain * data.present).sum(1, keepdim=True)  # of all, as advantages are
        chosen = advantages[data.active]
        without = plain.expand_as(advantages)[data.active]
        measured: dict[str, float] = {}
        if self.shifts is not None and len(chosen):
            advantages, measured = self._believe(data, rollout, advantages)
        counted = torch.ones_like(returns, dtype=torch.bool) if len(returns[0]) == 1 else data.present
        if options.normalise_values:  # else it stays the identity
            self.normaliser.update(returns if data.everyone else returns[counted])
        targets = self.normaliser.normalise(returns)
        metrics = self._learn(data, normalised(advantages, data.active), targets)
        predicted = data.tensor(values).flatten(0, 1)
        metrics |= measured | summary(
            returns[counted], predicted[counted], rollout.rewards("group"), data.active
        )
        if len(chosen) > 1:
            metrics["variance_removed"] = float(1 - chosen.var() / without.var().clamp(min=1e-12))
        metrics["advantage_std"] = float(chosen.std()) if len(chosen) > 1 else 0.0
        return metrics

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

    def _believe(
        self, data: _Samples, rollout: Rollout, advantages: Tensor
    ) -> tuple[Tensor, dict[str, float]]:
        """Advantages [N,A] that believe in the slope which shifts have measured; see ``Shifts.correct``."""
        assert self.shifts is not None
        acted = partial(self._policy, acted=rollout.acted)
        rewards = rollout.rewards("team" if self.options.reward == "team" else "group")[..., 0]
        whose = data.present if self.options.credit == "split" else torch.ones_like(data.present[:, :1])
        added, told = self.shifts.correct(
            rollout.episodes,
            rewards,
            shift_scores(data, acted),
            advantages[data.active].double(),
            float(whose.sum() / data.active.sum()),
        )
        believing = advantages.clone()
        believing[data.active] += added.to(advantages.dtype)
        return believing, told

    @torch.no_grad()
    def _effects(self, data: _Samples) -> Tensor:
        """Effect of each agent's action on the returns of the others, [N,A] in reward units; see ``SplitCritic.effects``."""
        assert isinstance(self.critic, SplitCritic)
        agents = data.active.shape[1]
        rows = max(1, EFFECTS_AT_ONCE // (agents * agents * self.options.critic_width))
        everything = torch.arange(data.size, device=data.device)
        parts = [self.critic.effects(*data.critic_inputs(some)) for some in torch.split(everything, rows)]
        return torch.cat(parts).double() * self.normaliser.std

    @torch.no_grad()
    def _values(self, data: _Samples) -> CriticValues:
        """The critic's outputs for all samples before any update: Q and V as [N,V], baselines [N,A]."""
        everything = torch.arange(data.size, device=data.device)
        chunks = [self._predict(data, rows) for rows in torch.split(everything, 1024)]
        return CriticValues(*(torch.cat(parts).reshape(data.size, -1) for parts in zip(*chunks, strict=True)))

    def _predict(self, data: _Samples, rows: Tensor) -> CriticValues:
        """The critic's outputs for some samples; ``gae`` needs only V(s), and returns it for all three."""
        if self.options.advantage == "gae":
            state = self.critic.evaluate_state(data.read.rows(rows))
            return CriticValues(state, state, state)
        values: CriticValues = self.critic.evaluate(*data.critic_inputs(rows))
        return values

    @torch.no_grad()
    def _next_values(self, seen: Seen) -> Tensor:
        """V(s) in reward units, [n,V]."""
        return self.normaliser.denormalise(self.critic.state_value(seen))

    def _learn(self, data: _Samples, advantages: Tensor, targets: Tensor) -> dict[str, float]:
        """The epochs, see ``Epochs.run``."""

        def policy_of(data: Samples, rows: Tensor) -> tuple[HybridPolicy, Tensor]:
            with self._precision():
                return self._policy(data, rows)

        return self.epochs.run(
            data, policy_of, data.log_probs, advantages, lambda rows: self._value_losses(data, rows, targets)
        )

    def _policy(
        self, data: Samples, rows: Tensor, acted: nn.Module | None = None
    ) -> tuple[HybridPolicy, Tensor]:
        """See ``PolicyOf``."""
        local, acting = data.acting(rows)
        actor = acted or self.actor
        shift = None if data.shift is None else data.shift.flatten(0, 1)[acting]
        if self.actor.per_agent:
            return actor(data.observations[rows], data.masks[rows], local, shift), acting
        return actor(data.observations, data.masks, acting, shift), acting

    def _value_losses(self, data: _Samples, rows: Tensor, targets: Tensor) -> list[Tensor]:
        """Loss of Q, every V(s^-i) and V, if the advantage needs them, on the normalised returns."""
        with self._precision():
            values = self._predict(data, rows)
        target, delta = targets[rows], self.options.huber_delta
        present = None if data.everyone else data.present[rows]
        own = present if target.shape[1] > 1 else None
        predictions = [(values.state.view_as(target), own)]
        if self.options.advantage != "gae":
            predictions += [(values.joint.view_as(target), own), (values.baselines, present)]
        return [huber(p, target.expand_as(p), delta, counts) for p, counts in predictions]

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.heads.low.device.type, dtype=torch.bfloat16, enabled=self.options.bfloat16)

    def load_policy(self, learned: dict[str, Any]) -> None:
        """See ``Learner.load_policy``: the actor, for any number of agents if they share it.

        Raises:
            ValueError: Each agent has its own actor, and the number of agents differs.
        """
        if self.options.actors == "per-agent":
            trained, wanted = len(learned["actor"]["outputs.linear.weight"]), len(self.group.agents)
            if trained != wanted:
                raise ValueError(
                    f"the policy has an actor for each of {trained} agents, the scenario has {wanted}; only one trained "
                    'with imappo.actors = "shared" acts for another number'
                )
        self.actor.load_state_dict(learned["actor"])


def _check(spec: Spec, options: ImappoOptions) -> None:
    """Refuses options that exclude each other."""
    if options.heads == "sequential" and options.actors == "per-agent":
        raise ConfigError(
            'imappo.heads = "sequential" is for one actor that all share; set imappo.actors = "shared"'
        )
    if options.shifts and options.reward == "agent":
        raise ConfigError(
            'imappo.shifts measures what the team earns, and imappo.reward = "agent" pays each agent for itself; set it to "team" or "group"'
        )
    if options.credit == "shared":
        return
    asked = 'imappo.credit = "split" splits the reward that a team or group shares'
    if options.reward == "agent":
        raise ConfigError(f'{asked}; with imappo.reward = "agent" there is none: set it to "team"')
    if options.advantage == "gae":
        raise ConfigError(f'{asked} by a critic of actions; set imappo.advantage to "literal" or "coma"')
    if options.reward == "team" and len(spec.groups) > 1:
        raise ConfigError(
            f"{asked} among the agents of one group, and scenario {spec.scenario!r} has {len(spec.groups)}; "
            'set imappo.reward = "group", or imappo.credit = "shared"'
        )


def _refuse_alike(rewards: Float64) -> None:
    """Refuses rewards [T,E,A] that are equal for all agents, because they cannot be split."""
    if rewards.shape[2] > 1 and rewards.std() > 0 and bool((rewards == rewards[..., :1]).all()):
        raise ConfigError(
            'imappo.credit = "split": the scenario pays all agents alike, so there is nothing to split; let it pay each its share, or set '
            'imappo.credit = "shared"'
        )


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


def _likelihood_and_marginal(policy: HybridPolicy, discrete: Tensor, raw: Tensor) -> Tensor:
    """What an update needs of the policy that acted, [n,H+K]: log-probabilities and ``moments``."""
    return torch.cat([log_probs_of(policy, discrete, raw), policy.moments()], -1)


class _Samples(Samples):
    """Adds what the critic reads, and the log-probabilities of the policy that acted."""

    log_probs: Tensor  #: [N x A, H] head by head; see ``evaluate_actions``
    moments: Tensor  #: [N x A, K] see ``moments``
    read: Read

    def __init__(
        self,
        rollout: Rollout,
        heads: Sequence[Heads],
        unit: Callable[[Tensor], Tensor],
        critic: PooledCritic,
    ) -> None:
        super().__init__(rollout)
        self.encoded = [
            own.encode(discrete, unit(real) if g == rollout.group else real).flatten(0, 1)
            for g, (own, (discrete, real)) in enumerate(zip(heads, self.taken, strict=True))
        ]  #: per group [N x A, K]
        self.read = critic.read(self.seen)
        self.group = rollout.group

    def critic_inputs(self, rows: Tensor) -> tuple[Read, list[Acts], Tensor]:
        """Arguments of ``PooledCritic.evaluate`` for some samples."""
        acting = [self.acting(rows, g) for g in range(len(self.encoded))]
        acts = [
            Acts(local, encoded[among]) for (local, among), encoded in zip(acting, self.encoded, strict=True)
        ]
        return self.read.rows(rows), acts, self.moments[acting[self.group][1]]
