# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""The clipped objective of PPO (Schulman et al., "Proximal policy optimization algorithms", 2017) for hybrid actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ns3marl.rl.hybrid import HybridDistribution
from ns3marl.rl.rollout import Samples


class ClippedObjective(NamedTuple):
    """What one minibatch of n decisions says."""

    surrogate: Tensor  #: to maximise: E[min(r A, clip(r) A)]
    entropy_bonus: Tensor  #: to maximise as well
    kl: float  #: E[r - 1 - log r], an unbiased, non-negative estimate of KL(old || new) [nats]
    figures: dict[str, float]  #: for the log


def clipped_objective(
    policy: HybridDistribution,
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

    A head's entropy matters as often as the head counts. That frequency is the policy's own business: the bonus does not
    differentiate it, so it does not push a parent head towards whatever has the most heads behind it.

    Args:
        policy: Of the n decisions, as the networks see them now.
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
    change = policy.log_prob(discrete, raw) - old_log_probs  # [n,H]
    log_ratio = change.sum(-1).clamp(-max_log_ratio, max_log_ratio)
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    surrogate = torch.minimum(ratio * advantages, clipped * advantages).mean()
    entropy = policy.entropy()  # [n,H]
    weighed = entropy * policy.count_probability().detach()
    bonus = (entropy_discrete * weighed[:, : heads.discrete]).sum(-1).mean() + (
        entropy_continuous * weighed[:, heads.discrete :]
    ).sum(-1).mean()
    with torch.no_grad():
        counts = heads.counts(discrete)
        bounded = change.clamp(-max_log_ratio, max_log_ratio)
        per_head = ((bounded.exp() - 1 - bounded) * counts).sum(0) / counts.sum(0).clamp(min=1)
        kl = float((ratio - 1 - log_ratio).mean())
        figures = {
            "policy_loss": float(-surrogate),
            "kl": kl,
            "clipped": float((ratio != clipped).float().mean()),
        }
        figures |= {f"kl/{name}": float(x) for name, x in zip(heads.names, per_head, strict=True)}
        figures |= {f"entropy/{name}": float(x) for name, x in zip(heads.names, entropy.mean(0), strict=True)}
    return ClippedObjective(surrogate, bonus, kl, figures)


@torch.no_grad()
def evaluate_actions(
    data: Samples,
    policy_of: Callable[[Samples, Tensor], tuple[HybridDistribution, Tensor]],
    said: Callable[[HybridDistribution, Tensor, Tensor], Tensor],
    width: int,
) -> Tensor:
    """What the policy that acted says of its decisions, asked before the first step changes it.

    One pass over many decisions is quicker than a word on each as it is taken.

    Args:
        data: N samples.
        policy_of: Of some samples, by number [r]: the policy of the n agents that were asked to act, and their numbers among all
            N x A, [n]; see ``Samples.asked``.
        said: What is wanted, [n,width], of a policy, the choices taken [n,D] and the draws of the real-valued heads [n,R].
        width: Width of what ``said`` returns.

    Returns:
        Of every agent in every sample, [N x A, width]; 0 for those that were not asked.
    """
    everything = torch.zeros(data.active.numel(), width)
    for rows in torch.split(torch.arange(data.size), 1024):
        policy, asked = policy_of(data, rows)
        taken = (block.flatten(0, 1)[asked] for block in (data.discrete, data.raw))
        everything[asked] = said(policy, *taken)
    return everything


def run_epochs(
    active: Tensor,
    rng: np.random.Generator,
    actor_step: Callable[[Tensor], dict[str, float]],
    critic_step: Callable[[Tensor], float],
    *,
    epochs: int,
    minibatches: int,
    target_kl: float,
) -> dict[str, float]:
    """The epochs. The actor stops for good once its KL divergence exceeds the target; the critic goes on.

    Args:
        active: Who was asked to act in N samples, [N,A].
        rng: Of the order of samples.
        actor_step: One step of the actor on some samples, by their numbers; figures, ``kl`` among them.
        critic_step: The same for the critic; its loss.
        epochs: Passes over the samples.
        minibatches: Per pass.
        target_kl: The actor stops beyond 1.5 times this; 0: never.

    Returns:
        Means of the actor's figures over its steps, ``value_loss`` and ``actor_steps``.
    """
    actor_figures: list[dict[str, float]] = []
    critic_losses: list[float] = []
    stopped = False
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(active)))
        for rows in order.tensor_split(min(minibatches, len(active))):
            if not stopped and bool(active[rows].any()):
                actor_figures.append(actor_step(rows))
                stopped = 0 < 1.5 * target_kl < actor_figures[-1]["kl"]
            critic_losses.append(critic_step(rows))
    names = actor_figures[0] if actor_figures else {}
    figures = {name: float(np.mean([row[name] for row in actor_figures])) for name in names}
    figures["value_loss"] = float(np.mean(critic_losses))
    figures["actor_steps"] = float(len(actor_figures))
    return figures
