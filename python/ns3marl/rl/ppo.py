# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The clipped objective of PPO (Schulman et al., "Proximal policy optimization algorithms", 2017) for hybrid actions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from ns3marl.options import NotNegativeFloat, PositiveFloat, PositiveInt
from ns3marl.rl.descent import Descent
from ns3marl.rl.hybrid import Heads
from ns3marl.rl.rollout import Samples
from ns3marl.rl.sequence import HeadOrder, HybridPolicy
from ns3marl.rl.state import GeneratorState, Parts, Stateful
from ns3marl.types import Float64

#: The largest weight of a decision that an older policy took.
MAX_IMPORTANCE = 2.0


class ClippedObjective(NamedTuple):
    """Of one minibatch of n decisions."""

    surrogate: Tensor  #: to maximise: E[min(r A, clip(r) A)]
    entropy_bonus: Tensor  #: to maximise as well
    kl: float  #: E[r - 1 - log r], an unbiased, non-negative estimate of KL(old || new) [nats]
    metrics: dict[str, float]  #: for the log


def clipped_objective(
    policy: HybridPolicy,
    discrete: Tensor,
    raw: Tensor,
    old_log_probs: Tensor,
    advantages: Tensor,
    *,
    clip: float,
    max_log_ratio: float,
    entropy_discrete: float | Tensor,
    entropy_continuous: float | Tensor,
) -> ClippedObjective:
    """The clipped surrogate with one likelihood ratio per decision: that of its joint action over all heads.

    A head's entropy is weighted by the probability that the head counts. The bonus does not differentiate this probability, so it does
    not push a parent head towards the choice with the most heads behind it. Entropies of sequential heads are conditional on the values
    of earlier heads: over many decisions their mean is the entropy by the chain rule.

    Args:
        policy: The current distributions of the n decisions.
        discrete: Choices taken, [n,D].
        raw: Draws of the real-valued heads, [n,R].
        old_log_probs: Log-probability of each head when it was taken, [n,H]; 0 where it does not count.
        advantages: [n], normalised.
        clip: Range of the ratio around 1.
        max_log_ratio: Log-ratios are clamped to this magnitude before the exponential.
        entropy_discrete: Weight of the entropy of discrete heads, per nat; one for all, or one each, [D].
        entropy_continuous: The same for real-valued heads; [R].
    """
    heads = policy.heads
    distribution = policy.given(discrete, raw)
    change = distribution.log_prob(discrete, raw) - old_log_probs  # [n,H]
    log_ratio = change.sum(-1).clamp(-max_log_ratio, max_log_ratio)
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    surrogate = torch.minimum(ratio * advantages, clipped * advantages).mean()
    entropy = distribution.entropy()  # [n,H]
    weighed = entropy * distribution.count_probability().detach()
    bonus = (entropy_discrete * weighed[:, : heads.discrete]).sum(-1).mean() + (
        entropy_continuous * weighed[:, heads.discrete :]
    ).sum(-1).mean()
    with torch.no_grad():
        counts = heads.counts(discrete)
        bounded = change.clamp(-max_log_ratio, max_log_ratio)
        per_head = ((bounded.exp() - 1 - bounded) * counts).sum(0) / counts.sum(0).clamp(min=1)
        kl = float((ratio - 1 - log_ratio).mean())
        metrics = {
            "policy_loss": float(-surrogate),
            "kl": kl,
            "clipped": float((ratio != clipped).float().mean()),
        }
        metrics |= {f"kl/{name}": float(x) for name, x in zip(heads.names, per_head, strict=True)}
        metrics |= {f"entropy/{name}": float(x) for name, x in zip(heads.names, entropy.mean(0), strict=True)}
    return ClippedObjective(surrogate, bonus, kl, metrics)


def log_probs_of(policy: HybridPolicy, discrete: Tensor, raw: Tensor) -> Tensor:
    """Log-probabilities of actions, head by head [...,H], of choices [...,D] and draws of the real-valued heads [...,R]."""
    return policy.given(discrete, raw).log_prob(discrete, raw)


#: The policy of the n active agents of some samples, by number [r], and these agents' numbers among all N x A, [n].
PolicyOf: TypeAlias = Callable[[Samples, Tensor], tuple[HybridPolicy, Tensor]]


@torch.no_grad()
def evaluate_actions(
    data: Samples,
    policy_of: PolicyOf,
    evaluate: Callable[[HybridPolicy, Tensor, Tensor], Tensor],
    width: int,
) -> Tensor:
    """Evaluates the taken actions under the policy that took them, before the first step changes it.

    One pass over many decisions is faster than one pass per decision.

    Args:
        data: N samples.
        policy_of: The policy.
        evaluate: Computes [n,width] from a policy, the choices taken [n,D] and the raw draws of the real-valued heads [n,R].
        width: Width of what ``evaluate`` returns.

    Returns:
        Of every agent in every sample, [N x A, width]; 0 for inactive ones.
    """
    everything = torch.zeros(data.active.numel(), width, device=data.device)
    for rows in torch.split(torch.arange(data.size, device=data.device), 1024):
        policy, acting = policy_of(data, rows)
        taken = (block.flatten(0, 1)[acting] for block in (data.discrete, data.raw))
        everything[acting] = evaluate(policy, *taken)
    return everything


def importance(change: Tensor, agents: int | None = None) -> Tensor:
    """Likelihood ratio of decisions between a policy and the one that took them, truncated at ``MAX_IMPORTANCE``.

    Used as weights of the advantages, they correct for the policy that acted, while PPO clips ratios relative to the policy at the start
    of the update: the decoupled objective of Hilton, Cobbe and Schulman ("Batch size-invariance for policy
    optimization", NeurIPS 2022). Truncation bounds their variance (Ionides, J. Comp. Graph. Stat. 17, 2008).

    Args:
        change: Change of the log-probabilities by head, [N x A, H].
        agents: A, for one weight per joint action of a sample; None: one per decision.

    Returns:
        [N x A]
    """
    log_ratio = change.sum(-1)
    if agents is not None:
        joint = log_ratio.view(-1, agents)
        log_ratio = joint.sum(-1, keepdim=True).expand_as(joint).flatten()
    return log_ratio.clamp(max=math.log(MAX_IMPORTANCE)).exp()


def normalised(advantages: Tensor, active: Tensor) -> Tensor:
    """Advantages [N,A] in standard deviations from their mean, both over the active agents, [N,A]."""
    chosen = advantages[active]
    if len(chosen) > 1:
        advantages = (advantages - chosen.mean()) / (chosen.std() + 1e-8)
    return advantages.float()


@dataclass(frozen=True)
class EpochOptions:
    """Options of learners that improve by ``Epochs``."""

    heads: HeadOrder = "independent"
    """``independent``: an agent draws all its heads at once. ``sequential``: one after the other, each given those before it."""
    clip: PositiveFloat = 0.2
    """Clipping range of the likelihood ratios."""
    epochs: PositiveInt = 8
    """Passes over a rollout."""
    minibatches: PositiveInt = 4
    """Minibatches per pass, cut along ticks and environments."""
    actor_lr: PositiveFloat = 2e-3
    """Adam's learning rate of the actor."""
    critic_lr: PositiveFloat = 1e-3
    """Adam's learning rate of the critic."""
    schedule: Literal["constant", "linear"] = "constant"
    """Of both learning rates: ``linear`` brings them down to 0 while the training's budget is spent."""
    target_kl: NotNegativeFloat = 0.02
    """The actor stops for this rollout once a minibatch's KL divergence per decision exceeds 1.5 times this [nats]; 0: never."""
    entropy_discrete: NotNegativeFloat = 0.01
    """Weight of the entropy of discrete heads, in units of normalised advantage per nat."""
    entropy_continuous: NotNegativeFloat = 0.001
    """The same for real-valued heads."""
    max_grad_norm: PositiveFloat = 0.5
    """Gradients of actor and critic are each scaled down to this norm."""
    max_log_ratio: PositiveFloat = 10.0
    """Log-likelihood ratios are clamped to this magnitude before the exponential."""


#: A surrogate to maximise, of n decisions: how much their log-probabilities have changed [n], their advantages [n], and which sample
#: each is of [n].
Surrogate: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]


class Epochs:
    """The epochs of PPO: clipped steps of the actor, regression steps of the critic, in minibatches of shuffled samples.

    Args:
        actor: The policy's network.
        critic: The network of values.
        options: See ``EpochOptions``.
        heads: The layout of the action heads.
        seed: Of the order of samples.
        entropy_weights: Weight of each head's entropy [H], instead of the two in the options.
    """

    def __init__(
        self,
        actor: nn.Module,
        critic: nn.Module,
        options: EpochOptions,
        heads: Heads,
        seed: int,
        entropy_weights: Tensor | None = None,
    ) -> None:
        self.options, self.heads = options, heads
        self.actor = Descent(actor, options.actor_lr, options.max_grad_norm, eps=1e-5)
        self.critic = Descent(critic, options.critic_lr, options.max_grad_norm, eps=1e-5)
        self.rng = np.random.default_rng(seed)
        self._weights: tuple[float | Tensor, float | Tensor] = (
            options.entropy_discrete,
            options.entropy_continuous,
        )
        if entropy_weights is not None:
            self._weights = entropy_weights[: heads.discrete], entropy_weights[heads.discrete :]

    def to(self, device: torch.device) -> None:
        """Takes all further steps on this device; the owner of the networks must move them."""
        discrete, continuous = (
            weight.to(device) if isinstance(weight, Tensor) else weight for weight in self._weights
        )
        self._weights = discrete, continuous

    def learned(self, **more: Stateful) -> Parts:
        """Networks, optimisers and other learned state; see ``Learner.learned``."""
        return Parts(
            actor=self.actor.network,
            critic=self.critic.network,
            actor_optimiser=self.actor,
            critic_optimiser=self.critic,
            **more,
        )

    def running(self, **more: Stateful) -> Parts:
        """The order of samples and other running state; see ``Learner.running``."""
        return Parts(order=GeneratorState(self.rng), **more)

    def run(
        self,
        data: Samples,
        policy_of: PolicyOf,
        log_probs: Tensor,
        advantages: Tensor,
        value_losses: Callable[[Tensor], list[Tensor]],
        surrogate: Surrogate | None = None,
    ) -> dict[str, float]:
        """Runs all epochs. The actor stops once its KL divergence exceeds the target; the critic continues.

        KL divergence and clipping are relative to the policy at the start of these epochs. If an older policy took the decisions,
        ``importance`` weights them.

        Args:
            data: N samples.
            policy_of: The current policy.
            log_probs: Of the actions taken, under the policy that took them, [N x A, H].
            advantages: [N,A], normalised.
            value_losses: Losses of the critic on samples, by their number [r]; their sum is minimised.
            surrogate: Instead of ``clipped_objective``'s, with one ratio for the joint action.

        Returns:
            Means of the actor's metrics over its steps, ``value_loss`` (a mean over the critic's losses too) and ``actor_steps``.
        """
        options = self.options
        for descent in (self.actor, self.critic):
            descent.slow(1 - data.spent if options.schedule == "linear" else 1.0)
        if data.outdated:
            before, log_probs = (
                log_probs,
                evaluate_actions(data, policy_of, log_probs_of, self.heads.total),
            )
            agents = None if surrogate is None else data.active.shape[1]
            advantages = advantages * importance(log_probs - before, agents).view_as(advantages)
        actor_metrics: list[dict[str, float]] = []
        critic_losses: list[float] = []
        stopped = False
        for _ in range(options.epochs):
            order = data.tensor(self.rng.permutation(data.size))
            for rows in order.tensor_split(min(options.minibatches, data.size)):
                if not stopped and bool(data.active[rows].any()):
                    actor_metrics.append(
                        self._actor_step(data, rows, policy_of, log_probs, advantages, surrogate)
                    )
                    stopped = 0 < 1.5 * options.target_kl < actor_metrics[-1]["kl"]
                losses = value_losses(rows)
                loss = torch.stack(losses).sum()
                self.critic.step(loss)
                critic_losses.append(float(loss.detach()) / len(losses))
        names = actor_metrics[0] if actor_metrics else {}
        metrics = {name: float(np.mean([row[name] for row in actor_metrics])) for name in names}
        metrics["value_loss"] = float(np.mean(critic_losses))
        metrics["actor_steps"] = float(len(actor_metrics))
        return metrics

    def _actor_step(
        self,
        data: Samples,
        rows: Tensor,
        policy_of: PolicyOf,
        log_probs: Tensor,
        advantages: Tensor,
        surrogate: Surrogate | None,
    ) -> dict[str, float]:
        """One clipped policy-gradient step on the active agents of these samples (n of them)."""
        policy, acting = policy_of(data, rows)
        discrete, raw = data.discrete.flatten(0, 1)[acting], data.raw.flatten(0, 1)[acting]
        credit = advantages.flatten()[acting]
        objective = clipped_objective(
            policy,
            discrete,
            raw,
            log_probs[acting],
            credit,
            clip=self.options.clip,
            max_log_ratio=self.options.max_log_ratio,
            entropy_discrete=self._weights[0],
            entropy_continuous=self._weights[1],
        )
        gain = objective.surrogate
        if surrogate is not None:
            change = (log_probs_of(policy, discrete, raw) - log_probs[acting]).sum(-1)
            gain = surrogate(change, credit, data.active[rows].nonzero()[:, 0])
        norm = self.actor.step(-gain - objective.entropy_bonus)
        return {**objective.metrics, "policy_loss": float(-gain.detach()), "actor_grad_norm": norm}


def summary(returns: Tensor, values: Tensor, rewards: Float64, active: Tensor) -> dict[str, float]:
    """Metrics of a rollout that every learner reports.

    Args:
        returns: Lambda-returns of present agents, any shape; empty if no agent was present.
        values: The critic's predictions of them, same shape.
        rewards: What was maximised, any shape.
        active: Which agents were active.
    """
    if not returns.numel():
        returns = values = torch.zeros(2)
    residual = returns - values
    return {
        "explained_variance": float(1 - residual.var() / returns.var().clamp(min=1e-12)),
        "return_mean": float(returns.mean()),
        "return_std": float(returns.std()),
        "reward_per_tick": float(rewards.mean()),
        "active_agents": float(active.float().mean()),
    }
