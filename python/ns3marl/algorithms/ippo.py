# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""IPPO: every agent learns independently by PPO, from its own observation only.

Independent PPO (de Witt et al., "Is independent learning all you need in the StarCraft multi-agent challenge?", 2020): the agents of a
group share the weights of one actor and one critic, but neither reads the global state or other agents. With agent i's own value
V(o_i) and reward r_i (its own, or a mean over agents; see ``IppoOptions.reward``), its advantage is the generalised one:

    A_i,t = sum_l (gamma lambda)^l [r_i,t+l + gamma V(o_i,t+l+1) - V(o_i,t+l)].

For each agent the others are part of the environment. The rest is PPO (Schulman et al., 2017) as in ``imappo``: value
normalisation, Huber loss, orthogonal weights, a target for the KL divergence.

Inactive agents count in the values and the returns at every tick, but not in the policy loss. Absent agents count in nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.options import Fraction, PositiveFloat, PositiveInt
from ns3marl.rl.gae import gae
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.learner import acting_group
from ns3marl.rl.losses import huber
from ns3marl.rl.networks import Actor, LocalCritic
from ns3marl.rl.normalise import ValueNormaliser
from ns3marl.rl.on_policy import OnPolicyLearner, OnPolicyMemory
from ns3marl.rl.ppo import EpochOptions, Epochs, evaluate_actions, log_probs_of, normalised, summary
from ns3marl.rl.record import Decision
from ns3marl.rl.rewards import RewardKind
from ns3marl.rl.rollout import Rollout, Samples
from ns3marl.rl.seen import Seen
from ns3marl.rl.sequence import HybridPolicy
from ns3marl.types import Batch, Spec


@dataclass(frozen=True)
class IppoOptions(EpochOptions):
    """Independent PPO: local observations only, shared weights."""

    reward: RewardKind = "team"
    """The reward of an agent: mean over all agents of all groups, over all agents of its group, or its own."""
    discount: Fraction = 0.9
    """Discount factor gamma, per tick."""
    gae_lambda: Fraction = 0.8
    """lambda of the generalised advantage and the lambda-return."""
    rollout_ticks: PositiveInt = 250
    """Ticks per environment between updates (T)."""
    huber_delta: PositiveFloat = 1.0
    """Error from which the critic's loss is linear, in standard deviations of the return."""
    actor_width: PositiveInt = 64
    """Units per hidden layer of the actor."""
    actor_layers: PositiveInt = 2
    """Hidden layers of the actor."""
    real_valued: Literal["beta", "tanh-normal", "clipped-gaussian"] = "beta"
    """Distribution of real-valued heads."""
    critic_width: PositiveInt = 64
    """Units per hidden layer of the critic."""
    critic_layers: PositiveInt = 2
    """Hidden layers of the critic."""


class Ippo(OnPolicyLearner):
    """The learner: it decides for each agent separately, and updates from rollouts of its own decisions.

    Args:
        spec: The scenario's spec.
        group: Number of the group that it controls.
        options: See ``IppoOptions``.
        seed: Seed of the network weights and of the order of minibatches.

    Raises:
        ConfigError: The group's agents have no actions.
    """

    Options = IppoOptions
    central_execution = False
    overlapping = True

    def __init__(self, spec: Spec, group: int, options: IppoOptions, seed: int) -> None:
        self.options, self.number = options, group
        self.group = acting_group(spec, group)
        self.heads = Heads(self.group)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.actor = Actor(
                self.group,
                self.heads,
                options.actor_width,
                options.actor_layers,
                options.real_valued,
                order=options.heads,
            )
            self.critic = LocalCritic(self.group, options.critic_width, options.critic_layers)
        self.normaliser = ValueNormaliser()
        self.epochs = Epochs(self.actor, self.critic, options, self.heads, seed)
        self.memory = OnPolicyMemory(spec, group, options.rollout_ticks, self.actor)
        self.greedy = False  #: take the most likely action in ``act``
        self.learned = self.epochs.learned(normaliser=self.normaliser)
        self.running = self.epochs.running(memory=self.memory)

    @torch.no_grad()
    def decide(
        self, batch: Batch, rngs: Sequence[np.random.Generator], acting: nn.Module | None = None
    ) -> Decision:
        """See ``OnPolicyLearner.decide``."""
        seen = batch.groups[self.number]
        policy = (acting or self.actor)(torch.tensor(seen.observations), torch.tensor(seen.masks))
        return self.heads.decision(policy, seen.active, rngs, greedy=self.greedy)

    def to(self, device: torch.device) -> None:
        """See ``DeviceLearner``."""
        for part in (self.actor, self.critic, self.normaliser, self.heads, self.epochs):
            part.to(device)

    def policy(self, seen: Seen) -> HybridPolicy:
        """See ``DeviceLearner``."""
        mine = seen.groups[self.number]
        policy: HybridPolicy = self.actor(mine.observations, mine.masks)
        return policy

    def update(self, rollout: Rollout, last: Batch) -> dict[str, float]:
        """Improves actor and critic.

        Args:
            rollout: A full buffer of decisions of this learner's current actor, or of ``rollout.acted``.
            last: The batch that followed it, [E] rows; its values bootstrap the returns.

        Returns:
            Metrics of the update by name.
        """
        data, options = Samples(rollout), self.options
        shape = (*rollout.ends.shape, len(self.group.agents))  # [T,E,A]
        values = self._values(data.seen).cpu().numpy().reshape(shape)
        left = rollout.left(last)
        deltas = gae(
            rollout.rewards(options.reward),
            values,
            np.where(left, 0.0, rollout.next_values(values, last, self._values)),
            rollout.ends[..., None] | left,
            discount=rollout.discounts(options.discount),
            gae_lambda=options.gae_lambda,
        )
        returns = data.tensor(deltas + values).flatten(0, 1)  # [N,A]
        advantages = normalised(data.tensor(deltas).flatten(0, 1), data.active)
        of_present = returns if data.everyone else returns[data.present]
        self.normaliser.update(of_present)
        targets = self.normaliser.normalise(returns)
        acted = partial(self._policy, acted=rollout.acted)
        log_probs = evaluate_actions(data, acted, log_probs_of, self.heads.total)

        def value_losses(rows: Tensor) -> list[Tensor]:
            present = None if data.everyone else data.present[rows]
            predicted = self.critic(data.observations[rows])
            return [huber(predicted, targets[rows], options.huber_delta, present)]

        metrics = self.epochs.run(data, self._policy, log_probs, advantages, value_losses)
        predicted = data.tensor(values).flatten(0, 1)
        if not data.everyone:
            predicted = predicted[data.present]
        return metrics | summary(of_present, predicted, rollout.rewards("group"), data.active)

    @torch.no_grad()
    def _values(self, seen: Seen) -> Tensor:
        """V(o_i) in reward units, [N,A]."""
        return self.normaliser.denormalise(self.critic(seen.groups[self.number].observations))

    def _policy(
        self, data: Samples, rows: Tensor, acted: nn.Module | None = None
    ) -> tuple[HybridPolicy, Tensor]:
        """See ``PolicyOf``."""
        _, acting = data.acting(rows)
        actor = acted or self.actor
        return actor(*(block.flatten(0, 1)[acting] for block in (data.observations, data.masks))), acting

    def load_policy(self, learned: dict[str, Any]) -> None:
        """See ``Learner.load_policy``: the actor, for any number of agents."""
        self.actor.load_state_dict(learned["actor"])
