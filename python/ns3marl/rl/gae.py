# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Generalised advantage estimation (Schulman et al., ICLR 2016) and the lambda-return it contains."""

from __future__ import annotations

import numpy as np

from ns3marl.types import Bool, Float64


def gae(
    rewards: Float64,
    values: Float64,
    next_values: Float64,
    ends: Bool,
    *,
    discount: float | Float64,
    gae_lambda: float,
) -> Float64:
    """Advantages of the state value: A_t = sum_l (discount gae_lambda)^l delta_{t+l} within the episode.

    delta_t = r_t + discount V(s_{t+1}) - V(s_t). Adding ``values`` gives the lambda-return.

    Args:
        rewards: Reward of the interval that followed the action of tick t, [T,E], or [T,E,A] per agent, or [T,E,1] shared by all.
        values: V(s_t), [T,E] or [T,E,A].
        next_values: V(s_{t+1}), of the shape of ``values``. Where an episode ended in that interval: the value of its last observation if
            it was truncated, 0 if it terminated.
        ends: Whether an episode ended in that interval, for either reason, or an agent left it: [T,E], or [T,E,1] for all agents.
        discount: gamma; one for all, or one per interval, in a shape that broadcasts to ``values`` (``Rollout.discounts``).
        gae_lambda: lambda.

    Returns:
        Advantages, of the shape of ``values``.
    """
    deltas = rewards + discount * next_values - values
    decay = np.broadcast_to(discount * gae_lambda, deltas.shape)
    advantages = np.empty_like(deltas)
    following = np.zeros(deltas.shape[1:])
    for t in reversed(range(len(deltas))):
        following = deltas[t] + decay[t] * np.where(ends[t], 0.0, following)
        advantages[t] = following
    return advantages
