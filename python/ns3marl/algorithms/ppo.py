# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""PPO with one central controller: it treats all agents of a group as one agent with one reward.

The controller reads the global state and all groups, and acts for every agent of its group. Given the state, its policy factorises over
these agents,

    pi(a | s) = prod_i pi_i(a_i | s),

and its advantage is the generalised one of the shared reward (a mean over agents, see ``PpoOptions.reward``), the same for all agents:

    A_t = sum_l (gamma lambda)^l [r_{t+l} + gamma V(s_{t+l+1}) - V(s_{t+l})].

``PpoOptions.ratio`` selects what is clipped: the ratio of the joint action, prod_i r_i, as PPO (Schulman et al., "Proximal policy
optimization algorithms", 2017) has it, or every agent's own r_i. The rest is as in IMAPPO: value
normalisation, Huber loss, orthogonal weights, a target for the KL divergence.

Inactive agents count in the reward, the state and the returns, but not in the policy loss. Absent agents count in nothing.
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
from ns3marl.rl.central import CentralActor, CentralCritic
from ns3marl.rl.gae import gae
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.learner import acting_group
from ns3marl.rl.losses import huber
from ns3marl.rl.normalise import ValueNormaliser
from ns3marl.rl.on_policy import OnPolicyLearner, OnPolicyMemory
from ns3marl.rl.ppo import EpochOptions, Epochs, evaluate_actions, log_probs_of, normalised, summary
from ns3marl.rl.record import Decision
from ns3marl.rl.rewards import SharedReward
from ns3marl.rl.rollout import Rollout, Samples
from ns3marl.rl.seen import Seen, seen_in
from ns3marl.rl.sequence import HybridPolicy
from ns3marl.types import Batch, Spec


@dataclass(frozen=True)
class PpoOptions(EpochOptions):
    """PPO with one central controller, whose policy factorises over agents."""

    ratio: Literal["device", "joint"] = "device"
    """The ratio that is clipped: of each agent's action, or of the joint action, as published."""
    reward: SharedReward = "team"
    """The reward to maximise: mean over all agents of all groups, or of its own group."""
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
    real_valued: Literal["beta", "tanh-normal", "clipped-gaussian"] = "beta"
    """Distribution of real-valued heads."""
    critic_width: PositiveInt = 64
    """Units per hidden layer of the critic."""


def joint_surrogate(
    change: Tensor, advantages: Tensor, sample: Tensor, *, clip: float, max_log_ratio: float
) -> Tensor:
    """PPO's clipped surrogate with one likelihood ratio for the joint action of all agents.

    Args:
        change: log pi_i(new) - log pi_i(old) of n decisions, [n].
        advantages: Advantages of their samples, [n].
        sample: Sample of each decision, [n], sorted; samples without decisions do not count.
        clip: Range of the ratio around 1.
        max_log_ratio: The joint log-ratio is clamped to this magnitude before the exponential.

    Returns:
        The mean over samples with decisions, to maximise; a scalar.
    """
    _, number = torch.unique_consecutive(sample, return_inverse=True)
    count = int(number[-1]) + 1
    log_ratio = change.new_zeros(count).index_add(0, number, change).clamp(-max_log_ratio, max_log_ratio)
    advantage = advantages.new_zeros(count).index_copy(0, number, advantages)
    ratio = log_ratio.exp()
    return torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()


class Ppo(OnPolicyLearner):
    """The learner: it decides for all agents of its group, and updates from rollouts of its own decisions.

    Args:
        spec: The scenario's spec.
        group: Number of the group that it controls.
        options: See ``PpoOptions``.
        seed: Seed of the network weights and of the order of minibatches.

    Raises:
        ConfigError: The group's agents have no actions.
    """

    Options = PpoOptions
    central_execution = True
    overlapping = True

    def __init__(self, spec: Spec, group: int, options: PpoOptions, seed: int) -> None:
        self.options, self.number = options, group
        self.heads = Heads(acting_group(spec, group))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.actor = CentralActor(
                spec, group, self.heads, options.actor_width, options.real_valued, options.heads
            )
            self.critic = CentralCritic(spec, group, options.critic_width)
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
        policy = (acting or self.actor)(seen_in(batch))
        return self.heads.decision(policy, batch.groups[self.number].active, rngs, greedy=self.greedy)

    def to(self, device: torch.device) -> None:
        """See ``DeviceLearner``."""
        for part in (self.actor, self.critic, self.normaliser, self.heads, self.epochs):
            part.to(device)

    def policy(self, seen: Seen) -> HybridPolicy:
        """See ``DeviceLearner``."""
        policy: HybridPolicy = self.actor(seen)
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
        rewards = rollout.rewards(options.reward)  # [T,E,1]
        values = self._values(data.seen).cpu().numpy().reshape(rewards.shape)
        deltas = gae(
            rewards,
            values,
            rollout.next_values(values, last, self._values),
            rollout.ends[..., None],
            discount=rollout.discounts(options.discount),
            gae_lambda=options.gae_lambda,
        )
        returns = data.tensor(deltas + values).flatten()  # [N]
        advantages = normalised(data.tensor(deltas).view(-1, 1).expand_as(data.active), data.active)
        self.normaliser.update(returns)
        targets = self.normaliser.normalise(returns)
        acted = partial(self._policy, acted=rollout.acted)
        log_probs = evaluate_actions(data, acted, log_probs_of, self.heads.total)
        surrogate = partial(joint_surrogate, clip=options.clip, max_log_ratio=options.max_log_ratio)

        def value_losses(rows: Tensor) -> list[Tensor]:
            return [huber(self.critic(data.seen.rows(rows)), targets[rows], options.huber_delta)]

        metrics = self.epochs.run(
            data,
            self._policy,
            log_probs,
            advantages,
            value_losses,
            surrogate if options.ratio == "joint" else None,
        )
        return metrics | summary(
            returns, data.tensor(values).flatten(), rollout.rewards("group"), data.active
        )

    @torch.no_grad()
    def _values(self, seen: Seen) -> Tensor:
        """V(s) in reward units, [N]."""
        return self.normaliser.denormalise(self.critic(seen))

    def _policy(
        self, data: Samples, rows: Tensor, acted: nn.Module | None = None
    ) -> tuple[HybridPolicy, Tensor]:
        """See ``PolicyOf``."""
        _, acting = data.acting(rows)
        return (acted or self.actor)(data.seen.rows(rows), active_only=True), acting

    def load_policy(self, learned: dict[str, Any]) -> None:
        """See ``Learner.load_policy``: the actor, for any number of agents."""
        self.actor.load_state_dict(learned["actor"])
